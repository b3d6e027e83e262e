"""The report as one page of HTML that needs nothing beside it; page.html says how it looks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfcolor.analysis import preprocessing, stream
from tfcolor.pages import webpage

TEMPLATE = Path(__file__).with_suffix(".html")
SUMMARY = ("mean", "std", "min", "p5", "median", "p95", "max")


def render(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    """The page.

    Args:
      report: what `analysis.json` says; the numbers of the tables are its numbers.
      pictures: name -> PNG file; "gray", "sepia" and "augment" may be missing.
    """
    return webpage.render(
        TEMPLATE,
        report=report,
        pictures=pictures,
        tables=_tables(report),
        side=stream.SIDE,
        clipped=preprocessing.CLIPPED,
    )


def _tables(report: Mapping[str, Any]) -> dict[str, webpage.Table]:
    """The tables of the page, by name."""
    rules = report["rules"]["brightness"]
    adjusted = ("method", "photographs", "mean", "std", "clipped", "change")
    grays = ("method", "shift", "spread", "distance")
    named = {name.replace("_", " "): each for name, each in report["photographs"].items()}
    planes = {"L*": "l", "a*": "a", "b*": "b"}
    return {
        "photographs": webpage.Table(
            ["of a photograph", *SUMMARY],
            [[name, *_values(each, SUMMARY)] for name, each in named.items()],
        ),
        "large_enough": webpage.Table(
            ["short side at least", "share"],
            [[f"{size} pixels", share] for size, share in report["large_enough"].items()],
        ),
        "brightness": webpage.Table(
            ["class", "photographs", "share", "rule"],
            [
                [name, each["count"], each["share"], rules[name]]
                for name, each in report["brightness"].items()
            ],
        ),
        "pixels": webpage.Table(
            ["of a pixel", *SUMMARY],
            [[name, *_values(report["pixels"][key], SUMMARY)] for name, key in planes.items()],
        ),
        "preprocessing": webpage.Table(
            ["", "photographs", "mean L*", "contrast", "clipped", "change"],
            [_values(row, adjusted) for row in report["preprocessing"]],
        ),
        "gray_methods": webpage.Table(
            grays, [_values(row, grays) for row in report["gray_methods"]]
        ),
    }


def _values(row: Mapping[str, Any], columns: Sequence[str]) -> list[Any]:
    return [row[column] for column in columns]
