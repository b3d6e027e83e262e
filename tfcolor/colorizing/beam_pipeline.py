"""Colorizes photographs by an Apache Beam pipeline, for archives too large for one machine.

Photographs, results and the model must have the same path on all workers. Only file names and small
planes pass between the steps, never full-size pixels: each photograph is read once for the network
and again for painting.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam import metrics
from apache_beam.ml.inference import base
from apache_beam.options import pipeline_options

from tfcolor import images, runtimes
from tfcolor.colorizing import failures, folder, planning, reduction, tone
from tfcolor.support import errors

Pair = tuple[str, str]  # paths of a photograph and of its result
Plane = np.ndarray
PASSED_OVER = "passed-over"  # the name of a counter


def colorize_files(
    model: Path | str | None,
    pairs: Sequence[tuple[Path, Path]],
    options: folder.FileOptions,
    place: Path,
    flags: Sequence[str],
) -> int | None:
    """Colorizes photographs with the runner that the flags name; see `folder.colorize_files`.

    The pipeline itself lists failures in `place`; results that exist already are kept.

    Args:
      model: see `runtimes.load`.
      pairs: (source, target), from `planning.plan`.
      options: applied to each photograph; without hints, comparisons or GIFs.
      place: the folder for the list of failures.
      flags: Beam's own, such as "--runner=FlinkRunner".

    Returns:
      How many photographs were passed over; None if the runner does not count.

    Raises:
      ValueError: if the model is none of ours.
      OSError: if a server does not answer.
    """
    net = runtimes.load(model, threads=1)  # raises here, in one line, if it cannot be used
    collisions = planning.collisions(pairs)
    waiting = [
        (str(source), str(target))
        for source, target in pairs
        if (source, target) not in collisions and (options.overwrite or not target.exists())
    ]
    doubled = [folder.Result(*pair, reason=reason) for pair, reason in collisions.items()]
    with beam.Pipeline(options=pipeline_options.PipelineOptions(list(flags))) as pipeline:
        read = (
            pipeline
            | "Photographs" >> beam.Create(waiting)
            | "Scatter" >> beam.Reshuffle()
            | "Reduce" >> beam.ParDo(_Reduce(options, net.size)).with_outputs("failed", main="l")
        )
        unpainted = read["l"] | "Colors" >> base.RunInference(
            base.KeyedModelHandler(_Handler(model))
        )
        unwritten = unpainted | "Paint" >> beam.ParDo(_Paint(options))
        _ = (
            (read["failed"], unwritten, pipeline | "Doubled" >> beam.Create(doubled))
            | "Failures" >> beam.Flatten()
            | "Together" >> beam.combiners.ToList()
            | "List" >> beam.Map(_list_failures, str(place))
        )
    try:
        counters = pipeline.result.metrics().query()["counters"]
    except NotImplementedError:
        return None
    return sum(each.result for each in counters if each.key.metric.name == PASSED_OVER)


class _Handler(base.ModelHandler[Plane, base.PredictionResult, runtimes.Network]):
    """Opens the network once per worker process and applies it to one plane after the other."""

    def __init__(self, model: Path | str | None) -> None:
        super().__init__()
        self._model = model

    def load_model(self) -> runtimes.Network:
        return runtimes.load(self._model, threads=1)

    def run_inference(
        self,
        batch: Sequence[Plane],
        model: runtimes.Network,
        inference_args: Mapping[str, Any] | None = None,
    ) -> Iterable[base.PredictionResult]:
        for l in batch:
            yield base.PredictionResult(l, reduction.colors(model, l))


class _Reduce(beam.DoFn):
    """A photograph -> its lightness, reduced for the network; or a failure if it is unreadable.

    One that has its color already is counted and left out.
    """

    def __init__(self, options: folder.FileOptions, own_size: int) -> None:
        self._options, self._own_size = options, own_size
        self._passed_over = metrics.Metrics.counter(PASSED_OVER, PASSED_OVER)

    def process(self, pair: Pair) -> Iterator[Any]:
        try:
            photograph = images.read(pair[0])
            if not self._options.recolor and tone.why_not_to_color(photograph):
                self._passed_over.inc()
                return
            yield pair, self._options.reduce(photograph.pixels, self._own_size)
        except Exception as error:  # Any error concerns this photograph only.
            yield beam.pvalue.TaggedOutput("failed", _failed(pair, error))


class _Paint(beam.DoFn):
    """Writes a photograph in its colors; yields a result only if that fails."""

    def __init__(self, options: folder.FileOptions) -> None:
        self._options = options

    def process(self, element: tuple[Pair, base.PredictionResult]) -> Iterator[folder.Result]:
        pair, (l, ab, *_) = element
        try:
            photograph = images.read(pair[0])
            photograph = photograph.with_pixels(self._options.paint(photograph.pixels, l, ab))
            images.write(pair[1], photograph, self._options.provenance, times_of=pair[0])
        except Exception as error:  # Any error concerns this photograph only.
            yield _failed(pair, error)


def _failed(pair: Pair, error: Exception) -> folder.Result:
    reason = failures.naming(Path(pair[0]), errors.of_photograph(error))
    return folder.Result(Path(pair[0]), Path(pair[1]), reason=reason)


def _list_failures(failed: list[folder.Result], place: str) -> None:
    failures.write(Path(place), [(each.source, str(each.reason)) for each in failed])
