"""Logs speed and time left every few seconds."""

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

SECONDS_BETWEEN_LINES = 5.0
SHOWN = ("d_loss", "g_loss", "g_gan", "g_l1", "g_classification")  # in the lines

log = logging.getLogger(__name__)


class Progress:
    """Counts a stage's steps in this process and logs a line every few seconds."""

    def __init__(self, stage: str, step: int, total_steps: int, batch_size: int) -> None:
        self._stage = stage
        self._total_steps = total_steps
        self._batch_size = batch_size
        self._first = self._last = step
        self._began: float | None = None
        self._told = time.monotonic()

    def update(self, step: int, metrics: Mapping[str, Any]) -> None:
        """Counts a finished step; waits for its metrics only when a line is due."""
        now = time.monotonic()
        if self._began is None:  # the first step includes tracing and says nothing about speed
            self._began, self._first = now, step
        self._last = step
        if now - self._told >= SECONDS_BETWEEN_LINES or step == self._total_steps:
            self._told = now
            numbers = {name: float(metrics[name]) for name in SHOWN if name in metrics}
            shown = "  ".join(f"{name} {value:.3g}" for name, value in numbers.items())
            log.info("%s %d/%d  %s%s", self._stage, step, self._total_steps, shown, self._speed())

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Does not count the time inside, which is not for steps: validations, checkpoints."""
        paused = time.monotonic()
        yield
        if self._began is not None:
            self._began += time.monotonic() - paused

    @property
    def images_per_second(self) -> float:
        """Mean speed of the stage in this process so far; 0 before its second step."""
        if self._began is None or self._last == self._first:
            return 0.0
        images = (self._last - self._first) * self._batch_size
        return images / (time.monotonic() - self._began)

    @property
    def seconds_left(self) -> float:
        """Time left at the mean speed so far; infinity while that is unknown."""
        images = (self._total_steps - self._last) * self._batch_size
        return images / self.images_per_second if self.images_per_second else float("inf")

    def _speed(self) -> str:
        if not self.images_per_second:
            return ""
        left = f"{_duration(self.seconds_left)} left in this stage"
        return f"  {self.images_per_second:.3g} images/s  {left}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
