"""The streams beside the picture: copied as they are, or written in a way the container takes."""

from collections.abc import Callable, Iterable
from typing import Any

COPIED = ("audio", "subtitle", "attachment")
SOUND = "aac"  # what sound becomes that the container cannot hold
TEXTS = {"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"}  # FFmpeg's names
TEXT_OF = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip"}  # what a container takes
_OF_CONTAINER = {
    "major_brand",
    "minor_version",
    "compatible_brands",
    "encoder",
    "vendor_id",
    "handler_name",
    "duration",
    "number_of_frames",
    "number_of_bytes",
    "bps",
}  # tags that hold no longer

Copy = Callable[[Any], Iterable[Any]]  # a packet of the source -> packets of the film


def copies(source: Any, made: Any, form: str) -> tuple[dict[int, Copy], list[str]]:
    """Adds the source's other streams to a film.

    Args:
      source: PyAV's input container.
      made: PyAV's output container, before its first packet.
      form: FFmpeg's name of its format.

    Returns:
      By index of a stream in the source, what becomes of its packets; and a line for each stream
      that is not copied as it is, nor text, which is the same in every container.
    """
    fits = made.supported_codecs
    found: dict[int, Copy] = {}
    notes = []
    for stream in source.streams:
        if stream.type not in COPIED or (stream.type == "attachment" and form != "matroska"):
            continue
        codec = stream.codec_context.codec.name if stream.codec_context else None
        misfit = f"stream {stream.index} ({stream.type}, {codec}) does not fit into {form}"
        if codec is None or codec in fits:
            new = made.add_stream_from_template(stream)
            found[stream.index] = _as_is(new)
        elif codec in TEXTS:
            new = _add_text(stream, made, TEXT_OF[form])
            found[stream.index] = _as_text(new)
        elif stream.type == "audio":
            layout = "mono" if stream.layout.nb_channels == 1 else "stereo"
            new = made.add_stream(SOUND, rate=stream.rate, layout=layout)
            found[stream.index] = _as_sound(new)
            notes.append(f"{misfit}; encoded again as AAC, {layout}")
        else:
            notes.append(f"{misfit}; left out")
            continue
        new.metadata.update(tags(stream))
        new.disposition = stream.disposition
    return found, notes


def tags(of: Any) -> dict[str, str]:
    """The metadata of a container or stream, without what is said of the file itself."""
    lower = {name.lower(): value for name, value in of.metadata.items()}  # Matroska shouts
    return {name: value for name, value in lower.items() if name not in _OF_CONTAINER}


def _as_is(stream: Any) -> Copy:
    def copy(packet: Any) -> Iterable[Any]:
        if packet.dts is not None:  # the empty packet at the end
            packet.stream = stream
            yield packet

    return copy


def _add_text(stream: Any, made: Any, codec: str) -> Any:
    new = made.add_stream(codec)
    new.time_base = stream.time_base
    stream.codec_context.open(strict=False)  # which makes the header
    new.codec_context.subtitle_header = stream.codec_context.subtitle_header
    return new


def _as_text(stream: Any) -> Copy:
    def copy(packet: Any) -> Iterable[Any]:
        shown = packet.stream.codec_context.decode2(packet) if packet.size else None
        if shown is not None and len(shown):
            made = stream.codec_context.encode_subtitle(shown)
            made.time_base, made.stream = packet.time_base, stream
            made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
            yield made

    return copy


def _as_sound(stream: Any) -> Copy:
    end = 0

    def copy(packet: Any) -> Iterable[Any]:
        nonlocal end
        for frame in packet.decode():
            if frame.pts is None:  # what a decoder kept to the last
                frame.pts = end
            end = frame.pts + round(frame.samples / frame.sample_rate / frame.time_base)
            yield from stream.encode(frame)
        if packet.dts is None:  # the end
            yield from stream.encode(None)

    return copy
