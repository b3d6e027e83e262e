"""Colorizes a film: decodes, runs the network, smooths, paints, encodes, joins."""

import collections
import contextlib
import dataclasses
import functools
import itertools
import logging
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import av
import numpy as np

import tfcolor
from tfcolor import runtimes
from tfcolor.colorizing import tone, transfer
from tfcolor.images.resizing import arrays
from tfcolor.support import errors
from tfcolor.video import film_options, join, key_frames, parts, read, smooth, write

LOOKED_AT = 12  # Of so many frames within a scene, one is looked at for color; each first one is.
ASKED = 4  # Of so many frames, the network is asked for one in any case; see `smooth.steady`.
SEGMENT_FRAMES = 250  # 10 s; at most this much is repeated after an interruption
WORKERS = max(2, os.cpu_count() or 2)

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
Note = Callable[[str], object]
_In = TypeVar("_In")
_Out = TypeVar("_Out")


class FrameColors(NamedTuple):
    """A frame, its pixels, the lightness and colors that the network saw and predicted.

    `ab` may be a function, and `given` is where key frames told its colors; see `smooth.steady`.
    """

    frame: read.Frame
    pixels: np.ndarray
    l: np.ndarray
    ab: np.ndarray | Callable[[], np.ndarray]
    given: np.ndarray | None


class FinishedFrame(NamedTuple):
    """A frame ready for the encoder, its index in the film, and the state after it."""

    place: int
    moment: smooth.Moment
    picture: av.VideoFrame
    is_interlaced: bool


def colorize_film(
    source: Path,
    target: Path,
    settings: film_options.FilmOptions,
    *,
    model: Path | str | None = None,
    overwrite: bool = False,
    progress: Progress = lambda done, total: None,
    note: Note = log.warning,
) -> bool:
    """Colorizes a film; its lightness, its frames' times, its sound and subtitles are kept.

    If it was interrupted, or even killed, the same call continues with the segment it was at.

    Args:
      source: the film.
      target: the film to make; its suffix names the container, see `film_options.FORMATS`.
      settings: how to colorize and encode it.
      model: see `runtimes.load`; the bundled one if not given.
      overwrite: whether an existing target may be replaced.
      progress: called with the number of frames done in this call and the total for it.
      note: called with a line for each stream that cannot be kept, before the first frame; for the
        first frame that is interlaced or in color; and at the end for each stream that is damaged
        or empty.

    Returns:
      Whether the film was written; one that is in color already is not, unless it is asked for.

    Raises:
      ValueError: if the source is no film, was colorized already, or is the target; if the target
        is there already, of an unknown container, or being made by another process; if the model
        is none of ours.
      OSError: if a file cannot be read or written, or if less was written than was read; in that
        case the parts are kept.
    """
    film_options.check_target(source, target, overwrite)
    film = read.open_film(source)
    if film.is_result and not settings.recolor:
        raise errors.InputError(f"{source} was colorized already; --recolor does it once more")
    net = runtimes.load(model, threads=1)  # several frames at once are faster than several threads
    with parts.opened(target, _key(film, settings, model)) as folder:
        with _errors_name(target):
            how = _plan(film, settings, folder, target.suffix)
            for line in how.notes:
                note(line)
            _make_segments(net, film, settings, folder, progress, note)
            joined = folder / f"joined{target.suffix}"
            segments = parts.segments(folder)
            frames, moment = parts.state_after(segments[-1])
            if not moment.is_painted:
                note(f"{source} is in color already; nothing was written; --recolor replaces it")
                return False
            whole = join.join(film, segments, joined, how, settings.provenance)
            if gap := join.missing(joined, frames, whole.ends):
                raise OSError(
                    f"{target} lacks something that was read: {gap}; its parts are kept in {folder}"
                )
            for line in whole.losses(film):
                note(line)
        os.replace(joined, target)
    return True


def _plan(
    film: read.Film, settings: film_options.FilmOptions, folder: Path, suffix: str
) -> join.Plan:
    """Plans how to join the film, by a trial with a black frame."""
    segment = folder / "trial.nut"
    black: np.ndarray = np.zeros((film.height, film.width, 3), np.uint8)
    frame = write.frame(film, 0, 0, black)
    write.encode(segment, film, settings, [frame])
    return join.plan(film, segment, folder / f"trial{suffix}", settings.codec)


def _key(
    film: read.Film, settings: film_options.FilmOptions, model: Path | str | None
) -> dict[str, Any]:
    """What the parts of a film depend on."""
    return {
        "source": _state_of(film.path),
        "model": _state_of(model) if isinstance(model, Path) else model,
        "tfcolor": tfcolor.__version__,
        **dataclasses.asdict(settings),
        "frames": settings.frames and _state_of(settings.frames),
    }


