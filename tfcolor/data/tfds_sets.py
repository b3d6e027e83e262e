"""Photographs from TensorFlow Datasets: coco/2017, or any set with an "image" feature."""

import functools
import logging
import operator
import os
import re
import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_datasets as tfds
from tensorflow_datasets.core import file_adapters

from tfcolor.data import photographs, reading
from tfcolor.support import errors

SPACE_NEEDED = 3  # times the download: archives, unpacked files and records
READ_BYTES = 1 << 18  # how much of a shard is read at a time; TFDS would read 8 MB

log = logging.getLogger(__name__)


def from_tfds(
    name: str,
    split: str,
    part: str = "all",
    data_dir: str | None = None,
) -> photographs.Photographs:
    """The photographs of a prepared TFDS set, in their order on disk.

    Only the image and its id are read: boxes and labels stay undecoded. The image itself is
    decoded when it is loaded, so that shuffling holds encoded bytes.

    Args:
      name: of a set, such as "coco/2017".
      split: in TFDS's own syntax, such as "train[:9000]"; an end past the last photograph is
        taken as the last.
      part: "train" (all but the last twentieth), "validation" (the last twentieth) or "all".
      data_dir: where the set is; None is TFDS's default.

    Raises:
      ValueError: if there is no such set or split, or it is not on disk.
    """
    builder = _builder(name, data_dir)
    return _from_builder(builder, name, _clip(builder, name, split), part)


def from_prepared(folder: str | Path, part: str = "all") -> photographs.Photographs:
    """The photographs of a set that `tfcolor prepare` made, or any TFDS set in a folder of its own.

    Args:
      folder: with the set's dataset_info.json.
      part: "train", "validation" and "test" are its splits, "all" the first two; if it has no
        validation split, "train", "validation" and "all" are parts of its train split, as in
        `from_tfds`.

    Raises:
      ValueError: if the set cannot be read or lacks that split.
    """
    try:
        builder = tfds.builder_from_directory(folder)
    except Exception as error:  # a damaged file can raise anything
        raise errors.InputError(
            f"{folder} is no TFDS set that can be read: prepare it anew"
        ) from error
    splits = builder.info.splits
    if part == "test" or "validation" in splits:
        whole, part = {"all": "train+validation"}.get(part, part), "all"
    else:
        whole = "train"
    for split in whole.split("+"):
        if split not in splits:
            raise photographs.NoPartError(
                f"{folder} has no {split} part; it has {', '.join(splits)}"
            )
    return _from_builder(builder, str(folder), whole, part)


def _from_builder(
    builder: tfds.core.DatasetBuilder, name: str, whole: str, part: str
) -> photographs.Photographs:
    instruction: Any = whole
    if part != "all":
        *rest, last = tfds.even_splits(whole, photographs.VALIDATION_ONE_IN)
        instruction = last if part == "validation" else functools.reduce(operator.add, rest)
    count = builder.info.splits[instruction].num_examples
    if not count:
        raise photographs.NoPartError(f"{name} has no photograph in the {part} part of {whole}")

    features: dict[str, Any] = {"image": True}
    if "image/id" in builder.info.features:
        features["image/id"] = True
    partial = tfds.decode.PartialDecoding(features, decoders={"image": tfds.decode.SkipDecoding()})
    wanted = partial.extract_features(builder.info.features)
    adapter = file_adapters.ADAPTER_FOR_FORMAT[builder.info.file_format]

    def parse(serialized: tf.Tensor, number: tf.Tensor) -> photographs.Record:
        record = wanted.deserialize_example(serialized, decoders=partial.decoders)
        return {"bytes": record["image"], "image_id": record.get("image/id", number)}

    shards = tuple(
        reading.Shard(os.fspath(file.filename), file.skip, file.take)
        for file in builder.info.splits[instruction].file_instructions
    )
    open_file = functools.partial(adapter.make_tf_data, buffer_size=READ_BYTES)
    return photographs.Photographs(name, reading.Shards(shards, open_file, parse))


def download(name: str, data_dir: str | None = None) -> None:
    """Fetches and prepares a set with TFDS, unless that was done; logs its size first.

    Args:
      name: of a set, such as "coco/2017".
      data_dir: where to; None is TFDS's default.

    Raises:
      ValueError: if there is no such set, or not enough space for it.
      OSError: if it cannot be fetched.
    """
    builder = _find(name, data_dir)
    if builder.is_prepared():
        return
    where = Path(data_dir or tfds.core.constants.DATA_DIR)
    size = _download_size(builder)
    needed = SPACE_NEEDED * size
    there = next(folder for folder in (where, *where.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    told = f"{name} is about {size / 1e9:.1f} GB to download and takes {needed / 1e9:.0f} GB"
    if free < needed:
        raise errors.InputError(
            f"{told}, but {where} has {free / 1e9:.0f} GB free; give a --data-dir with more space"
        )
    log.info("%s of the %.0f GB free in %s", told, free / 1e9, where)
    try:
        builder.download_and_prepare()
    except Exception as error:  # servers, proxies and archives can raise anything
        raise OSError(
            f"{name} cannot be fetched ({errors.one_line(error)}); run the command again to go on"
        ) from error


def _download_size(builder: tfds.core.DatasetBuilder) -> int:
    """Bytes to download; for sets of several years, such as coco, those of the chosen year."""
    sizes = {url: int(info.size or 0) for url, info in builder.url_infos.items()}
    year = builder.builder_config.name[:4] if builder.builder_config else ""
    ours = {url: size for url, size in sizes.items() if year.isdigit() and year in url}
    return sum((ours or sizes).values())


def _find(name: str, data_dir: str | None) -> tfds.core.DatasetBuilder:
    try:
        builder = tfds.builder(name, data_dir=data_dir, try_gcs=False)
    except (ValueError, tfds.core.DatasetNotFoundError) as error:
        reason = str(error).splitlines()[0]
        raise errors.InputError(
            f"{name!r} is neither a folder nor a TFDS set ({reason}); give an existing folder, "
            "'samples' or a name such as coco/2017"
        ) from error
    if "image" not in (builder.info.features or {}):
        raise errors.InputError(
            f"TFDS set {name!r} has no 'image' feature; choose a set of photographs"
        )
    return builder


def _builder(name: str, data_dir: str | None) -> tfds.core.DatasetBuilder:
    builder = _find(name, data_dir)
    if not builder.is_prepared():
        where = data_dir or tfds.core.constants.DATA_DIR
        raise errors.InputError(
            f"TFDS set {name!r} is not in {where}; give the right --data-dir, add --download, or "
            f"prepare it with: tfds build {name} --data_dir {where}"
        )
    return builder


def _clip(builder: tfds.core.DatasetBuilder, name: str, split: str) -> str:
    """`split` with an absolute end past the last photograph lowered to it; checked."""
    wanted = re.fullmatch(r"(\w+)\[:(\d+)\]", split)
    if wanted and wanted[1] in builder.info.splits:
        count = builder.info.splits[wanted[1]].num_examples
        split = f"{wanted[1]}[:{min(int(wanted[2]), count)}]"
    try:
        builder.info.splits[split]  # raises for a split that is not there
    except (KeyError, ValueError) as error:
        known = ", ".join(builder.info.splits)
        raise photographs.NoPartError(
            f"TFDS set {name!r} has no split {split!r}; it has {known}: choose with train_split or "
            "test_split, --train-split or --test-split of most commands"
        ) from error
    return split
