"""Photographs on disk -> colorized photographs on disk, several at a time."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from pathlib import Path

import numpy as np

from tfcolor import images, runtimes
from tfcolor.colorizing import (
    choices,
    compare,
    failures,
    layers,
    likelihood,
    marks,
    planning,
    rendering,
    rooms,
    tone,
)
from tfcolor.images import credentials, decoding, searching
from tfcolor.support import errors

MADE, THERE, FAILED = "made", "there already", "failed"  # what can become of a photograph
AHEAD = 4  # photographs that wait for each worker; all others are just names
PIXELS_AT_ONCE = 100_000_000  # in all photographs in work: 10 bytes each, so about a gigabyte


@dataclasses.dataclass(frozen=True)
class FileOptions(rendering.Rendering):
    """How to colorize each photograph, and which files to write.

    Attributes:
      hints: see `rendering.colorize`.
      choices: a file of hints and options, or a folder that has one of some photographs; what it
        says goes before the options here.
      colors_from: a color picture of the photograph, or a folder with those of some, of the same
        name but for the suffix; see `rendering.colorize`.
      compare: "side" or "split" to also write NAME-compare beside the result.
      gif: whether to also write NAME-compare.gif, which alternates between gray and color.
      layer: whether to also write NAME-layer; see `layers.color_alone`.
      certainty: whether to also write NAME-certainty.png; see `likelihood.certainty_map`.
      rates: whether results tell their mean certainty.
      variants: how many colorings are written, see `Rendering.variant`; if more than 1, the target
        of a photograph is that of the first, see `planning.variant`.
      provenance: whether the file says that its color is synthetic.
      overwrite: whether results that exist already are replaced.
      recolor: whether photographs that have their color already are colorized, too.
      signer: signs each result, but no comparison; None for none.
    """

    hints: tuple[marks.Mark, ...] = ()
    choices: Path | None = None
    colors_from: Path | None = None
    compare: str | None = None
    gif: bool = False
    layer: bool = False
    certainty: bool = False
    rates: bool = False
    variants: int = 1
    provenance: bool = True
    overwrite: bool = False
    recolor: bool = False
    signer: credentials.Signer | None = None

    def __post_init__(self) -> None:
        """Raises ValueError if a number is out of range."""
        super().__post_init__()
        planning.check_variants(self.variants)

    @property
    def has_extras(self) -> bool:
        """Whether more than one file is written for a photograph."""
        return self.variants > 1 or any(getattr(self, each) for each in planning.EXTRAS)

    def outputs(self, target: Path) -> dict[str, Path]:
        """All files that are written for a photograph; see `planning.outputs_of`."""
        extras = [each for each in planning.EXTRAS if getattr(self, each)]
        return planning.outputs_of(target, extras, self.variants)

    def chosen_for(self, source: Path, shape: tuple[int, int]) -> FileOptions:
        """The options for a photograph of that height and width, as chosen in its file, if any.

        Raises:
          ValueError: if the file holds no choices, or those of another photograph.
          OSError: if it cannot be read.
        """
        path = self.choices and choices.path_for(self.choices, source)
        if path is None:
            return self
        with failures.named(path):
            return dataclasses.replace(self, **choices.read(path).fit(shape))

    def other_picture(self, source: Path) -> np.ndarray | None:
        """The picture that a photograph takes colors from, if there is one; uint8 or uint16.

        Raises:
          ValueError, OSError: if it cannot be read, or there are several.
        """
        if self.colors_from is None:
            return None
        found = [self.colors_from]
        if self._in_color is not None:
            found = self._in_color.get(source.stem, [])
        if len(found) > 1:
            raise errors.InputError(
                f"{found[0]} and {found[1]} have the same name; keep one of them"
            )
        return images.read(found[0]).pixels if found else None

    @functools.cached_property
    def _in_color(self) -> dict[str, list[Path]] | None:
        """The pictures to take colors from by name, if a folder is given: it is listed once."""
        given = self.colors_from
        return searching.by_name(given) if given and given.is_dir() else None


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of a photograph; if nothing else, its result existed.

    Attributes:
      source, target: the photograph and its result.
      is_new: whether anything was written.
      passed_over: why it is not to be colorized; see `tone.why_not_to_color`.
      reason: why it failed; names its file.
      is_bad_input: whether it failed for what the user can mend.
      size: width and height of a new result, pixels.
      certainty: mean of its map of certainty, if it was asked for.
      seconds: how long it took, from reading to writing.
    """

    source: Path
    target: Path
    is_new: bool = False
    passed_over: str | None = None
    reason: str | None = None
    is_bad_input: bool = False
    size: tuple[int, int] | None = None
    certainty: float | None = None
    seconds: float = dataclasses.field(default=0.0, compare=False)

    @property
    def outcome(self) -> str:
        """In a word or two: `MADE`, `THERE`, `FAILED`, or why it was passed over."""
        if self.reason:
            return FAILED
        return self.passed_over or (MADE if self.is_new else THERE)


