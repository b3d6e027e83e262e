"""Makes a set on this machine; `pipeline` makes the same parts by Apache Beam."""

import dataclasses
import json
import os
import shutil
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from tfcolor import config, data
from tfcolor.data import photographs
from tfcolor.prepare import finish, parts, set_options
from tfcolor.support import disk, errors

WHICH = ("source", "data_dir", "train_split", "test_split")  # fields of a `config.DataConfig`
STATE = "prepare.json"
PARTS = "parts"

Report = dict[str, dict[str, int]]
Opened = dict[str, photographs.Photographs]  # by split


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a set is made from, and how.

    Attributes:
      folder: of the set.
      sources: split ("train", "validation", "test") -> (where its photographs are, which part of
        them).
      settings: sizes and quality.
    """

    folder: Path
    sources: dict[str, tuple[Sequence[config.DataConfig], str]]
    settings: set_options.SetOptions

    def open(self, split: str) -> photographs.Photographs:
        """The photographs of a split, in an order that is independent of their names."""
        sources, part = self.sources[split]
        return data.open_whole(sources, part).scattered()

    def parts(self, opened: Opened) -> list[parts.Part]:
        """Every part, given the photographs of each split."""
        size = self.settings.part_size
        return [
            parts.Part(self.folder / PARTS, split, index, size)
            for split, photos in opened.items()
            for index in range(-(-photos.count // size))
        ]

    def to_json(self, opened: Opened) -> str:
        """The state that must not change between two runs for one folder."""
        # Only the fields that choose photographs count; the others are for training.
        sources = {
            split: {
                "part": part,
                "of": [{name: getattr(source, name) for name in WHICH} for source in sources],
            }
            for split, (sources, part) in self.sources.items()
        }
        # The list of files is part of the state: each part is a range of it.
        names = {
            split: zlib.crc32("\0".join(sorted(photos.names.values())).encode(errors="replace"))
            for split, photos in opened.items()
        }
        counts = {split: photos.count for split, photos in opened.items()}
        state = {"sources": sources, "photographs": counts, "names_crc32": names}
        return json.dumps({**state, **dataclasses.asdict(self.settings)}, indent=2) + "\n"


def plan(
    sources: Sequence[config.DataConfig],
    folder: str | Path,
    settings: set_options.SetOptions = set_options.SetOptions(),  # noqa: B008 - frozen
    test: config.DataConfig | None = None,
) -> Plan:
    """Plans a set.

    Args:
      sources: where the photographs are: one source, or several folders; of a TFDS set its
        `train_split`, and its `test_split` as the test part.
      folder: of the set to be made.
      settings: sizes and quality.
      test: photographs to measure on, all of them; becomes the set's test part.
    """
    splits = {"train": (sources, "train")}
    if any(data.has_part(source, "validation") for source in sources):
        splits["validation"] = (sources, "validation")
    if test is not None:
        splits["test"] = ([test], "all")
    elif sources[0].source != "samples" and data.has_part(sources[0], "test"):
        splits["test"] = (sources, "test")
    return Plan(Path(folder), splits, settings)


def prepare(
    todo: Plan,
    drop_leaks: bool = False,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Makes the set on this machine; if a run was stopped, the next one continues it.

    Args:
      todo: what to do, see `plan`.
      drop_leaks: leave photographs of the test part out of the training part.
      workers: threads; one for each core by default.
      progress: called with the photographs done and the photographs in all.

    Returns:
      split -> kind ("kept", or why photographs were dropped) -> number of photographs.

    Raises:
      ValueError: if a source cannot be read, the folder holds something else, or a photograph of
        the test part is in the training part.
    """

    def make(made: list[parts.Part], opened: Opened) -> None:
        total, seen = sum(photos.count for photos in opened.values()), 0
        threads = workers or os.cpu_count() or 1
        for part in made:
            for count in parts.make(part, opened[part.split], todo.settings, threads):
                seen += count
                progress(seen, total)

    return carry_out(todo, drop_leaks, make)


def carry_out(
    todo: Plan, drop_leaks: bool, make: Callable[[list[parts.Part], Opened], None]
) -> Report:
    """Makes the set; `make` makes its parts, and leaves those that are done as they are.

    Raises:
      ValueError: see `prepare`.
    """
    opened = {split: todo.open(split) for split in todo.sources}
    named = [photos for split, photos in opened.items() if split != "test"]
    todo.settings.require_names(name for photos in named for name in photos.names.values())
    if done := _begin(todo, opened):
        return done
    made = todo.parts(opened)
    busy = (
        f"{todo.folder} is being prepared by another process; wait for it, or give another folder"
    )
    with disk.locked(todo.folder / PARTS, busy):
        make(made, opened)
        return finish.finish(todo.folder, made, todo.settings, drop_leaks)


def _begin(todo: Plan, opened: Opened) -> Report | None:
    """Makes the folder; returns the report if the set in it is complete already.

    Raises:
      ValueError: if the folder holds anything but this set, complete or begun.
    """
    state, wanted = todo.folder / STATE, todo.to_json(opened)
    if state.is_file():
        if state.read_text(encoding="utf-8") != wanted:
            raise errors.InputError(
                f"{todo.folder} was begun with other photographs or options, see {state}; give "
                "those, or another folder"
            )
        if data.is_prepared(todo.folder):
            shutil.rmtree(todo.folder / PARTS, ignore_errors=True)  # if a run was killed there
            report: Report = json.loads((todo.folder / finish.REPORT).read_text(encoding="utf-8"))
            return report
    elif todo.folder.exists() and (not todo.folder.is_dir() or any(todo.folder.iterdir())):
        raise errors.InputError(f"{todo.folder} is not an empty folder; give another")
    (todo.folder / PARTS).mkdir(parents=True, exist_ok=True)
    disk.write(state, wanted)
    return None
