"""The generator measured on the validation photographs while it trains."""

import logging

import numpy as np

from tfcolor import color, config, evaluate, inference
from tfcolor.data import batches, photographs
from tfcolor.training import state, summaries

BEST_BY = "val/ab_error"
GRID_PHOTOGRAPHS = 8

log = logging.getLogger(__name__)


class Validation:
    """Measures, logs, draws, and keeps the generator that is best so far."""

    def __init__(
        self,
        settings: config.TrainConfig,
        photos: photographs.Photographs,
        train_state: state.TrainState,
        checkpoints: state.Checkpoints,
        records: summaries.Summaries,
    ) -> None:
        self._state = train_state
        self._checkpoints = checkpoints
        self._records = records
        size, stride = settings.data.image_size, settings.model.stride
        self._stream = batches.eval_batches(photos, size, settings.data.batch_size)
        self._shown = np.concatenate(
            [batch["rgb"] for batch in batches.eval_batches(photos, size, 1).take(GRID_PHOTOGRAPHS)]
        )

        self._colorize = inference.from_generator(
            lambda l: train_state.generator(l, training=False), size, stride
        )

    def run(self) -> None:
        """One validation, at the state's step."""
        done = int(self._state.step.numpy())
        table = evaluate.evaluate({"val": self._colorize}, self._stream)
        means = {name: evaluate.means(scores) for name, scores in table.items()}
        log.info(
            "validation at step %d: ab error %.2f (gray %.2f), colorfulness %.1f (truth %.1f)",
            done,
            *(means[row]["ab_error"] for row in ("val", "gray")),
            *(means[row]["colorfulness"] for row in ("val", "truth")),
        )
        values = {f"val/{metric}": value for metric, value in means["val"].items()}
        if values[BEST_BY] < self._records.best(BEST_BY):
            self._checkpoints.save_best()
        self._records.scalars(done, values)
        self._records.pictures(done, self._shown, self._colorize(color.to_gray(self._shown)))
