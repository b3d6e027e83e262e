"""Colorizes photographs by an Apache Beam pipeline, for archives too large for one machine.

Photographs, results and the model must have the same path on all workers. Only file names pass
between the steps. There is one step for a photograph: some runners (DaskRunner of Beam 2.77) do not
keep several outputs of a step apart.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import apache_beam as beam
from apache_beam import metrics
from apache_beam.options import pipeline_options

from tfcolor import runtimes
from tfcolor.colorizing import failures, folder, planning

Item = tuple[Path, Path, str | None]  # a photograph, its result, and why it is not to be made
Failure = tuple[Path, str]  # a photograph and the reason
PASSED_OVER = "passed-over"  # the name of a counter


def colorize_files(
    model: Path | str | None,
    pairs: Sequence[tuple[Path, Path]],
    options: folder.FileOptions,
    place: Path,
    flags: Sequence[str],
) -> int | None:
    """Colorizes photographs with the runner that the flags name; see `folder.colorize_files`.

    The pipeline itself lists failures in `place`.

    Args:
      model: one that `runtimes.load` opens.
      pairs: (source, target), from `planning.plan`.
      options: applied to each photograph; without a signer.
      place: the folder for the list of failures.
      flags: Beam's own, such as "--runner=FlinkRunner".

    Returns:
      How many photographs were passed over; None if the runner does not count.
    """
    collisions = planning.collisions(pairs, lambda target: options.outputs(target).values())
    items: list[Item] = [
        (source.absolute(), target.absolute(), collisions.get((source, target)))
        for source, target in pairs
    ]
    given = {name: getattr(options, name) for name in ("choices", "colors_from")}
    given = {name: path.absolute() for name, path in given.items() if path}
    model = model.absolute() if isinstance(model, Path) else model
    doer = _Colorize(model, dataclasses.replace(options, **given))
    failures.write(place, [])  # deletes the list of an earlier run
    with beam.Pipeline(options=pipeline_options.PipelineOptions(list(flags))) as pipeline:
        _ = (
            pipeline
            | "Photographs" >> beam.Create(items)
            | "Scatter" >> beam.Reshuffle()
            | "Colorize" >> beam.ParDo(doer)
            | "One group" >> beam.Map(lambda failure: (0, failure))
            | "Together" >> beam.GroupByKey()
            | "Failures" >> beam.Values()
            | "List" >> beam.Map(_list, place.absolute())
        )
    try:
        counters = pipeline.result.metrics().query()["counters"]
    except NotImplementedError:
        return None
    return sum(each.result for each in counters if each.key.metric.name == PASSED_OVER)


class _Colorize(beam.DoFn):
    """Colorizes a photograph; yields it only if that fails."""

    def __init__(self, model: Path | str | None, options: folder.FileOptions) -> None:
        self._model, self._options = model, options
        self._passed_over = metrics.Metrics.counter(PASSED_OVER, PASSED_OVER)

    def setup(self) -> None:
        """Opens the network, on the worker."""
        self._net = runtimes.load(self._model, threads=1)

    def process(self, item: Item) -> Iterator[Failure]:
        source, target, reason = item
        if reason is None:
            result = folder.colorize_file(self._net, source, target, self._options)
            if result.passed_over:
                self._passed_over.inc()
            reason = result.reason
        if reason is not None:
            yield source, reason


def _list(failed: Iterable[Failure], place: Path) -> None:
    failures.write(place, list(failed))
