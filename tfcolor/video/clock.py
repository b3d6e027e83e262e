"""Makes the times of packets continuous where those of their file jump.

In joined transport streams and files of DVD recorders, times can start anew in the middle. As in
FFmpeg's own command, all streams are shifted by what the first packet after the jump needs.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

FAR_S = 10  # a jump of this size in a file is an error; a single stream may just pause
BACK_S = Fraction(1, 10)  # so is going back by this much; less is due to interleaving of packets


def packets(container: Any, streams: list[Any]) -> Iterator[Any]:
    """The packets of some streams, whose times jump neither back nor far ahead.

    Args:
      container: PyAV's input container.
      streams: which streams to yield; all are read, so that every call finds the same jumps.

    Yields:
      PyAV's packets in the order of the file.
    """
    if av.format.Flags.ts_discont not in av.format.Flags(container.format.flags):
        yield from container.demux(streams) if streams else ()
        return
    # For the last packet of each stream: its begin and end, in seconds, and its pts - dts.
    last: dict[int, Fraction] = {}
    end: dict[int, Fraction] = {}
    lead: dict[int, int] = {}
    latest: Fraction | None = None  # begin of the last packet of any stream
    offset = Fraction(0)
    wanted = {stream.index for stream in streams}
    for packet in container.demux():
        index, base = packet.stream.index, packet.time_base
        if packet.dts is not None and packet.stream.type in ("video", "audio"):
            begins = packet.dts * base + offset
            latest = begins if latest is None else latest
            expected = end.get(index, latest)
            is_far = min(abs(begins - expected), abs(begins - latest)) > FAR_S
            if is_far or begins < last.get(index, begins) - BACK_S:
                offset += expected - begins
                begins = expected
            last[index] = latest = begins
            end[index] = begins + _length(packet)
            pts = packet.dts if packet.pts is None else packet.pts
            if not 0 <= (pts - packet.dts) * base <= FAR_S:  # they are from both sides of a jump
                pts = packet.dts + lead.get(index, 0)
            lead[index] = pts - packet.dts
            packet.pts = pts
        if index in wanted:
            shift = round(offset / base)
            packet.dts = None if packet.dts is None else packet.dts + shift
            packet.pts = None if packet.pts is None else packet.pts + shift
            yield packet


def _length(packet: Any) -> Fraction:
    """Duration of a packet, in seconds; by the stream's rate if the packet does not say."""
    if packet.duration:
        return packet.duration * packet.time_base
    rate = packet.stream.average_rate if packet.stream.type == "video" else None
    return 1 / rate if rate else Fraction(0)
