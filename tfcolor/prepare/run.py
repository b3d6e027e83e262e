"""Prepare a set: on this machine, or as an Apache Beam pipeline over the same parts."""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path

from tfcolor import config, data, workdir
from tfcolor.data import photographs
from tfcolor.prepare import finish, options, parts

STATE = "prepare.json"
PARTS = "parts"

Report = dict[str, dict[str, int]]


@dataclasses.dataclass(frozen=True)
class Plan:
    """All that a set is made from.

    Attributes:
      folder: of the set.
      sources: split ("train", "test") -> (where its photographs are, which part of them).
      settings: sizes and quality.
    """

    folder: Path
    sources: dict[str, tuple[config.DataConfig, str]]
    settings: options.Options

    def open(self, split: str) -> photographs.Photographs:
        """The photographs of a split, in an order that has nothing to do with their names."""
        source, part = self.sources[split]
        return data.open_part(source, part).scattered()

    def parts(self, counts: dict[str, int]) -> list[parts.Part]:
        """Every part, given the photographs of each split."""
        size = self.settings.part_size
        return [
            parts.Part(self.folder / PARTS, split, index, size)
            for split, count in counts.items()
            for index in range(-(-count // size))
        ]

    def to_json(self, counts: dict[str, int]) -> str:
        """What must not change between two runs for one folder."""
        sources = {
            split: {**dataclasses.asdict(source), "part": part}
            for split, (source, part) in self.sources.items()
        }
        state = {"sources": sources, "photographs": counts}
        return json.dumps({**state, **dataclasses.asdict(self.settings)}, indent=2) + "\n"


def plan(
    source: config.DataConfig,
    folder: str | Path,
    settings: options.Options = options.Options(),  # noqa: B008 - frozen
    test: config.DataConfig | None = None,
) -> Plan:
    """What is to be done.

    Args:
      source: where the photographs are; of a TFDS set its `train_split`, and its `test_split` as
        the test part.
      folder: of the set to be made.
      settings: sizes and quality.
      test: photographs to measure on, all of them; becomes the set's test part.
    """
    sources = {"train": (source, "all")}
    if test is not None:
        sources["test"] = (test, "all")
    elif source.source != "samples" and data.default_part(source) == "test":
        sources["test"] = (source, "test")
    return Plan(Path(folder), sources, settings)


def prepare(
    todo: Plan,
    drop_leaks: bool = False,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Makes the set on this machine; run again after it was stopped, it goes on.

    Args:
      todo: what to do, see `plan`.
      drop_leaks: leave photographs of the test part out of the training part.
      workers: threads; one for each core unless given.
      progress: called with the photographs done and the photographs in all.

    Returns:
      split -> kind -> photographs; "kept" and why the rest was dropped.

    Raises:
      ValueError: if a source cannot be read, the folder holds something else, or a photograph of
        the test part is in the training part.
    """
    opened = {split: todo.open(split) for split in todo.sources}
    counts = {split: photos.count for split, photos in opened.items()}
    if done := begin(todo, counts):
        return done
    total, seen = sum(counts.values()), 0
    for part in todo.parts(counts):
        for count in parts.make(
            part, opened[part.split], todo.settings, workers or os.cpu_count() or 1
        ):
            seen += count
            progress(seen, total)
    return finish.finish(todo.folder, todo.parts(counts), drop_leaks)


def begin(todo: Plan, counts: dict[str, int]) -> Report | None:
    """Makes the folder; the report, where the set in it is whole already.

    Raises:
      ValueError: if the folder holds anything but this set, whole or begun.
    """
    state, wanted = todo.folder / STATE, todo.to_json(counts)
    if state.is_file():
        if state.read_text(encoding="utf-8") != wanted:
            raise ValueError(
                f"{todo.folder} was begun with other photographs or options, see {state}; give "
                "those, or another folder"
            )
        if data.is_prepared(todo.folder):
            report: Report = json.loads((todo.folder / finish.REPORT).read_text(encoding="utf-8"))
            return report
    elif todo.folder.exists() and (not todo.folder.is_dir() or any(todo.folder.iterdir())):
        raise ValueError(f"{todo.folder} is not an empty folder; give another")
    (todo.folder / PARTS).mkdir(parents=True, exist_ok=True)
    workdir.write(state, wanted)
    return None
