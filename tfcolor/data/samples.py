"""The photographs that come with the package (CC BY 2.0, see samples/attribution.csv)."""

import csv
from importlib import resources
from pathlib import Path

from tfcolor.data import files, photographs

FOLDER = Path(str(resources.files("tfcolor.data"))) / "samples"


def attribution() -> list[dict[str, str]]:
    """One row per photograph: file, part, author, author_page, photo_page, licence, change."""
    with open(FOLDER / "attribution.csv", encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


def from_package(part: str = "all") -> photographs.Photographs:
    """The bundled color photographs.

    Args:
      part: "train" and "validation" share the training photographs as a folder's parts do;
        "test" is held out by name; "all" is everything.
    """
    names = [row["file"] for row in attribution() if row["part"] in ("train", "test")]
    test = {row["file"] for row in attribution() if row["part"] == "test"}
    wanted = {
        "all": names,
        "test": [name for name in names if name in test],
        "train": [n for n in names if n not in test and not files.is_validation(n)],
        "validation": [n for n in names if n not in test and files.is_validation(n)],
    }[part]
    return files.from_paths("samples", [FOLDER / name for name in wanted], wanted)
