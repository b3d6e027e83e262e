"""Copies the streams beside the picture, or converts them to what the container takes."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from tfcolor.video import read

SOUND = "aac"  # codec for sound that the container cannot hold
TEXTS = {"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"}  # FFmpeg's names
TEXT_OF = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip"}  # what a container takes
TIME_CODE = "timecode"  # the tag that holds it
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
}  # tags that are wrong for the new file

# A packet of the source -> packets of the film; raises av.InvalidDataError if it is damaged.
Copy = Callable[[Any], Iterable[Any]]


@dataclasses.dataclass(frozen=True)
class Way:
    """A way to write a stream to a film.

    Attributes:
      add: (stream of the source, PyAV's output container) -> the new stream and the function for
        packets; None if the stream is left out.
      loss: what to tell the user about the stream; empty if nothing is lost.
    """

    add: Callable[[Any, Any], tuple[Any, Copy]] | None
    loss: str = ""


def ways(stream: Any, form: str) -> Iterator[Way]:
    """The ways for a stream beside the picture, best first; the last leaves it out.

    Args:
      stream: PyAV's, of the source.
      form: FFmpeg's name of the film's format.
    """
    # Matroska takes nearly everything.
    misfit = f"does not fit into {form}"
    remedy = "" if form == "matroska" else "; give a .mkv output to keep it"
    if TIME_CODE in tags(stream):  # the muxer makes its track from the tag of the picture
        yield Way(None)
    elif stream.type in ("audio", "subtitle"):
        yield Way(_as_is)
        if _name(stream) is None:
            yield Way(None, "is of a kind that FFmpeg does not know; left out")
            return
        if _name(stream) in TEXTS:  # a text is the same in every container
            yield Way(functools.partial(_as_text, TEXT_OF[form]))
        if stream.type == "audio":
            yield Way(_as_sound, f"{misfit}; encoded again as AAC, {_layout(stream)}{remedy}")
        yield Way(None, f"{misfit}, or cannot be decoded; left out{remedy}")
    elif stream.type == "attachment":
        if form == "matroska":
            yield Way(_as_is)
        yield Way(None, f"is left out{remedy}")
    else:
        yield Way(None, "is left out")


def describe(stream: Any) -> str:
    """A stream in a message, such as "stream 1 (audio, pcm_s16le)"."""
    cover = stream.type == "video" and stream.disposition & av.stream.Disposition.attached_pic
    kind = "cover" if cover else stream.type
    return f"stream {stream.index} ({', '.join(filter(None, (kind, _name(stream))))})"


def _name(stream: Any) -> str | None:
    """FFmpeg's name of a stream's codec."""
    return stream.codec_context.codec.name if stream.codec_context else None


def has_time_code(path: Path) -> bool:
    """Whether a film has a time code; PyAV before 18.1 writes none to MP4 and MOV."""
    with read.opened(path) as film:
        return TIME_CODE in tags(film.streams.video[0])


def tags(of: Any) -> dict[str, str]:
    """The metadata of a container or stream, without tags on the file itself."""
    lower = {name.lower(): value for name, value in of.metadata.items()}  # Matroska has capitals
    return {name: value for name, value in lower.items() if name not in _OF_CONTAINER}


def _as_is(stream: Any, made: Any) -> tuple[Any, Copy]:
    new = made.add_stream_from_template(stream)

    def copy(packet: Any) -> Iterable[Any]:
        if packet.size:  # not the empty packet at the end
            packet.stream = new
            yield packet

    return new, copy


def _as_text(codec: str, stream: Any, made: Any) -> tuple[Any, Copy]:
    new = made.add_stream(codec)
    new.time_base = stream.time_base
    stream.codec_context.open(strict=False)  # this makes the header
    new.codec_context.subtitle_header = stream.codec_context.subtitle_header

    def copy(packet: Any) -> Iterable[Any]:
        shown = stream.codec_context.decode2(packet) if packet.size else None
        if shown is not None and len(shown):
            text = new.codec_context.encode_subtitle(shown)
            text.time_base, text.stream = packet.time_base, new
            text.pts, text.dts, text.duration = packet.pts, packet.dts, packet.duration
            yield text

    return new, copy


def _as_sound(stream: Any, made: Any) -> tuple[Any, Copy]:
    rates = sorted(av.Codec(SOUND, "w").audio_rates or [stream.rate])
    rate = next((rate for rate in rates if rate >= stream.rate), rates[-1])
    layout = _layout(stream)  # that of its beginning, which may change
    new = made.add_stream(SOUND, rate=rate, layout=layout)
    resamplers: dict[Any, av.AudioResampler] = {}  # the one for the kind of frames that come
    end = Fraction(0)

    def flush() -> Iterator[Any]:
        for resampler in resamplers.values():
            for each in resampler.resample(None):
                yield from new.encode(each)
        resamplers.clear()

    def copy(packet: Any) -> Iterable[Any]:
        nonlocal end
        for frame in packet.decode():
            if frame.pts is None:  # the last samples of a decoder
                frame.pts = round(end / frame.time_base)
            end = frame.pts * frame.time_base + Fraction(frame.samples, frame.sample_rate)
            kind = frame.format.name, frame.layout.name, frame.sample_rate
            if kind not in resamplers:  # the first, or a film that was joined of several
                yield from flush()
                resamplers[kind] = av.AudioResampler("fltp", layout, rate)
            for each in resamplers[kind].resample(frame):
                yield from new.encode(each)
        if not packet.size:  # the end
            yield from flush()
            yield from new.encode(None)

    return new, copy


def _layout(stream: Any) -> str:
    """The channel layout for sound that is encoded again."""
    return "mono" if stream.layout.nb_channels == 1 else "stereo"
