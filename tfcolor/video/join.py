"""Joins segments with the sound and subtitles of their source, without encoding them again."""

import dataclasses
import heapq
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

import tfcolor
from tfcolor.support import errors
from tfcolor.video import clock, film_options, read, streams

TRIED_PACKETS = 200  # A muxer refuses a stream at its header or its first packets.
SLACK_S = 0.25  # by which the end of a stream may differ: encoders add and drop some samples


@dataclasses.dataclass(frozen=True)
class Plan:
    """How to join a film in a way that its container takes, as a trial has shown.

    Attributes:
      ways: how to write each stream beside the picture, by its index in the source.
      keeps_time_code: whether the film has the time code of its source.
      notes: a line for each stream that is left out or changed.
    """

    ways: Mapping[int, streams.Way]
    keeps_time_code: bool
    notes: list[str]


@dataclasses.dataclass(frozen=True)
class Joined:
    """What came of joining a film: what each stream holds, and what was lost.

    Attributes:
      ends: index of each stream of the film that has packets -> the time at which it ends, seconds;
        0 is the picture.
      packets: index of each stream of the source that the film should have -> its packets.
      left_out: of these, the ones that are damaged or that the container refuses.
    """

    ends: dict[int, Fraction] = dataclasses.field(default_factory=dict)
    packets: Counter[int] = dataclasses.field(default_factory=Counter)
    left_out: Counter[int] = dataclasses.field(default_factory=Counter)

    def losses(self, film: read.Film) -> list[str]:
        """A line for each stream of the source that is not, or not wholly, in the film."""
        with read.opened(film.path) as source:
            names = {index: streams.describe(source.streams[index]) for index in self.packets}
        lines = []
        for index, count in self.packets.items():
            if not count:
                lines.append(f"{names[index]} is empty; left out")
            elif lost := self.left_out[index]:
                lines.append(
                    f"{names[index]}: {lost} of {count} packets are damaged or of another kind "
                    "than the first; left out"
                )
        return [f"{film.path}: {line}" for line in lines]


def plan(film: read.Film, segment: Path, trial: Path, codec: str) -> Plan:
    """Finds out what the container takes, by writing the beginning of the film.

    Args:
      film: the source.
      segment: at least one frame, from `write.encode`.
      trial: a file to write to; its suffix names the container.
      codec: of `film_options.CODECS`, for the message.

    Raises:
      ValueError: if the container does not take the picture.
    """

    def takes(way: Mapping[int, streams.Way], time_code: bool = False) -> bool:
        try:
            join(film, [segment], trial, Plan(way, time_code, []), packets=TRIED_PACKETS)
        except (av.FFmpegError, ValueError):  # PyAV's for a codec that is not in the format
            return False
        return True

    form = film_options.FORMATS[trial.suffix.lower()]
    if not takes({}):
        raise errors.InputError(
            f"{trial.suffix} cannot hold {codec}; give another --codec or output, such as .mkv"
        )
    ways, notes = {}, []
    with read.opened(film.path) as source:
        time_code = streams.TIME_CODE in streams.tags(source.streams[film.stream])
        for stream in source.streams:
            if stream.index == film.stream:
                continue
            way = next(
                way
                for way in streams.ways(stream, form)
                if way.add is None or takes({stream.index: way})
            )
            if way.add is not None:
                ways[stream.index] = way
            if way.loss:
                notes.append(f"{streams.describe(stream)} {way.loss}")
    if time_code and not (takes({}, time_code) and streams.has_time_code(trial)):
        time_code = False
        notes.append(f"the time code does not fit into {form}; left out")
    return Plan(ways, time_code, [f"{film.path}: {note}" for note in notes])


def join(
    film: read.Film,
    segments: Sequence[Path],
    target: Path,
    how: Plan,
    provenance: bool = True,
    packets: int | None = None,
) -> Joined:
    """Writes a film: the picture of the segments, and all else from its source.

    Args:
      film: the source.
      segments: from `write.encode`, in order.
      target: the file; its suffix names the container.
      how: from `plan`.
      provenance: whether the film says that its color is synthetic.
      packets: largest number of the source's packets to read; all by default.

    Raises:
      ValueError: if the container takes nothing of a stream.
    """
    form = film_options.FORMATS[target.suffix.lower()]
    options = {} if form == "matroska" else {"movflags": "+faststart"}
    joined = Joined()
    with (
        read.opened(film.path) as source,
        read.opened(segments[0]) as first,
        av.open(read.url(target), "w", format=form, container_options=options) as made,
    ):
        made.metadata.update(_metadata(source, provenance))
        picture = made.add_stream_from_template(first.streams.video[0], opaque=True)
        picture.codec_context.framerate = film.rate  # a time code counts in it
        picture.metadata.update(streams.tags(source.streams[film.stream]))
        if not how.keeps_time_code:
            picture.metadata.pop(streams.TIME_CODE, None)
        copies = {index: _add(source.streams[index], made, way) for index, way in how.ways.items()}
        if source.chapters():
            made.set_chapters(_shifted(source))
        source_of = dict(enumerate([film.stream, *copies]))
        both = [_pictures(segments, picture), _others(source, copies, packets, joined)]
        refused = set()
        for _, packet in heapq.merge(*both, key=lambda pair: pair[0]):
            index = packet.stream.index
            try:
                made.mux(packet)
            except av.InvalidDataError:
                refused.add(index)
                joined.left_out[source_of[index]] += 1
            else:
                _note_end(joined.ends, packet)
        if refused - joined.ends.keys():
            raise ValueError(f"no packet of stream {min(refused - joined.ends.keys())} was written")
    return joined


