"""Does tfcolor tell photographs in color from gray and toned ones as people do?

in_color.csv has 1,200 photographs from public repositories, with a label that was given by eye:
"color", "gray" (sepia and other tones among them) or "open", where the eye cannot tell, such as
black clothes on a gray floor. 800 of them were dropped from a training set as gray or of one hue,
which are the hard ones, and 400 were kept.

Takes the folder of the repositories' snapshots (git directories, OWNER+NAME) and the folder with
the photographs that were kept. Prints one JSON line: how many gray ones are passed over, and how
many in color are colorized, of those that were dropped and of those that were kept.
"""

import csv
import io
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from tfcolor import images
from tfcolor.colorizing import tone

LABELS = Path(__file__).with_suffix(".csv")


def _answers(snapshots: Path, kept: Path) -> Iterator[tuple[dict[str, str], bool]]:
    """Each row of the labels, and what tfcolor says."""
    with open(LABELS, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["repository"]:
                folder = snapshots / row["repository"].replace("/", "+")
                place = next(head.parent for head in folder.rglob("HEAD") if head.is_file())
                command = ["git", f"--git-dir={place}", "show", f"HEAD:{row['path']}"]
                content = subprocess.run(command, capture_output=True, check=True).stdout
            else:
                content = (kept / row["path"]).read_bytes()
            yield row, tone.is_in_color(images.read(io.BytesIO(content), row["path"]).pixels)


@click.command()
@click.argument("snapshots", type=click.Path(path_type=Path, exists=True))
@click.argument("kept", type=click.Path(path_type=Path, exists=True))
def main(snapshots: Path, kept: Path) -> None:
    """Compares tfcolor's answers with labels given by eye."""
    counts: Counter[tuple[str, str, str, bool]] = Counter()
    for row, is_in_color in _answers(snapshots, kept):
        counts[row["sample"], row["label"], row["dropped_as"] and "dropped", is_in_color] += 1
    rows = []
    for sample, label, dropped in sorted({key[:3] for key in counts}):
        there = [counts[sample, label, dropped, answer] for answer in (False, True)]
        rows.append(
            {
                "sample": sample,
                "label": label,
                "from": dropped or "kept",
                "photographs": sum(there),
                "told_to_be_in_color": there[True],
            }
        )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
