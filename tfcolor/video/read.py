"""Reads the frames of any film that FFmpeg can read, upright and in sRGB, with their times."""

import collections
import contextlib
import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from tfcolor.support import errors
from tfcolor.video import clock

MIN_SIDE = 16  # pixels; encoders take no less
HD_HEIGHT = 720  # pixels; an unlabeled film is taken as BT.601 below, as BT.709 from there on
# swscale's SWS_BICUBIC, SWS_ACCURATE_RND, SWS_FULL_CHR_H_INT and SWS_FULL_CHR_H_INP, of which PyAV
# before 18 knows only the first. Without the others pixels are off by 3 levels on average, and
# darker.
ACCURATE = 0x4 | 0x40000 | 0x2000 | 0x4000
# H.273's number -> swscale's, of which PyAV before 18 does not know the last, BT.2020.
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}
_FULL_RANGE = np.clip(np.round((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
_FULL = {"yuvj420p", "yuvj422p", "yuvj444p"}  # 8-bit formats of full range
_PLANES = {"yuv420p", "yuv422p", "yuv444p", *_FULL}  # 8-bit formats of three planes
MARK = "Colorized by tfcolor"  # how the note in a result's metadata begins


@dataclasses.dataclass(frozen=True)
class Film:
    """What is known of a film before it is read.

    Attributes:
      path: its file.
      stream: index of the picture among the file's streams.
      width, height: of an upright frame, pixels.
      turns: quarter turns counterclockwise that make a stored frame upright.
      pixel_aspect: width of an upright pixel over its height; None if the file does not say.
      time_base: seconds, the unit of times.
      start: where the file begins, in that unit.
      rate: frames per second, on average.
      frames: approximate number of frames; 0 if it is unknown.
      is_result: whether it says that it was colorized by tfcolor.
    """

    path: Path
    stream: int
    width: int
    height: int
    turns: int
    pixel_aspect: Fraction | None
    time_base: Fraction
    start: int
    rate: Fraction
    frames: int
    is_result: bool = False


@dataclasses.dataclass(frozen=True)
class Frame:
    """A frame as it is stored.

    Attributes:
      time: in units of the film's time base, from the film's start, increasing.
      duration: in that unit; 0 if the film does not say.
      picture: PyAV's frame.
    """

    time: int
    duration: int
    picture: av.VideoFrame


def open_film(path: Path) -> Film:
    """Opens a film and describes it.

    Raises:
      ValueError: if it is no film, has no picture, or a frame too small to be written again.
      OSError: if it cannot be opened.
    """
    with opened(path) as container:
        stream = _picture_stream(container)
        if stream is None:
            raise errors.InputError(f"{path} has no moving picture; give a film")
        first = next(_decoded(container, stream), None) if stream.codec_context else None
        if first is None or stream.time_base is None:
            raise errors.InputError(f"{path} has no picture that can be decoded; give another copy")
        turns = round(first.rotation / 90) % 4
        width, height = first.width, first.height
        if min(width, height) < MIN_SIDE:
            raise errors.InputError(
                f"{path}: {width} x {height} pixels are less than {MIN_SIDE} a side"
            )
        aspect = stream.sample_aspect_ratio or None
        if turns % 2:
            width, height, aspect = height, width, 1 / aspect if aspect else None
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        return Film(
            path=path,
            stream=stream.index,
            width=width,
            height=height,
            turns=turns,
            pixel_aspect=aspect,
            time_base=stream.time_base,
            start=start_of(container, stream.time_base),
            rate=rate,
            frames=stream.frames or math.ceil((container.duration or 0) / av.time_base * rate),
            is_result=any(MARK in text for text in container.metadata.values()),
        )


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A file as PyAV's input container.

    Raises:
      ValueError: if FFmpeg does not know what it is.
      OSError: if it cannot be read.
    """
    try:
        container = av.open(url(path), metadata_errors="replace")
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise errors.InputError(
            f"{path} is not a film that FFmpeg can read; give another"
        ) from error
    with container:
        yield container


def url(path: Path) -> str:
    """A file as FFmpeg's URL, since FFmpeg takes a name with a colon for an address."""
    return f"file:{path}"


def frames(film: Film, skip: int = 0, deinterlace: bool = False) -> Iterator[Frame]:
    """The frames of a film in the order they are shown, as they are stored.

    A packet that cannot be decoded is skipped, as by players.

    Args:
      film: from `open_film`.
      skip: number of frames to leave out at the beginning. They are decoded all the same: seeking
        is not exact in every container, and decoding is far faster than colorizing.
      deinterlace: whether FFmpeg's bwdif replaces the lines of the second field.

    Yields:
      Frames with increasing times; one without a time follows the last by 1 / rate.
    """
    with opened(film.path) as container:
        stored = _timed(film, _decoded(container, container.streams[film.stream]))
        yield from itertools.islice(_deinterlaced(stored) if deinterlace else stored, skip, None)


def _timed(film: Film, pictures: Iterable[av.VideoFrame]) -> Iterator[Frame]:
    step = max(1, round(1 / (film.rate * film.time_base)))
    last = -step
    for index, picture in enumerate(pictures):
        time = picture.dts if picture.pts is None else picture.pts
        time = last + step if time is None else time - film.start
        last = time if index == 0 else max(time, last + 1)
        yield Frame(last, picture.duration or 0, picture)


def _deinterlaced(stored: Iterable[Frame]) -> Iterator[Frame]:
    """The frames without combs; there is a filter for each size and pixel format."""

    def kind(frame: Frame) -> tuple[int, int, str]:
        return frame.picture.width, frame.picture.height, frame.picture.format.name

    for (width, height, name), group in itertools.groupby(stored, kind):
        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=width, height=height, format=av.VideoFormat(name), time_base=Fraction(1, 1000)
        )
        graph.link_nodes(source, graph.add("bwdif", "mode=send_frame"), graph.add("buffersink"))
        graph.configure()
        waiting: collections.deque[Frame] = collections.deque()
        for frame in itertools.chain(group, [None]):
            graph.vpush(frame.picture if frame else None)
            if frame:
                waiting.append(frame)
            with contextlib.suppress(av.BlockingIOError, av.EOFError):  # no frame yet, or no more
                while waiting:
                    yield dataclasses.replace(waiting[0], picture=graph.vpull())
                    waiting.popleft()


def pixels(film: Film, picture: av.VideoFrame) -> np.ndarray:
    """A stored frame as a photograph: upright; uint8, gray (h, w) or sRGB (h, w, 3).

    In a film that changes its size, frames are resized to the size of the first.
    """
    sides = (film.height, film.width) if film.turns % 2 else (film.width, film.height)
    array = _luma_alone(picture) if sides == (picture.width, picture.height) else None
    if array is None:
        array = _converted(picture, *sides)
    return np.rot90(array, film.turns)


def _luma_alone(picture: av.VideoFrame) -> np.ndarray | None:
    """The gray levels of a stored frame without any color, uint8 (h, w); None of another.

    It gives what swscale gives, in a fraction of the time, and gray photographs are painted faster.
    """
    if picture.format.name not in _PLANES:
        return None
    luma, *chroma = (
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in picture.planes
    )
    if any((plane != 128).any() for plane in chroma):
        return None
    is_full = picture.format.name in _FULL or picture.color_range == ColorRange.JPEG
    return luma.copy() if is_full else _FULL_RANGE[luma]


def _converted(picture: av.VideoFrame, width: int, height: int) -> np.ndarray:
    """A stored frame by swscale, at that size; uint8, gray (h, w) or sRGB (h, w, 3)."""
    is_gray = picture.format.name.startswith("gray")
    unnamed = Colorspace.ITU709 if picture.height >= HD_HEIGHT else Colorspace.ITU601
    array = picture.to_ndarray(
        width=width,
        height=height,
        format="gray" if is_gray else "rgb24",
        src_colorspace=_MATRICES.get(picture.colorspace, unnamed),
        dst_color_range=ColorRange.JPEG,
        interpolation=ACCURATE,
        threads=1,  # frames are in work at once, and swscale's threads race on small ones
    )
    if is_gray and picture.color_range == ColorRange.MPEG:  # swscale takes it for full range
        array = _FULL_RANGE[array]
    return array


def start_of(container: Any, time_base: Fraction) -> int:
    """The time at which a file begins, in units of a time base; transport streams have any."""
    return round(Fraction(container.start_time or 0, av.time_base) / time_base)


def _picture_stream(container: Any) -> Any:
    """The first stream of moving pictures, not a cover; None if there is none."""
    cover = av.stream.Disposition.attached_pic
    moving = [each for each in container.streams.video if not each.disposition & cover]
    return moving[0] if moving else None


def _decoded(container: Any, stream: Any) -> Iterator[av.VideoFrame]:
    stream.thread_type = "AUTO"
    packets = clock.packets(container, [stream])
    while True:
        try:
            packet = next(packets)
            yield from packet.decode()
        except StopIteration:
            return
        except av.EOFError:
            return
        except av.InvalidDataError:
            continue
