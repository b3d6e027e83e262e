"""Segments and the sound and subtitles of their source -> a film, nothing encoded again."""

import heapq
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

import tfcolor
from tfcolor.video import film_options, read, streams


def join(film: read.Film, segments: Sequence[Path], target: Path, provenance: bool) -> list[str]:
    """Writes a film: the segments' picture, all else from its source.

    Args:
      film: the source.
      segments: from `write.encode`, in order.
      target: the file; its suffix names the container.
      provenance: whether the film says that its color is synthetic.

    Returns:
      Of each stream that the container cannot hold, a line that says what became of it.
    """
    form = film_options.FORMATS[target.suffix.lower()]
    options = {} if form == "matroska" else {"movflags": "+faststart"}
    with (
        read.opened(film.path) as source,
        read.opened(segments[0]) as first,
        av.open(str(target), "w", format=form, container_options=options) as made,
    ):
        made.metadata.update(_metadata(source, provenance))
        picture = made.add_stream_from_template(first.streams.video[0], opaque=True)
        picture.metadata.update(streams.tags(source.streams[film.stream]))
        copies, notes = streams.copies(source, made, form)
        if source.chapters():
            made.set_chapters(_shifted(source))
        packets = [_pictures(segments, picture), _others(source, copies)]
        for _, packet in heapq.merge(*packets, key=lambda pair: pair[0]):
            made.mux(packet)
    return [f"{film.path}: {note}" for note in notes]


def _pictures(segments: Sequence[Path], stream: Any) -> Iterator[tuple[Fraction, Any]]:
    """The packets of all segments, with their times in seconds."""
    for path in segments:
        with read.opened(path) as segment:
            for packet in segment.demux(video=0):
                if packet.dts is not None:
                    when = packet.dts * packet.time_base
                    packet.stream = stream
                    yield when, packet


def _others(source: Any, copies: dict[int, streams.Copy]) -> Iterator[tuple[Fraction, Any]]:
    """The packets of the other streams, with their times in seconds from the source's start.

    A time that does not come after the one before, which muxers refuse, is put off.
    """
    last: dict[int, int] = {}
    copied = [source.streams[index] for index in copies]
    for packet in source.demux(copied) if copied else ():
        index, base = packet.stream.index, packet.time_base
        dts = packet.pts if packet.dts is None else packet.dts
        if dts is not None:  # which the empty packet at the end has not
            start = read.start_of(source, base)
            pts = dts if packet.pts is None else packet.pts
            apart = packet.stream.type != "subtitle"  # of those, several may begin at once
            last[index] = packet.dts = max(dts - start, last.get(index, dts - start - 1) + apart)
            packet.pts = max(pts - start, packet.dts)
        for each in copies[index](packet):
            yield each.dts * each.time_base, each


def _shifted(source: Any) -> list[Any]:
    """The source's chapters, counted from its start."""
    chapters = []
    for chapter in source.chapters():
        start = read.start_of(source, chapter["time_base"])
        times = {name: chapter[name] - start for name in ("start", "end")}
        chapters.append({**chapter, **times})
    return chapters


def _metadata(source: Any, provenance: bool) -> dict[str, str]:
    """The source's own, and whose the colors are."""
    kept = streams.tags(source)
    if provenance:
        note = f"Colorized by tfcolor {tfcolor.__version__}; the color is synthetic"
        comment = kept.get("comment")
        kept["comment"] = f"{comment}; {note}" if comment else note
        kept.setdefault("description", note)
    return kept
