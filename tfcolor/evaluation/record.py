"""The results of an evaluation, written to JSON and read back."""

import dataclasses
import functools
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfcolor.evaluation import intervals, scores
from tfcolor.support import errors

TAKEN_FOR_REAL = "taken_for_real"  # rate at which people took a colorization for the photograph
DELTA_CF_OF_MEANS = "delta_cf_of_means"  # mean colorfulness minus the truth's; negative is dull
SAME = 0.5  # Lab units of a mean; decoders and resizers differ by less
CHROMA = "chroma"  # the fact of `scores.Description` that tells gray photographs from color

Figures = dict[str, intervals.Interval]  # metric -> figure and its bounds


@dataclasses.dataclass(frozen=True)
class RowScores:
    """The scores of a colorizer or a control.

    Attributes:
      scores: metric -> one value per photograph.
      is_control: whether the row is a control, to compare with.
      sets: figures of all pictures together, such as a Fréchet distance.
      without: the same figures without each group of photographs in turn, (groups,); only those
        whose differences between rows have intervals.
      hues: counts of pixels by `hues.NAMES`, int (8, 8), truth by row; None if not counted.
      source: where its pictures come from.
    """

    scores: scores.Scores
    is_control: bool = False
    sets: Figures = dataclasses.field(default_factory=dict)
    without: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    hues: np.ndarray | None = None
    source: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Rows measured on the same photographs in the same way.

    Attributes:
      protocol: what must be equal in two evaluations that are compared, and other facts.
      names: of the photographs, in order.
      photographs: the facts of `scores.Description`.
      is_gray: bool (count,), which photographs have no color of their own; they are left out of
        every figure and reported apart.
      rows: by name, controls last.
    """

    protocol: dict[str, Any]
    names: list[str]
    photographs: scores.Scores
    is_gray: np.ndarray
    rows: dict[str, RowScores]

    def figures(self) -> dict[str, Figures]:
        """Every metric of every row over the color photographs, with its interval."""
        return self._figures

    @functools.cached_property
    def _figures(self) -> dict[str, Figures]:
        return {
            name: {
                metric: self._bootstrap.mean(self._of(name, metric), self._weights(metric))
                for metric in row.scores
            }
            | {DELTA_CF_OF_MEANS: self._bootstrap.mean(self._over_truth(name))}
            | row.sets
            for name, row in self.rows.items()
        }

    def differences(self) -> dict[tuple[str, str], Figures]:
        """(first, second) -> metric -> mean over photographs of first - second, with its interval.

        For every two rows that are no controls, and for each of these and gray.
        """
        return {pair: self.difference(*pair) for pair in self._pairs()}

    def difference(self, first: str, second: str, metric: str | None = None) -> Figures:
        """Metric -> mean over photographs of row `first` - row `second`, with its interval.

        Of all metrics, or of one alone, which takes less time.
        """
        metrics = [metric] if metric else list(self.rows[first].scores)
        return {
            each: self._bootstrap.mean(values - self._of(second, each), self._weights(each))
            for each in metrics
            if np.isfinite(values := self._of(first, each)).all()
            and np.isfinite(self._of(second, each)).all()
        } | _set_differences(self.rows[first], self.rows[second])

    def of_gray(self) -> dict[str, dict[str, float]]:
        """The means of every row over the gray photographs; empty where there are none."""
        if not self.is_gray.any():
            return {}
        return {
            name: scores.means({m: values[self.is_gray] for m, values in row.scores.items()})
            for name, row in self.rows.items()
        }

    @property
    def models(self) -> list[str]:
        """The rows that are no controls."""
        return [name for name, row in self.rows.items() if not row.is_control]

    @property
    def counted(self) -> np.ndarray:
        """Mask of the photographs behind the figures: those with color, or all if none has any."""
        return ~self.is_gray if not self.is_gray.all() else self.is_gray

    @functools.cached_property
    def _bootstrap(self) -> intervals.Bootstrap:
        return intervals.Bootstrap(int(self.counted.sum()))

    def _of(self, row: str, metric: str) -> np.ndarray:
        """The values of the color photographs; a row without the metric has NaN."""
        values = self.rows[row].scores.get(metric)
        return np.full(1, np.nan) if values is None else values[self.counted]

    def _over_truth(self, row: str) -> np.ndarray:
        return self._of(row, "colorfulness") - self._of(scores.TRUTH, "colorfulness")

    def _weights(self, metric: str) -> np.ndarray | None:
        weights = self.photographs.get(metric)
        return None if weights is None else weights[self.counted]

    def _pairs(self) -> Iterator[tuple[str, str]]:
        models = self.models
        for index, first in enumerate(models):
            yield from ((first, second) for second in models[index + 1 :])
            yield first, scores.GRAY


def to_json(evaluation: Evaluation) -> str:
    """The evaluation and its figures; numbers that JSON lacks, such as infinite PSNR, are null."""
    figures, differences = evaluation.figures(), evaluation.differences()
    written = {
        "protocol": evaluation.protocol,
        "rows": {name: _figures(row) for name, row in figures.items()},
        "differences": {f"{a} - {b}": _figures(row) for (a, b), row in differences.items()},
        "gray_photographs": {
            name: {metric: _number(value) for metric, value in row.items()}
            for name, row in evaluation.of_gray().items()
        },
        "photographs": {
            "names": evaluation.names,
            "is_gray": evaluation.is_gray.tolist(),
            **_lists(evaluation.photographs),
        },
        "values": {
            name: {
                "is_control": row.is_control,
                "source": row.source,
                "hues": None if row.hues is None else row.hues.tolist(),
                "sets": {metric: list(map(_number, each)) for metric, each in row.sets.items()},
                "without": _lists(row.without),
                "scores": _lists(row.scores),
            }
            for name, row in evaluation.rows.items()
        },
    }
    return json.dumps(written, indent=None, separators=(",", ":"), allow_nan=False) + "\n"


def from_json(text: str) -> Evaluation:
    """Reads what `to_json` wrote.

    Raises:
      ValueError: if it is no evaluation.
    """
    try:
        read = json.loads(text)
        photographs = dict(read["photographs"])
        return Evaluation(
            protocol=read["protocol"],
            names=photographs.pop("names"),
            is_gray=np.array(photographs.pop("is_gray"), bool),
            photographs=_arrays(photographs),
            rows={name: _row(row) for name, row in read["values"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise errors.InputError(f"no result of tfcolor evaluate ({error!r})") from error


def read(path: Path) -> Evaluation:
    """Reads a file of `to_json`.

    Raises:
      ValueError: if it is no evaluation; the message names the file.
      OSError: if it cannot be read.
    """
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise errors.InputError(f"{path}: {error}") from error


def require_comparable(protocol: Mapping[str, Any], earlier: Evaluation) -> None:
    """Raises ValueError if an earlier evaluation had another protocol or other photographs."""
    for key in ("protocol", "resize", "photographs", "photographs_sha256", "min_chroma"):
        ours, theirs = protocol.get(key), earlier.protocol.get(key)
        if ours != theirs:
            raise errors.InputError(
                f"it cannot be compared in one table: its {key} is {theirs}, here it is {ours}; "
                "measure both on the same photographs in the same way"
            )


def beside(evaluation: Evaluation, earlier: Evaluation) -> Evaluation:
    """An evaluation with the models of an earlier one as more rows.

    Raises:
      ValueError: if that was measured in another way or on other photographs, or has a row of the
        same name.
    """
    require_comparable(evaluation.protocol, earlier)
    for fact in ("lightness", CHROMA):  # names alone do not tell photographs apart
        apart = np.abs(evaluation.photographs[fact] - earlier.photographs[fact])
        if apart.max() > SAME:
            name = evaluation.names[int(apart.argmax())]
            raise errors.InputError(
                f"it cannot be compared in one table: {name} is another photograph there; measure "
                "both on the same photographs"
            )
    rows = {name: earlier.rows[name] for name in earlier.models}
    if taken := rows.keys() & evaluation.rows.keys():
        raise errors.InputError(f"both have a row {taken.pop()!r}; rename one of the models")
    return dataclasses.replace(evaluation, rows={**rows, **evaluation.rows})


def with_sets(
    evaluation: Evaluation, metric: str, found: Mapping[str, intervals.Interval]
) -> Evaluation:
    """An evaluation with one more figure for the rows named in `found`."""
    rows = {
        name: dataclasses.replace(row, sets={**row.sets, metric: found[name]})
        if name in found
        else row
        for name, row in evaluation.rows.items()
    }
    return dataclasses.replace(evaluation, rows=rows)


def _set_differences(first: RowScores, second: RowScores) -> Figures:
    return {
        metric: intervals.jackknife(
            first.sets[metric][0] - second.sets[metric][0], parts - second.without[metric]
        )
        for metric, parts in first.without.items()
        if metric in second.without
    }


def _figures(row: Figures) -> dict[str, dict[str, float | None]]:
    names = ("value", "low", "high")
    return {
        metric: dict(zip(names, map(_number, interval), strict=True))
        for metric, interval in row.items()
    }


def _row(row: Mapping[str, Any]) -> RowScores:
    sets = {metric: tuple(map(_or_infinite, each)) for metric, each in row["sets"].items()}
    return RowScores(
        scores=_arrays(row["scores"]),
        is_control=row["is_control"],
        sets=sets,  # type: ignore[arg-type]
        without=_arrays(row["without"]),
        hues=None if row["hues"] is None else np.array(row["hues"], np.int64),
        source=row["source"],
    )


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _or_infinite(value: float | None) -> float:
    return math.inf if value is None else value


def _lists(columns: scores.Scores) -> dict[str, list[float | None]]:
    return {name: [_number(float(value)) for value in values] for name, values in columns.items()}


def _arrays(columns: Mapping[str, list[float | None]]) -> scores.Scores:
    return {
        name: np.array([_or_infinite(value) for value in values], np.float32)
        for name, values in columns.items()
    }
