"""Analyzes photographs, from the files to the page."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfcolor import config, data
from tfcolor.analysis import (
    conclusion,
    figures,
    gray,
    grids,
    measures,
    page,
    preprocessing,
    statistics,
    stream,
)
from tfcolor.color import brightness
from tfcolor.data import photographs
from tfcolor.pages import plots, webpage
from tfcolor.support import disk, errors

FIGURES, PICTURES = "analysis.json", "analysis"  # beside the page
Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class Survey:
    """Measurements to draw, and the contents of `analysis.json`."""

    totals: statistics.Statistics
    grays: gray.Comparison
    report: dict[str, Any]


def analyze(
    settings: config.DataConfig,
    part: str,
    out: Path,
    limit: int | None = None,
    augment: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Analyzes photographs and writes `analysis.html`, `analysis.json` and, below, PNG files.

    The same photographs give the same report. Memory does not grow with their number.

    Args:
      settings: the source, and `min_chroma`, under which a photograph counts as gray.
      part: one of `data.PARTS`.
      out: the folder to write to; made if it is not there.
      limit: analyze at most this many, spread over the set.
      augment: show `film.simulate` on a few photographs as well.
      progress: called with the number of photographs done and the total.

    Returns:
      The contents of `analysis.json`.

    Raises:
      ValueError: if `out` is a file or has files of these names that are not ours, or no
        photograph can be used.
    """
    webpage.claim(out / webpage.ANALYSIS, out / FIGURES, out / PICTURES)
    photos = data.open_part(settings, part)
    if limit is not None:
        photos = photos.sample(limit)
    made = survey(photos, settings.min_chroma, part, progress=progress)
    pictures = _draw(made, augment)
    for name, picture in pictures.items():
        disk.write(out / PICTURES / f"{name}.png", picture)
    disk.write(out / FIGURES, json.dumps(made.report, indent=1) + "\n")
    disk.write(out / webpage.ANALYSIS, page.render(made.report, pictures))
    return made.report


def survey(
    photos: photographs.Photographs,
    min_chroma: float,
    part: str = "all",
    batch_size: int = stream.BATCH_SIZE,
    progress: Progress | None = None,
) -> Survey:
    """Measures photographs.

    Args:
      photos: the photographs to measure.
      min_chroma: Lab units; a photograph with a lower mean counts as gray.
      part: their name in the report.
      batch_size: photographs measured at a time; the figures do not depend on it.
      progress: called with the number of photographs done and the total.

    Raises:
      ValueError: if no photograph can be used.
    """
    totals = statistics.Statistics(min_chroma)
    adjusted, grays = preprocessing.Comparison(photos.count), gray.Comparison()
    for batch in stream.stream(photos, batch_size):
        measured = measures.measure(batch)
        totals.add(measured)
        adjusted.add(measured)
        grays.add(measured)
        if progress:
            progress(totals.usable, photos.count)
    if not totals.usable:
        raise errors.InputError(
            f"nothing to analyze in {photos.source}: {len(photos.skipped)} photographs are broken "
            "or too small"
        )
    if progress:
        progress(photos.count, photos.count)
    report = _report(photos, part, totals)
    report |= {"preprocessing": adjusted.report(), "gray_methods": grays.report()}
    report["conclusion"] = conclusion.conclude(report)
    return Survey(totals, grays, report)


def _report(
    photos: photographs.Photographs, part: str, totals: statistics.Statistics
) -> dict[str, Any]:
    # Sorted, since photographs are loaded in parallel and so are skipped in any order.
    reasons = [photos.skipped[name] for name in sorted(photos.skipped)]
    return {
        "source": photos.source,
        "part": part,
        "found": photos.count,
        "usable": totals.usable,
        "skipped": {"count": len(reasons), "reasons": reasons[: statistics.MAX_NAMES]},
        "min_chroma": totals.min_chroma,
        "rules": {"sepia": measures.SEPIA_RULE, "brightness": brightness.CLASSES},
        **totals.report(),
    }


def _draw(made: Survey, augment: bool) -> dict[str, bytes]:
    """Name -> PNG file, for every figure that has something to show."""
    totals, grays = made.totals, made.grays
    drawn = {
        "contact": grids.captioned(totals.contact.pictures, 10),
        "sizes": figures.sizes(totals),
        "distributions": figures.distributions(totals),
        "brightness": grids.brightness(totals),
        "planes": figures.planes(totals),
        "density": figures.density(totals),
        "channels": grids.channels(totals),
        "preprocessing": figures.preprocessed(totals),
        "gray_methods": figures.gray_methods(grays, made.report["gray_methods"]),
        "gray_examples": grids.gray_methods(grays.gallery.pictures),
    }
    for name, found in (("gray", totals.gray), ("sepia", totals.sepia)):
        if found.count:
            drawn[name] = grids.captioned(found.gallery.pictures, 8)
    if augment:
        drawn["augment"] = grids.films(totals.contact.pictures)
    return {name: plots.png(each) for name, each in drawn.items()}
