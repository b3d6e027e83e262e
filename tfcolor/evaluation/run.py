"""Runs an evaluation, from photographs to its record."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import tfcolor
from tfcolor.data import photographs
from tfcolor.evaluation import compiled, intervals, protocol, record, scores, sets
from tfcolor.evaluation.features import extractors
from tfcolor.evaluation.metrics import hues


def run(
    painters: Mapping[str, scores.Painter],
    photos: photographs.Photographs,
    how: protocol.Protocol,
    min_chroma: float,
    network: extractors.Extractor | None = None,
    batch_size: int = 8,
    sources: Mapping[str, dict[str, Any]] | None = None,
    observers: Sequence[scores.Observer] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> record.Evaluation:
    """Measures painters and all controls on photographs.

    Memory grows by only about 100 numbers per photograph and row.

    Args:
      painters: name -> painter; see `scores.measure`.
      photos: what they are measured on.
      how: the protocol, which says at what size.
      min_chroma: Lab units; photographs with less mean chroma are gray, and reported apart.
      network: extracts features for distances between sets; without it there are none.
      batch_size: photographs at a time.
      sources: name of a painter -> its description in the record.
      observers: also called with every row's pictures.
      progress: called with the number of photographs measured and the total.

    Raises:
      ValueError: if a painter has the name of a control, or there is no photograph.
    """
    names: list[str] = []
    description, confusions = scores.Description(), _Confusions()
    seen = sets.SetFigures(network, min_chroma) if network else None
    watching: list[scores.Observer] = [description, confusions, *observers]
    if seen:
        watching.append(seen)

    def observe(row: str, batch: scores.Batch, fake: np.ndarray) -> None:
        for observer in watching:
            observer(row, batch, fake)
        if row == scores.TRUTH:
            names.extend(protocol.names_of(photos, batch))
            progress(len(names), photos.count)

    table = scores.measure(painters, scores.CONTROLS, how.batches(photos, batch_size), observe)
    facts = description.result()
    is_gray = facts[record.CHROMA] < min_chroma
    figures: dict[str, dict[str, sets.Figure]] = {}
    if seen and not is_gray.all():
        figures = seen.result()
        for name, realism in seen.realism().items():
            table[name][sets.REALISM] = np.full(len(names), np.inf, np.float32)
            table[name][sets.REALISM][~is_gray] = realism
    return record.Evaluation(
        protocol={
            **how.describe(names),
            "gray_photographs": int(is_gray.sum()),
            "skipped": len(photos.skipped),
            "min_chroma": min_chroma,
            "source": photos.source,
            "features": network.name if network else None,
            "tfcolor": tfcolor.__version__,
        },
        names=names,
        photographs=facts,
        is_gray=is_gray,
        rows={
            name: record.RowScores(
                scores=row,
                is_control=name in scores.CONTROLS,
                sets={
                    metric: intervals.jackknife(figure.value, figure.without)
                    for metric, figure in figures.get(name, {}).items()
                },
                without={metric: each.without for metric, each in figures.get(name, {}).items()},
                hues=confusions.counts[name],
                source=dict((sources or {}).get(name, {})),
            )
            for name, row in table.items()
        },
    )


_classes = compiled.compiled(hues.classes)


class _Confusions:
    """An observer that counts which hues every row painted as which."""

    def __init__(self) -> None:
        self.counts: dict[str, np.ndarray] = {}
        self._batch: scores.Batch = {}
        self._truth: np.ndarray = np.zeros(0, np.int32)

    def __call__(self, row: str, batch: scores.Batch, fake: np.ndarray) -> None:
        if batch is not self._batch:  # every row shows the same photographs in turn
            self._batch, self._truth = batch, _classes(batch["rgb"]).numpy()
        counts = hues.confusion(self._truth, _classes(fake).numpy())
        self.counts[row] = self.counts.get(row, 0) + counts
