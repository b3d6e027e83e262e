"""Makes the times of packets continuous where those of their file jump.

In joined transport streams and files of DVD recorders, times can start anew in the middle. As in
FFmpeg's own command, all streams are shifted by what the first packet after the jump needs.
"""

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

FAR_S = 10  # A jump ahead by so much is an error in the file; a single stream may just pause.
BACK_S = Fraction(1, 10)  # So is a jump back by so much; less is due to interleaving of packets.
MOST_FAILURES = 1000  # After so many places that cannot be read, the rest of a file is given up.


@dataclasses.dataclass
class _Last:
    """The last packet of a stream: its begin and end, in seconds, and its pts - dts."""

    begin: Fraction
    end: Fraction
    lead: int


def packets(container: Any, streams: list[Any]) -> Iterator[Any]:
    """The packets of some streams, whose times jump neither back nor far ahead.

    Args:
      container: PyAV's input container.
      streams: which streams to yield; all are read, so that every call finds the same jumps.

    Yields:
      PyAV's packets in the order of the file.
    """
    if av.format.Flags.ts_discont not in av.format.Flags(container.format.flags):
        yield from _demuxed(container, streams) if streams else ()
        return
    last: dict[int, _Last] = {}
    latest: Fraction | None = None  # begin of the last packet of any stream
    offset = earlier = Fraction(0)  # what is added to times now, and what was before the last jump
    wanted = {stream.index for stream in streams}
    for packet in _demuxed(container, list(container.streams)):
        index, base = packet.stream.index, packet.time_base
        used = offset
        if packet.dts is not None and packet.stream.type in ("video", "audio"):
            stored = packet.dts * base
            latest = stored + offset if latest is None else latest
            before = last.get(index) or _Last(stored + offset, latest, 0)
            if abs(stored + earlier - before.end) < BACK_S < abs(stored + offset - before.end):
                # Demuxers keep a packet back until the next, which is after the jump.
                used = earlier
            elif (
                min(abs(stored + offset - each) for each in (before.end, latest)) > FAR_S
                or stored + offset < before.begin - BACK_S
            ):
                earlier, offset = offset, before.end - stored
                used = offset
            latest = stored + used
            pts = packet.dts if packet.pts is None else packet.pts
            if not 0 <= (pts - packet.dts) * base <= FAR_S:  # they are from both sides of a jump
                pts = packet.dts + before.lead
            packet.pts = pts
            last[index] = _Last(latest, latest + _length(packet), pts - packet.dts)
        if index in wanted:
            shift = round(used / base)
            packet.dts = None if packet.dts is None else packet.dts + shift
            packet.pts = None if packet.pts is None else packet.pts + shift
            yield packet


def _demuxed(container: Any, streams: list[Any]) -> Iterator[Any]:
    """The packets of some streams; what cannot be read as a packet is passed over."""
    for _ in range(MOST_FAILURES):
        try:
            yield from container.demux(streams)
            return
        except av.InvalidDataError:
            continue


def _length(packet: Any) -> Fraction:
    """Duration of a packet, in seconds; by the stream's rate if the packet does not say."""
    if packet.duration:
        return packet.duration * packet.time_base
    rate = packet.stream.average_rate if packet.stream.type == "video" else None
    return 1 / rate if rate else Fraction(0)
