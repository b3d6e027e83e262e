"""A page that asks which of two pictures is the real one, and what its answers say."""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfcolor.evaluation import intervals, record, scores
from tfcolor.evaluation.report import choice, pictures
from tfcolor.pages import webpage
from tfcolor.support import disk, errors

TEMPLATE = Path(__file__).with_name("human.html")
VERSION = 1
SIDE = 512  # pixels; larger pictures are reduced


def write(
    evaluation: record.Evaluation, kept: pictures.Thumbnails, folder: Path, pairs: int = 100
) -> Path:
    """Writes human.html into a folder, which is made if it is missing.

    Args:
      evaluation: with a model at least.
      kept: what observed it.
      pairs: to ask about, at most; no photograph is shown twice while there are others.

    Raises:
      ValueError: if no model's pictures are here, or no photograph has color.
      OSError: if it cannot be written; names the file.
    """
    models = [row for row in evaluation.models if row in kept.rows]
    if not models or evaluation.is_gray.all():
        missing = "a color photograph" if models else "a model's pictures"
        raise errors.InputError(f"the page that asks for the real picture needs {missing}")
    asked = [
        _pair(evaluation, kept, row, place, bool(on_left))
        for row, place, on_left in drawn(choice.View(evaluation).places, models, pairs)
    ]
    content = {
        "version": VERSION,
        "photographs_sha256": evaluation.protocol["photographs_sha256"],
        "pairs": asked,
    }
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    text = webpage.render(TEMPLATE, asked={**content, "key": f"tfcolor-human-{key}"})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / webpage.HUMAN
    disk.write(path, text)
    return path


def drawn(
    places: np.ndarray, models: Sequence[str], pairs: int, seed: int = 0
) -> list[tuple[str, int, int]]:
    """What is asked about, in order: the model, the photograph, and whether that is on the left.

    Every photograph once with a model at random, then again with the next of the models.
    """
    rng = np.random.default_rng(seed)
    first = rng.integers(len(models), size=len(places))
    found = [
        (models[(first[index] + turn) % len(models)], int(places[index]))
        for turn in range(len(models))
        for index in rng.permutation(len(places))
    ]
    sides = rng.integers(2, size=len(found)).tolist()
    return [(*each, side) for each, side in zip(found[:pairs], sides, strict=False)]


Answers = tuple[Path, str, list[tuple[str, bool]]]  # file, photographs, (row, whether taken)


def read(paths: Sequence[Path]) -> list[Answers]:
    """What files of answers say; each file once, however often it is named.

    Raises:
      ValueError: if one holds no answers; names it.
      OSError: if it cannot be read.
    """
    return [_read(path) for path in {path.resolve(): path for path in paths}.values()]


def require_about(answers: Sequence[Answers], photographs_sha256: str) -> None:
    """Raises ValueError if answers are about other photographs; names the file."""
    for path, photographs, _ in answers:
        if photographs != photographs_sha256:
            raise errors.InputError(
                f"{path} is about other photographs; measure on the same photographs"
            )


def rates(
    answers: Sequence[Answers], evaluation: record.Evaluation
) -> dict[str, intervals.Interval]:
    """model -> how often its colorization was taken for the real one; one half at best.

    Answers of all files count together, those about models that are no row are left out.

    Raises:
      ValueError: if they are about other photographs; names the file.
    """
    require_about(answers, evaluation.protocol["photographs_sha256"])
    taken: dict[str, list[bool]] = {row: [] for row in evaluation.models}
    for _, _, found in answers:
        for row, was_taken in found:
            if row in taken:
                taken[row].append(was_taken)
    return {row: intervals.proportion(sum(each), len(each)) for row, each in taken.items() if each}


def _pair(
    evaluation: record.Evaluation,
    kept: pictures.Thumbnails,
    row: str,
    place: int,
    on_left: bool,
) -> dict[str, Any]:
    """Two pictures, and what they are, encoded against a look at the page's source."""
    rows = (scores.TRUTH, row) if on_left else (row, scores.TRUTH)
    what = {"row": row, "photograph": evaluation.names[place], "real": rows.index(scores.TRUTH)}
    return {
        "pictures": [
            webpage.data_uri(kept.thumbnail(each, place, SIDE), "image/jpeg") for each in rows
        ],
        "what": base64.b64encode(json.dumps(what).encode()).decode(),
    }


def _read(path: Path) -> Answers:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        if read["tfcolor_human"] != VERSION:
            raise errors.InputError(f"its version is {read['tfcolor_human']}, not {VERSION}")
        found = [(answer["row"], answer["taken_for_real"]) for answer in read["answers"]]
        if not all(isinstance(row, str) and isinstance(taken, bool) for row, taken in found):
            raise errors.InputError("taken_for_real must be true or false, and row a name")
        return path, read["photographs_sha256"], found
    except (KeyError, TypeError, ValueError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else errors.one_line(error)
        raise errors.InputError(f"{path} holds no answers of human.html ({why})") from error
