"""Makes a set by an Apache Beam pipeline: many machines make the parts, one joins them.

The set's folder, and a source that is a folder, must have the same path on all machines.
"""

import dataclasses
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options import pipeline_options

from tfcolor.prepare import parts, run


def prepare(todo: run.Plan, drop_leaks: bool, flags: Sequence[str]) -> run.Report:
    """Makes the set with the runner that the flags name; see `run.prepare`.

    Args:
      todo: what to do.
      drop_leaks: leave photographs of the test part out of the training part.
      flags: Beam's own, such as "--runner=FlinkRunner".

    Returns:
      split -> kind -> photographs.

    Raises:
      ValueError: see `run.prepare`.
    """

    todo = dataclasses.replace(todo, folder=todo.folder.absolute())

    def make(made: list[parts.Part], opened: run.Opened) -> None:
        with beam.Pipeline(options=pipeline_options.PipelineOptions(list(flags))) as pipeline:
            _ = (
                pipeline
                | "Parts" >> beam.Create(made)
                | "Scatter" >> beam.Reshuffle()
                | "Make" >> beam.ParDo(_Make(todo))
            )

    return run.carry_out(todo, drop_leaks, make)


class _Make(beam.DoFn):
    """Makes a part; a source is opened once by each worker."""

    def __init__(self, todo: run.Plan) -> None:
        self._todo = todo
        self._opened: dict = {}

    def process(self, part: parts.Part) -> None:
        if part.split not in self._opened:
            self._opened[part.split] = self._todo.open(part.split)
        for _ in parts.make(part, self._opened[part.split], self._todo.settings, workers=1):
            pass