def _state_of(path: Path) -> list[Any]:
    """A file's or a folder's name, size and time of change."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    states = [file.stat() for file in files]
    changed = max((state.st_mtime_ns for state in states), default=0)
    return [str(path.resolve()), sum(state.st_size for state in states), changed]


def _make_segments(
    net: runtimes.Network,
    film: read.Film,
    settings: film_options.FilmOptions,
    folder: Path,
    progress: Progress,
    note: Note,
) -> None:
    """Makes the segments that the folder lacks."""
    segments = parts.segments(folder)
    first, moment = parts.state_after(segments[-1]) if segments else (0, None)
    if first:
        log.info("%s: going on after %d frames that are done", film.path, first)
    total = max(film.frames - first, 1)

    last: FinishedFrame | None = None
    noticed: set[str] = set()

    def notice(line: str) -> None:
        if line not in noticed:
            noticed.add(line)
            note(f"{film.path} {line}")

    def noted(made: FinishedFrame) -> av.VideoFrame:
        nonlocal last
        last = made
        if made.is_interlaced:
            notice("is interlaced; --deinterlace removes the combs at moving edges")
        if made.moment.in_color:
            notice("has scenes in color, which stay as they are; --recolor replaces their colors")
        progress(min(made.place + 1 - first, total), total)
        return made.picture

    given = key_frames.KeyFrames(settings.frames, film, net, settings)
    with contextlib.closing(_colorized(net, film, settings, given, first, moment)) as frames:
        for index, group in itertools.groupby(frames, lambda made: made.place // SEGMENT_FRAMES):
            partial = parts.place(folder, index)
            write.encode(partial, film, settings, map(noted, group))
            assert last is not None  # a group is not empty
            parts.keep(partial, last.place + 1, last.moment)
    progress(total, total)


def _colorized(
    net: runtimes.Network,
    film: read.Film,
    settings: film_options.FilmOptions,
    given: key_frames.KeyFrames,
    first: int,
    moment: smooth.Moment | None,
) -> Generator[FinishedFrame, None, None]:
    """The frames from `first` on, ready for the encoder; `moment` is that of the one before."""

    def see(each: tuple[int, read.Frame]) -> FrameColors:
        place, frame = each
        pixels = read.pixels(film, frame.picture)
        l = settings.reduce(pixels, net.size)
        known = given.fitting(place, pixels)
        if not known:
            ask = functools.partial(settings.colors, net, l)
            # Here several are asked at a time; `smooth.steady` asks one after the other.
            is_asked = place % ASKED == 0 or settings.smoothing == 0
            return FrameColors(frame, pixels, l, ask() if is_asked else ask, None)
        ab = transfer.colors(net, l, known, (), pixels.shape[:2], settings.saturation)
        share = arrays.resize(known.fits.astype(np.float32), *l.shape)
        return FrameColors(frame, pixels, l, ab, share)

    def steadied(frames: Iterable[FrameColors]) -> Iterator[tuple[int, FrameColors, smooth.Moment]]:
        now = moment
        for place, seen in enumerate(frames, first):
            before = now
            now = smooth.steady(now, seen.l, seen.ab, settings.smoothing, seen.given)
            if before is None or now.begins_scene:
                known, looks = False, True
            else:
                known, looks = before.in_color, place % LOOKED_AT == 0
            if looks and not (known or settings.recolor):
                known = tone.is_in_color(seen.pixels)
            is_painted = not known or (before is not None and before.is_painted)
            now = dataclasses.replace(now, in_color=known, is_painted=is_painted)
            yield place, seen, now

    def finish(each: tuple[int, FrameColors, smooth.Moment]) -> FinishedFrame:
        place, seen, now = each
        rgb = seen.pixels if now.in_color else settings.paint(seen.pixels, now.l, now.ab)
        painted = write.frame(film, seen.frame.time, seen.frame.duration, rgb)
        return FinishedFrame(place, now, painted, bool(seen.frame.picture.interlaced_frame))

    with futures.ThreadPoolExecutor(WORKERS) as pool:
        frames = enumerate(read.frames(film, first, settings.deinterlace), first)
        seen = _in_order(pool, see, frames)
        yield from _in_order(pool, finish, steadied(seen))


def _in_order(
    pool: futures.Executor, function: Callable[[_In], _Out], items: Iterable[_In]
) -> Iterator[_Out]:
    """`map` by a pool, which works a few items ahead."""
    waiting: collections.deque[futures.Future[_Out]] = collections.deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) > WORKERS:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@contextlib.contextmanager
def _errors_name(target: Path) -> Iterator[None]:
    """Names the target in FFmpeg's errors of writing; those of reading name their file already."""
    try:
        yield
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error