def colorize_files(
    net: runtimes.Network,
    pairs: Sequence[tuple[Path, Path]],
    options: FileOptions | None = None,
    workers: int | None = None,
    record: Callable[[Result], None] = lambda result: None,
) -> Iterator[Result]:
    """Colorizes photographs, as many at a time as there are cores.

    Args:
      net: from `runtimes.load`; with one thread per call if there are several workers.
      pairs: (source, target), from `planning.plan`.
      options: applied to each photograph.
      workers: photographs in work at a time; fewer where they are large.
      record: called with each result as soon as there is one, from any thread; it also gets those
        that are still made when the caller stops early.

    Yields:
      A result for each photograph as it ends; a failure does not stop the others.
    """
    options = options or FileOptions()
    collisions = planning.collisions(pairs, lambda target: options.outputs(target).values())
    room = rooms.Room(PIXELS_AT_ONCE)

    def work(source: Path, target: Path) -> Result:
        result = colorize_file(net, source, target, options, room)
        record(result)
        return result

    for pair, reason in collisions.items():
        record(collision := Result(*pair, reason=reason))
        yield collision
    workers = workers or os.cpu_count() or 1
    pool = futures.ThreadPoolExecutor(workers, "photograph")
    waiting: set[futures.Future[Result]] = set()
    try:
        for pair in pairs:
            if pair in collisions:
                continue
            waiting.add(pool.submit(work, *pair))
            if len(waiting) == AHEAD * workers:  # there may be a million others
                done, waiting = futures.wait(waiting, return_when=futures.FIRST_COMPLETED)
                yield from (each.result() for each in done)
        yield from (each.result() for each in futures.as_completed(waiting))
    finally:  # The caller may stop early.
        pool.shutdown(cancel_futures=True)


def colorize_file(
    net: runtimes.Network,
    source: Path,
    target: Path,
    options: FileOptions,
    room: rooms.Room | None = None,
) -> Result:
    """Colorizes a photograph, unless all its files exist already; it does not raise.

    Args:
      net, options: see `colorize_files`.
      source, target: the photograph and its result.
      room: it is read once there is room for its pixels.
    """
    try:
        wanted = {
            kind: path
            for kind, path in options.outputs(target).items()
            if options.overwrite or not path.exists()
        }
        if not wanted:
            return Result(source, target)
        with room.of(decoding.count_pixels(source)) if room else contextlib.nullcontext():
            return _write_files(net, source, target, options, wanted)
    except Exception as error:  # Any error concerns this photograph only.
        reason = failures.naming(source, errors.of_photograph(error))
        is_bad_input = isinstance(error, errors.InputError)
        return Result(source, target, reason=reason, is_bad_input=is_bad_input)


def forecast(source: Path, target: Path, options: FileOptions) -> str:
    """Why nothing would be written for a photograph, in parentheses; "" if something would be."""
    if all(path.exists() for path in options.outputs(target).values()) and not options.overwrite:
        return f"  ({THERE})"
    try:
        why = None if options.recolor else tone.why_not_to_color(images.read(source))
    except Exception as error:  # as in `colorize_file`
        why = failures.naming(source, errors.of_photograph(error))
    return f"  ({why})" if why else ""


def _write_files(
    net: runtimes.Network,
    source: Path,
    target: Path,
    options: FileOptions,
    wanted: Mapping[str, Path],
) -> Result:
    """Writes the wanted files of a photograph, unless it is passed over."""
    began = time.monotonic()
    photograph = images.read(source)
    if not options.recolor and (why := tone.why_not_to_color(photograph)):
        return Result(source, target, passed_over=why)
    pixels = photograph.pixels
    other = options.other_picture(source)
    options = options.chosen_for(source, pixels.shape[:2])
    signer = options.signer
    sign = functools.partial(signer.sign, source=source) if signer else None

    def write(kind: str, color: np.ndarray) -> None:
        in_color = photograph.with_pixels(color)
        images.write(wanted[kind], in_color, options.provenance, source, sign)

    for number in [each for each in wanted if each.isdigit()]:
        other_variant = dataclasses.replace(options, variant=int(number))
        write(number, other_variant.render(pixels, net, options.hints, other))
    l, ab = options.see(pixels, net, options.hints, other)
    color = options.paint(pixels, l, ab)
    certain = None
    if options.rates or "certainty" in wanted:
        about = options.hints, pixels.shape[:2]
        certain = likelihood.certainty_of(net, options, l, ab, *about)
    for kind in [each for each in planning.EXTRAS if each in wanted]:
        if kind == "certainty":
            assert certain is not None
            likelihood.write_map(wanted[kind], certain, pixels.shape[:2])
        elif kind == "gif":
            compare.write_gif(wanted[kind], pixels, color)
        else:
            picture = (
                layers.color_alone(color)
                if kind == "layer"
                else compare.PAIRS[str(options.compare)](pixels, color)
            )
            images.write(wanted[kind], images.Photograph(picture), options.provenance)
    photograph = photograph.with_pixels(color)  # frees the pixels that were read
    del pixels
    if "result" in wanted:
        write("result", color)
    height, width = color.shape[:2]
    seconds = time.monotonic() - began
    mean = None if certain is None else float(certain.mean())
    size = (width, height)
    return Result(source, target, is_new=True, size=size, certainty=mean, seconds=seconds)
