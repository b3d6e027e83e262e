"""Hyperparameter search: Optuna proposes values of config fields, each trial is a run of its own.

Trials of a process that was killed get Optuna's state FAIL; their runs continue in later trials.
"""

import contextlib
import dataclasses
import gc
import logging
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import tensorflow as tf

from tfcolor import data
from tfcolor.config import fields
from tfcolor.data import batches
from tfcolor.runtimes import workdirs
from tfcolor.support import disk, errors, interrupts
from tfcolor.training import hooks, loop
from tfcolor.tune import experiment, spaces

TRIALS = "study.db"  # Optuna's, SQLite
STARTUP_TRIALS = 5  # complete ones, before any is pruned

State = optuna.trial.TrialState
FINISHED = (State.COMPLETE, State.PRUNED)
# These are the fault of a trial's values: an invalid config, an infinite loss, too little memory.
FAULTS = (errors.InputError, FloatingPointError, tf.errors.ResourceExhaustedError)

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The current state of a trial."""

    folder: Path  # its workdir
    state: str  # "complete", "pruned", "running"
    value: float | None  # the best validation of the last stage; of a pruned trial, the last one
    step: int | None  # when it was validated
    params: dict[str, Any]
    reason: str  # why it was pruned, or where its value is from


def tune(
    plan: experiment.Experiment, folder: str | Path, trials: int, minutes: float | None = None
) -> bool:
    """Searches until `trials` trials are finished, or continues a search that was stopped.

    Each trial is a workdir, folder/trial-0000 and so on. Optuna's TPE proposes the values and its
    median pruner sees every validation. A trial whose values make no valid config, whose loss is
    not finite or which does not fit into memory is pruned with its reason. Several processes may
    work on one folder; a trial of a process that was killed is continued.

    Args:
      plan: what is searched.
      folder: of the study, made if missing.
      trials: number of complete and pruned ones, over all calls.
      minutes: time after which no trial begins, and the running one stops at its next validation.

    Returns:
      False when interrupted by Ctrl-C or SIGTERM.

    Raises:
      ValueError: for options that cannot be used, or a folder of another study.
    """
    if trials < 1:
        raise errors.InputError(f"trials must be 1 or more, got {trials}")
    if minutes is not None and not minutes > 0:
        raise errors.InputError(f"timeout must be greater than 0 minutes, got {minutes}")
    folder = Path(folder)
    batches.require_usable(data.open_part(plan.settings.data, "train"), plan.settings.data)
    with disk.locked(folder):
        experiment.claim(folder, plan)
    deadline = math.inf if minutes is None else time.monotonic() + 60 * minutes
    with _open(folder, plan) as study, interrupts.interruptible() as interrupted:
        search = _Search(study, plan, folder, deadline)
        while not interrupted.is_set() and time.monotonic() < deadline:
            with search.ask(trials) as trial:
                if trial is None:
                    break
                search.run(trial)
            gc.collect()  # frees networks, which are in reference cycles
        return not interrupted.is_set()


def outcomes(folder: str | Path, plan: experiment.Experiment) -> list[Outcome]:
    """The trials of a study: complete ones first, the best ones first."""
    values = {space.field: space.value for space in plan.searched}
    with _open(Path(folder), plan) as study:
        found = [
            Outcome(
                Path(folder) / trial.user_attrs.get("workdir", ""),
                trial.state.name.lower(),
                trial.value,
                trial.user_attrs.get("step", trial.last_step),
                {name: values[name](value) for name, value in trial.params.items()},
                trial.user_attrs.get("reason", ""),
            )
            for trial in study.get_trials(deepcopy=False, states=(*FINISHED, State.RUNNING))
        ]

    def rank(outcome: Outcome) -> tuple[bool, float]:
        value = math.inf if outcome.value is None else plan.better(outcome.value)
        return outcome.state != "complete", value

    return sorted(found, key=rank)


class _Search:
    """The trials of a study that this process trains."""

    def __init__(
        self, study: optuna.Study, plan: experiment.Experiment, folder: Path, deadline: float
    ) -> None:
        self._study = study
        self._plan = plan
        self._folder = folder
        self._deadline = deadline

    @contextlib.contextmanager
    def ask(self, trials: int) -> Iterator[optuna.Trial | None]:
        """Yields the next trial, locked for this process; None if there are enough."""
        # A trial that is made but not yet locked looks like one of a killed process.
        with contextlib.ExitStack() as ours:
            with disk.locked(self._folder):
                self._take_up_killed()
                made = self._study.get_trials(deepcopy=False)
                if sum(trial.state in (*FINISHED, State.RUNNING) for trial in made) >= trials:
                    yield None
                    return
                index = len({trial.user_attrs.get("workdir") for trial in made} - {None})
                self._study.sampler = _sampler(self._plan.seed, index)
                trial = self._study.ask()
                name = trial.user_attrs.get("workdir", f"trial-{index:04d}")
                trial.set_user_attr("workdir", name)
                ours.enter_context(self._locked(name))
            yield trial

    def run(self, trial: optuna.Trial) -> None:
        """Trains a trial and reports its outcome; an interrupted one can be continued."""
        params = {space.field: space.suggest(trial) for space in self._plan.searched}
        name = trial.user_attrs["workdir"]
        shown = ", ".join(f"{field} {spaces.shown(value)}" for field, value in params.items())
        log.info("%s: %s", name, shown)
        twin = self._twin(trial)
        if twin is not None:
            self._repeat(trial, twin)
            return
        folder, metric = self._folder / name, self._plan.metric
        told = _Reporter(trial, metric, self._deadline)
        try:
            settings = fields.override(self._plan.settings, **params)
            for line in _validations(folder, metric):
                told.report(line["step"], line[metric])
            done = loop.train(settings, folder, [told])
        except FAULTS as error:
            self._tell(trial, State.PRUNED, errors.one_line(error))
            return
        if not done:
            if told.pruned:
                self._tell(trial, State.PRUNED, "worse than the median")
            return
        last = settings.stages[-1].name
        lines = [line for line in _validations(folder, metric) if line["stage"] == last]
        best = min(lines, key=lambda line: self._plan.better(line[metric]))
        trial.set_user_attr("step", best["step"])
        self._tell(trial, State.COMPLETE, value=best[metric])

    def _tell(
        self, trial: optuna.Trial, state: State, reason: str = "", value: float | None = None
    ) -> None:
        if reason:
            trial.set_user_attr("reason", reason)
        told = self._study.tell(trial, value, state)
        figure = "" if told.value is None else f" at {self._plan.metric} {told.value:.4g}"
        ended = "pruned" if state == State.PRUNED else "trained"
        name = trial.user_attrs["workdir"]
        log.info("%s: %s%s%s", name, ended, figure, reason and f": {reason}")

    def _twin(self, trial: optuna.Trial) -> optuna.trial.FrozenTrial | None:
        """A finished trial of the same values, so with the same outcome."""
        for other in self._study.get_trials(deepcopy=False, states=FINISHED):
            if other.params == trial.params:
                return other
        return None

    def _repeat(self, trial: optuna.Trial, twin: optuna.trial.FrozenTrial) -> None:
        for name, value in twin.user_attrs.items():
            trial.set_user_attr(name, value)
        for step, value in twin.intermediate_values.items():
            trial.report(value, step)
        reason = f"the values of {twin.user_attrs['workdir']} again"
        trial.set_user_attr("reason", reason)
        value = twin.value if twin.state == State.COMPLETE else None
        self._study.tell(trial, value, twin.state)
        log.info("%s, which is not trained twice", reason)

    def _take_up_killed(self) -> None:
        """Queues the trials that no process works on any more, to continue in their workdirs."""
        waiting = self._study.get_trials(deepcopy=False, states=(State.WAITING,))
        queued = {trial.user_attrs.get("workdir") for trial in waiting}
        for old in self._study.get_trials(deepcopy=False, states=(State.RUNNING,)):
            name = old.user_attrs.get("workdir")
            if name is not None:
                try:
                    with self._locked(name):
                        pass
                except errors.InputError:
                    continue  # another process works on it
                if name not in queued:
                    self._study.enqueue_trial(old.params, user_attrs={"workdir": name})
            self._study.tell(old.number, state=State.FAIL)

    def _locked(self, name: str) -> contextlib.AbstractContextManager[None]:
        return disk.locked(self._folder, f"{name} is another process's", f".{name}.lock")


class _Reporter(hooks.Callback):
    """Passes the validations of a training on to Optuna."""

    def __init__(self, trial: optuna.Trial, metric: str, deadline: float) -> None:
        self._trial = trial
        self._metric = metric
        self._deadline = deadline
        self._steps: set[int] = set()
        self.pruned = False

    def report(self, step: int, value: float) -> None:
        """Reports a validation, once."""
        if step not in self._steps:
            self._steps.add(step)
            self._trial.report(value, step)

    def on_validation(self, step: int, values: Mapping[str, float]) -> bool:
        """Whether training should stop."""
        self.report(step, values[self._metric])
        self.pruned = self._trial.should_prune()
        return self.pruned or time.monotonic() >= self._deadline


@contextlib.contextmanager
def _open(folder: Path, plan: experiment.Experiment) -> Iterator[optuna.Study]:
    """Optuna's study, made if missing."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.RDBStorage(f"sqlite:///{(folder / TRIALS).resolve()}")
    try:
        yield optuna.create_study(
            storage=storage,
            study_name="tfcolor",
            load_if_exists=True,
            direction=plan.direction,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS),
        )
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _sampler(seed: int, index: int) -> optuna.samplers.BaseSampler:
    """The sampler of one trial, so that a resumed search proposes what a whole one would."""
    mixed = np.random.SeedSequence([seed, index]).generate_state(1)[0]
    return optuna.samplers.TPESampler(seed=int(mixed))


def _validations(folder: Path, metric: str) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl that have the metric, oldest first."""
    return [line for line in workdirs.read_metrics(folder) if metric in line]