def missing(target: Path, frames: int, ends: Mapping[int, Fraction]) -> str | None:
    """Compares a film with what was read for it.

    Args:
      target: the film.
      frames: number of frames of its source.
      ends: from `Joined`.

    Returns:
      What is missing in the film; None if nothing is.
    """
    found: dict[int, Fraction] = {}
    pictures = 0
    with read.opened(target) as made:
        for packet in made.demux():
            # not the empty packet at the end, and not the time code
            if packet.size and packet.stream.type != "data":
                pictures += packet.stream.index == 0
                _note_end(found, packet)
    if pictures != frames:
        return f"{pictures} of {frames} frames were written"
    if len(found) != len(ends):
        return f"{len(found)} of {len(ends)} streams were written"
    # Not every container has a stream without packets, so that indices can differ.
    for index, end in zip(sorted(found), sorted(ends), strict=True):
        if found[index] < ends[end] - SLACK_S:
            return (
                f"stream {index} ends after {float(found[index]):.2f} s, "
                f"not {float(ends[end]):.2f} s"
            )
    return None


def _note_end(ends: dict[int, Fraction], packet: Any) -> None:
    """Updates the time at which a packet's stream ends, in seconds."""
    # Not every container stores the duration of frames and subtitles.
    length = packet.duration if packet.stream.type == "audio" else 0
    end = (packet.pts + length) * packet.time_base
    ends[packet.stream.index] = max(ends.get(packet.stream.index, Fraction(0)), end)


def _add(stream: Any, made: Any, way: streams.Way) -> streams.Copy:
    """Adds a stream of the source to a film; returns the function for its packets."""
    assert way.add is not None
    new, copy = way.add(stream, made)
    new.metadata.update(streams.tags(stream))
    new.disposition = stream.disposition
    return copy


def _pictures(segments: Sequence[Path], stream: Any) -> Iterator[tuple[Fraction, Any]]:
    """The packets of all segments, with their times in seconds."""
    for path in segments:
        with read.opened(path) as segment:
            for packet in segment.demux(video=0):
                if packet.size:  # not the empty packet at the end
                    # Nothing is reordered. FFmpeg gives no dts if frames are far apart.
                    packet.dts = packet.pts
                    when = packet.dts * packet.time_base
                    packet.stream = stream
                    yield when, packet


def _others(
    source: Any, copies: Mapping[int, streams.Copy], most: int | None, joined: Joined
) -> Iterator[tuple[Fraction, Any]]:
    """The packets of the other streams, with their times in seconds from the source's start.

    A time that is not after the one before is moved, since muxers refuse it. At most `most` packets
    of the source are read, counting all streams: subtitles may have their first packet late. They
    are counted in `joined`.
    """
    last: dict[int, int] = {}
    joined.packets.update(
        {index: 0 for index in copies if source.streams[index].type != "attachment"}
    )
    read_from = [each for each in source.streams if most is not None or each.index in copies]
    for packet in itertools.islice(clock.packets(source, read_from), most):
        index, base = packet.stream.index, packet.time_base
        if index not in copies:
            continue
        dts = packet.pts if packet.dts is None else packet.dts
        if dts is not None:  # the empty packet at the end has none
            start = read.start_of(source, base)
            pts = dts if packet.pts is None else packet.pts
            apart = _apart(packet.stream)
            before = last.get(index, dts - start - apart)
            last[index] = packet.dts = max(dts - start, before + apart)
            packet.pts = max(pts - start, packet.dts)
            if packet.stream.type == "audio" and not packet.duration:
                # As in some Matroska files; MP4 would leave out the last packet.
                packet.duration = packet.dts - before
        if packet.size:  # not the empty packet at the end
            joined.packets[index] += 1
        try:
            for each in copies[index](packet):
                yield each.dts * each.time_base, each
        except av.InvalidDataError:
            joined.left_out[index] += 1


def _apart(stream: Any) -> int:
    """Least difference of the times of two packets, in units of a stream's time base."""
    if stream.type == "subtitle":  # Several subtitles may begin at once.
        return 0
    # MP4 counts sound in samples, and takes no two packets of one time.
    rate = stream.rate if stream.type == "audio" and stream.codec_context else None
    return math.ceil(1 / (rate * stream.time_base)) if rate else 1


def _shifted(source: Any) -> list[Any]:
    """The source's chapters, counted from its start."""
    chapters = []
    for chapter in source.chapters():
        start = read.start_of(source, chapter["time_base"])
        times = {name: chapter[name] - start for name in ("start", "end")}
        chapters.append({**chapter, **times})
    return chapters


def _metadata(source: Any, provenance: bool) -> dict[str, str]:
    """The source's metadata and, if asked for, a note that the color is synthetic."""
    kept = streams.tags(source)
    if provenance:
        note = f"{read.MARK} {tfcolor.__version__}; the color is synthetic"
        comment = kept.get("comment")
        kept["comment"] = f"{comment}; {note}" if comment else note
        kept.setdefault("description", note)
    return kept
