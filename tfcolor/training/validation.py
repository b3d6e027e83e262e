"""Measures the generator on the validation photographs during training."""

import functools
import logging
from typing import Any

import numpy as np

from tfcolor import config
from tfcolor.color import cielab
from tfcolor.colorizing import graphs
from tfcolor.data import batches
from tfcolor.evaluation import scores
from tfcolor.evaluation.features import extractors
from tfcolor.evaluation.metrics import frechet
from tfcolor.training import device, run

GRID_PHOTOGRAPHS = 8
MAX_COLORFULNESS = 1.15  # share of the truth's; more is gaudy, and ends a stage with patience
TRUTH = "val/colorfulness_truth"
FRECHET = f"val/{config.FRECHET}"

log = logging.getLogger(__name__)


class Validation:
    """Measures the generator, logs its figures, draws pictures, and keeps the best so far.

    All stages are measured at one size, so that those with the same figure compete. Of several
    processes only the chief measures, and decides for all.
    """

    def __init__(self, of: run.Run) -> None:
        self._run, self._stage = of, of.stage
        self._rivals = _rivals(of.settings, of.stage)
        size, photos = of.settings.validation_size, of.validation_photos
        self._stream = batches.eval_batches(photos, size, of.stage.batch_size)
        self._shown = np.concatenate(
            [batch["rgb"] for batch in batches.eval_batches(photos, size, 1).take(GRID_PHOTOGRAPHS)]
        )
        self._colorize = graphs.at_own_size(of.state.judged, size)

    @property
    def needs_begin(self) -> bool:
        """Whether the weights that the stage begins with are to be measured by a figure of its own.

        The first stage has nothing to measure itself by yet.
        """
        is_own = self._measures_frechet or len(self._rivals) == 1
        return is_own and self._stage is not self._run.settings.stages[0]

    @property
    def step(self) -> int:
        """The current step of the run."""
        return int(self._run.state.step.numpy())

    def measure(self) -> dict[str, float] | None:
        """Validates at the current step; returns values by tag, or None if not the chief."""
        if not device.is_chief(self._run.strategy):
            return None
        done, checkpoints, records = self.step, self._run.checkpoints, self._run.records
        seen = frechet.Accumulator()

        def colorize(rgb: np.ndarray) -> np.ndarray:
            fake = self._colorize(rgb)
            if self._measures_frechet:
                seen.add(extractors.efficientnet_lite0(fake))
            return fake

        log.info("validating on %d photographs", self._run.validation_photos.count)
        table = scores.measure({"val": scores.from_colorizer(colorize)}, {}, self._stream)
        means = {name: scores.means(row) for name, row in {**table, **self._controls}.items()}
        log.info(
            "%s, validation at step %d: ab error %.2f (gray %.2f), colorfulness %.1f (truth %.1f)",
            self._stage.name,
            done,
            *(means[row]["ab_error"] for row in ("val", "gray")),
            *(means[row]["colorfulness"] for row in ("val", "truth")),
        )
        values = {f"val/{metric}": value for metric, value in means["val"].items()}
        values[TRUTH] = means["truth"]["colorfulness"]
        if self._measures_frechet:
            values[FRECHET] = frechet.frechet_distance(self._truth, seen.result())
        # The weights that a stage begins with are in best/ already, under their own step.
        begins = int(self._run.state.stage_step.numpy()) == 0 and checkpoints.has_best
        if not begins and _score(self._stage, values) < self._best():
            checkpoints.save_best()
        records.scalars(self._stage.name, done, values)
        records.pictures(done, self._shown, self._colorize(cielab.without_color(self._shown)))
        return values

    def is_done(self) -> bool:
        """Whether there is a validation of this stage at the current step."""
        done = any(line["step"] == self.step for line in self._lines())
        return device.chief_says(self._run.strategy, done)

    def reason_to_end(self) -> str | None:
        """Why the stage should end before its last step; None while it should go on.

        Only recorded validations decide, so a resumed run ends where an uninterrupted one would.
        """
        lines = self._lines() if self._stage.patience else []
        if not lines:
            return None
        last = lines[-1]
        if last["val/colorfulness"] > MAX_COLORFULNESS * last[TRUTH]:
            return (
                f"colorfulness {last['val/colorfulness']:.1f} is more than {MAX_COLORFULNESS:g} "
                f"times the truth's {last[TRUTH]:.1f}"
            )
        best = min(range(len(lines)), key=lambda index: lines[index][FRECHET])
        if len(lines) - 1 - best >= self._stage.patience:
            return (
                f"no Fréchet distance under {lines[best][FRECHET]:.2f} (step "
                f"{lines[best]['step']}) in {self._stage.patience} validations"
            )
        return None

    def shared_reason_to_end(self) -> str | None:
        """`reason_to_end` for all processes of the run, of which only the chief has the record."""
        reason = self.reason_to_end()
        ends = device.chief_says(self._run.strategy, reason is not None)
        return (reason or "the chief decided so") if ends else None

    def note_end(self, reason: str) -> None:
        """Tells the log and TensorBoard that the stage ended early."""
        log.info("the stage %s ended early at step %d: %s", self._stage.name, self.step, reason)
        self._run.records.text(self.step, "train/ended", f"{self._stage.name}: {reason}")

    @property
    def _measures_frechet(self) -> bool:
        return self._stage.patience > 0 or self._stage.best_by == config.FRECHET

    @functools.cached_property
    def _controls(self) -> dict[str, scores.Scores]:
        return scores.measure(
            {}, scores.LEAST_CONTROLS, self._stream
        )  # the same in each validation

    @functools.cached_property
    def _truth(self) -> frechet.FeatureStats:
        return extractors.statistics(batch["rgb"] for batch in self._stream)

    def _best(self) -> float:
        scores = [
            _score(stage, line)
            for stage in self._rivals
            for line in self._run.records.of(stage.name, TRUTH)
        ]
        return min(scores, default=float("inf"))

    def _lines(self) -> list[dict[str, Any]]:
        return self._run.records.of(self._stage.name, TRUTH)


def _rivals(settings: config.TrainConfig, stage: config.StageConfig) -> list[config.StageConfig]:
    """A stage, and the stages directly before it that have the same figure."""
    found = [stage]
    for before in reversed(settings.stages[: settings.stages.index(stage)]):
        if before.best_by != stage.best_by:
            break
        found.append(before)
    return found


def _score(stage: config.StageConfig, values: dict[str, Any]) -> float:
    """The figure that the best weights minimize; infinite if gaudy in a stage with patience."""
    gaudy = values["val/colorfulness"] > MAX_COLORFULNESS * values[TRUTH]
    return float("inf") if stage.patience and gaudy else values[f"val/{stage.best_by}"]
