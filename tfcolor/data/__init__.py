"""Photographs -> examples -> batches."""

from collections.abc import Sequence
from pathlib import Path

from tfcolor import config
from tfcolor.data import files, photographs, samples, tfds_sets
from tfcolor.support import errors

PARTS = ("train", "validation", "test", "all")


def open_part(settings: config.DataConfig, part: str) -> photographs.Photographs:
    """A part of the photographs that `settings.source` names.

    Training fits weights on "train", chooses among them on "validation" (held out of the training
    photographs) and never sees "test". A folder has no test part of its own: measure on another
    folder, or on its validation part.

    Args:
      settings: `source` is "samples", a folder or the name of a TFDS set.
      part: one of `PARTS`; "all" is the whole folder, all samples, or the TFDS training split
        with its validation part.

    Raises:
      ValueError: if the source or the part is not there or holds no photograph.
    """
    photos = open_whole([settings], part)
    if part == "train" and settings.train_limit is not None:
        photos = photos.sample(settings.train_limit)
    if part == "validation":
        photos = photos.sample(settings.validation_limit)
    return photos


def open_whole(sources: Sequence[config.DataConfig], part: str) -> photographs.Photographs:
    """A part of one or several sources, regardless of their limits.

    Args:
      sources: one of any kind, see `open_part`, or several folders.
      part: one of `PARTS`.

    Raises:
      ValueError: if a source or the part is not there or holds no photograph.
    """
    if part not in PARTS:
        raise errors.InputError(f"part must be one of {', '.join(PARTS)}, got {part}")
    if len(sources) == 1:
        return _open(sources[0], part)
    for settings in sources:
        if not Path(settings.source).is_dir() or is_prepared(settings.source):
            raise errors.InputError(
                f"several sources must be folders of photographs, got {settings.source}"
            )
    return files.from_folders([settings.source for settings in sources], part)


def _open(settings: config.DataConfig, part: str) -> photographs.Photographs:
    source = settings.source
    if source == "samples":
        return samples.from_package(part)
    if is_prepared(source):
        return tfds_sets.from_prepared(source, part)
    if Path(source).exists():
        if part == "test":
            raise photographs.NoPartError(
                f"{source} is a folder and has no test part; measure on part 'validation' or "
                "'all', or on a folder of other photographs"
            )
        return files.from_folder(source, part)
    if part == "test":
        return tfds_sets.from_tfds(source, settings.test_split, "all", settings.data_dir)
    return tfds_sets.from_tfds(source, settings.train_split, part, settings.data_dir)


def has_part(settings: config.DataConfig, part: str) -> bool:
    """Whether a source has a part; reads no photograph.

    Raises:
      ValueError: if the source itself cannot be used.
    """
    try:
        open_part(settings, part)
    except photographs.NoPartError:
        return False
    return True


def download(settings: config.DataConfig) -> None:
    """Fetches the TFDS set that `settings.source` names; folders and samples need nothing.

    Raises:
      ValueError, OSError: see `tfds_sets.download`.
    """
    if settings.source != "samples" and not Path(settings.source).exists():
        tfds_sets.download(settings.source, settings.data_dir)


def is_prepared(source: str | Path) -> bool:
    """Whether a source is a folder with a TFDS set in it, such as `tfcolor prepare` makes."""
    return (Path(source) / "dataset_info.json").is_file()


def default_part(settings: config.DataConfig) -> str:
    """The part to measure on: "test" where the source defines one, else all of the folder."""
    if settings.source == "samples" or not Path(settings.source).exists():
        return "test"
    return "test" if has_part(settings, "test") else "all"
