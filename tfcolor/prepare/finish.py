"""Joins parts to a TFDS set without copies, with metadata and a report of all that was dropped."""

import contextlib
import csv
import dataclasses
import io
import json
import os
import shutil
from collections import Counter
from pathlib import Path

import tensorflow as tf
import tensorflow_datasets as tfds

from tfcolor.prepare import fingerprint, parts, set_options
from tfcolor.support import disk, errors

NAME = "photographs"
REPORT = "report.json"
DROPPED = "dropped.csv"
# Of two copies, the one in the first of these parts is kept.
FIRST = ("test", "validation", "train")
LEFT_OUT = "left out"  # the kind of a photograph that counts 0 times
RECORDED = ("kept", "duplicate", "leak", LEFT_OUT)  # kinds that have a record in their part


def finish(
    folder: Path, made: list[parts.Part], settings: set_options.SetOptions, drop_leaks: bool
) -> dict[str, dict[str, int]]:
    """Puts the set together in its folder; can be run again until its last file is written.

    Args:
      folder: of the set.
      made: all parts, each done.
      settings: which photographs count how often.
      drop_leaks: whether to leave photographs of the test part out of the training part, where
        they are an error otherwise.

    Returns:
      split -> kind ("kept", "broken", "tiny", "gray", "left out", "duplicate", "leak") ->
      photographs, each counted once.

    Raises:
      ValueError: if a photograph of the test part is in the training part, too; names both.
    """
    rows = {part: part.read_rows() for part in made}
    _leave_out(rows, settings)
    _find_copies(rows, drop_leaks)
    splits = list(dict.fromkeys(part.split for part in made))
    counts = {
        split: dict(Counter(row.kind for p in made if p.split == split for row in rows[p]))
        for split in splits
    }
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["split", "name", "kind", "reason"])
    for part in made:
        dropped = [row for row in rows[part] if row.kind != "kept"]
        table.writerows([part.split, row.name, row.kind, row.reason] for row in dropped)
    # Names that are not UTF-8 hold surrogates.
    disk.write(folder / DROPPED, text.getvalue().encode("utf-8", "surrogateescape"))
    disk.write(folder / REPORT, json.dumps(counts, indent=2) + "\n")
    infos = [
        _write_split(folder, split, {p: r for p, r in rows.items() if p.split == split}, settings)
        # A small set may have no photograph in its validation part.
        for split in splits
        if split != "validation" or counts[split].get("kept")
    ]
    with contextlib.redirect_stdout(io.StringIO()):  # it prints a greeting
        tfds.folder_dataset.write_metadata(
            data_dir=folder,
            features=parts.FEATURES,
            split_infos=infos,
            version="1.0.0",
            filename_template=_template(folder),
            check_data=False,
            description="Photographs prepared with tfcolor prepare.",
        )
    disk.remove(made[0].folder)
    return counts


def _leave_out(rows: dict[parts.Part, list[parts.Entry]], settings: set_options.SetOptions) -> None:
    """Marks the photographs that count 0 times, so that none is dropped as a copy of them."""
    for part in rows:
        rows[part] = [
            dataclasses.replace(row, kind=LEFT_OUT, reason=f"{row.name}: counts 0 times")
            if row.kind == "kept" and settings.times_of(part.split, row.name) == 0
            else row
            for row in rows[part]
        ]


def _find_copies(rows: dict[parts.Part, list[parts.Entry]], drop_leaks: bool) -> None:
    """Marks copies of photographs that come earlier, in the order of `FIRST`."""
    index, leaks = fingerprint.Index(), []
    for part in sorted(rows, key=lambda part: (FIRST.index(part.split), part.index)):
        for place, row in enumerate(rows[part]):
            if row.kind != "kept":
                continue
            key = fingerprint.Fingerprint.from_text(row.copy_key)
            found = index.find(key)
            if found is None:
                index.add(key, (part.split, row.name))
                continue
            split, name = found
            kind = "leak" if split == "test" != part.split else "duplicate"
            if kind == "leak":
                leaks.append((row.name, name))
            reason = f"{row.name}: a copy of {name}" + (f" in {split}" if kind == "leak" else "")
            rows[part][place] = dataclasses.replace(row, kind=kind, reason=reason)
    if leaks and not drop_leaks:
        train, test = leaks[0]
        more = f" (and {len(leaks) - 1} more)" if len(leaks) > 1 else ""
        raise errors.InputError(
            f"{train} of the training part is {test} of the test part{more}; give --drop-leaks to "
            "leave such out of the training part"
        )


def _write_split(
    folder: Path,
    split: str,
    rows: dict[parts.Part, list[parts.Entry]],
    settings: set_options.SetOptions,
) -> tfds.core.SplitInfo:
    """Writes the kept photographs to the set's own files, one shard for each part that has any."""
    # How often each photograph is written, for those that have a record in their part.
    times = {
        part: [
            settings.times_of(split, row.name) if row.kind == "kept" else 0
            for row in rows[part]
            if row.kind in RECORDED
        ]
        for part in rows
    }
    filled = [part for part in rows if any(times[part])]
    if not filled:
        raise errors.InputError(
            f"nothing is left of the {split} part of {folder}; see {folder / DROPPED}"
        )
    size = 0
    for index, part in enumerate(filled):
        name = f"{NAME}-{split}.tfrecord-{index:05d}-of-{len(filled):05d}"
        with disk.replacing(folder / name) as partial:
            _copy_records(part, times[part], partial)
        size += (folder / name).stat().st_size
    return tfds.core.SplitInfo(
        name=split,
        shard_lengths=[sum(times[part]) for part in filled],
        num_bytes=size,
        filename_template=_template(folder),
    )


def _copy_records(part: parts.Part, times: list[int], to: Path) -> None:
    """Copies each record of a part so many times."""
    if all(count == 1 for count in times):
        try:
            os.link(part.records, to)
        except OSError:  # some file systems have no links
            shutil.copyfile(part.records, to)
        return
    with tf.io.TFRecordWriter(str(to)) as writer:
        for turn in range(max(times, default=0)):  # so that the same ones are far from each other
            records = tf.data.TFRecordDataset(str(part.records)).as_numpy_iterator()
            for count, record in zip(times, records, strict=True):
                if turn < count:
                    writer.write(record)


def _template(folder: Path) -> tfds.core.ShardedFileTemplate:
    return tfds.core.ShardedFileTemplate(
        data_dir=folder, dataset_name=NAME, filetype_suffix="tfrecord"
    )
