"""Draws the pictures of docs/report/: curves of the collected runs, galleries of their models."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import catalog
import collect
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfcolor.color import cielab
from tfcolor.data import samples
from tfcolor.evaluation import record, scores
from tfcolor.evaluation.report import choice
from tfcolor.pages import plots

CELL = 144  # pixels, of a photograph in a gallery
GALLERY = 8  # photographs
MARGIN = 18  # pixels, of a line of text
QUALITY = 82

Collected = Mapping[str, Any]  # a run, as `collect.collect` writes it


def curves(runs: Iterable[Collected], out: Path) -> None:
    """Draws validation figures and losses over CPU time, one line per run."""
    runs = list(runs)
    for group in catalog.GROUPS:
        members = [run for run in runs if run["group"] == group]
        if not members:
            continue
        drawn, ((left, right),) = plots.subplots(1, 2, width=10, height=4)
        for run in members:
            for axis, tag in ((left, "val/ab_error"), (right, "val/colorfulness")):
                points = np.array(run["curves"][tag])
                axis.plot(minutes(run, points[:, 0]), points[:, 1], ".-", label=run["name"])
        left.set(xlabel="minutes of processor time", ylabel="ab error, Lab units; lower is better")
        right.set(xlabel="minutes of processor time", ylabel="colorfulness")
        right.legend(frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
        (out / f"{group}-curves.png").write_bytes(plots.png(drawn))
    judged = [run for run in runs if run["group"] == "recipes" and "train/d_loss" in run["curves"]]
    if judged:
        drawn, (axes,) = plots.subplots(1, len(judged), width=2.2 * len(judged), height=2.6)
        for axis, run in zip(axes, judged, strict=True):
            for tag in ("train/d_loss", "train/g_gan"):
                points = np.array(run["curves"][tag])
                axis.plot(minutes(run, points[:, 0]), points[:, 1], linewidth=1, label=tag[6:])
            axis.set(title=run["name"], xlabel="minutes")
        axes[0].legend(frameon=False, fontsize=7)
        (out / "adversaries.png").write_bytes(plots.png(drawn))


def shipped(run: Collected, out: Path) -> None:
    """Draws the validation figures of one run over its steps, with the ends of its stages."""
    drawn, ((left, right),) = plots.subplots(1, 2, width=10, height=3)
    ends = np.cumsum([stage["steps"] for stage in run["stages"]])[:-1]
    for axis, tag, label in (
        (left, "val/ab_error", "ab error, Lab units; lower is better"),
        (right, "val/colorfulness", "colorfulness"),
    ):
        points = np.array(run["curves"][tag])
        axis.plot(points[:, 0], points[:, 1], ".-")
        for end in ends:
            axis.axvline(end, color="0.8", linewidth=1)
        axis.set(xlabel="step", ylabel=label)
    (out / "shipped-curves.png").write_bytes(plots.png(drawn))


def minutes(run: Collected, steps: np.ndarray) -> np.ndarray:
    """CPU minutes at steps: the whole run's, distributed by the cost of a step in each stage."""
    ends = np.cumsum([0] + [stage["steps"] for stage in run["stages"]])
    costs = np.cumsum([0] + [stage["steps"] * stage["cpu_s"] for stage in run["stages"]])
    return np.interp(steps, ends, costs / costs[-1] * run["cpu_minutes"])


def gallery(folder: Path, out: Path) -> None:
    """Draws held-out photographs, colorized by every recipe and by the shipped model."""
    alone = [run for run in catalog.RUNS if run.group == catalog.RECIPES and not run.control]
    names = [*(run.name for run in alone), collect.SHIPPED.name]
    held_out = collect.held_out()[:GALLERY]
    made = [colorized(folder, name, held_out) for name in names]
    truth = [_truth(name) for name in held_out]
    rows = [list(row) for row in zip(map(_gray, truth), *made, truth, strict=True)]
    _save(_grid(rows, ["gray", *names, "truth"]), out / "gallery.jpg")


def colorized(folder: Path, model: str, names: list[str]) -> list[np.ndarray]:
    """Bundled photographs as `collect` had them colorized."""
    pictures = folder / "pictures" / model
    return [np.asarray(Image.open(pictures / name).convert("RGB")) for name in names]


def examples(folder: Path, out: Path) -> dict[str, Any]:
    """Draws a realistic colorization with a low SSIM, and a dull one with a high SSIM.

    It chooses among all held-out photographs, the recipes and the shipped model.

    Returns:
      Name of the example -> model, photograph, and figures of the model, gray and the truth;
      without an example that no colorization fits.
    """
    evaluation = record.read(folder / "samples-evaluation.json")
    view = choice.View(evaluation)
    gray, truth = (
        view.values(row, metric)
        for row, metric in ((scores.GRAY, choice.SSIM), (scores.TRUTH, choice.COLORFULNESS))
    )
    least, most = choice.NEAR_COLORFULNESS
    candidates: dict[str, list[tuple[float, str, int]]] = {"realistic": [], "dull": []}
    for row in evaluation.models:
        ssim, delta = view.values(row, choice.SSIM), view.values(row, choice.DELTA)
        ratio, colorful = view.colorfulness_ratio(row), truth >= choice.COLORFUL
        is_near = (ratio >= least) & (ratio <= most)
        for kind, chosen, rank in (
            ("realistic", colorful & is_near & (ssim < gray), delta),
            ("dull", colorful & (ratio < choice.DULL), -ssim),
        ):
            candidates[kind] += [(float(rank[at]), row, int(at)) for at in np.flatnonzero(chosen)]
    found = {}
    for kind, pictures in candidates.items():
        if not pictures:
            continue
        _, row, place = min(pictures)
        name = evaluation.names[view.places[place]]
        rgb, made = _truth(name), colorized(folder, row, [name])
        labels = ["gray", row, "truth"]
        _save(_grid([[_gray(rgb), *made, rgb]], labels, cell=256), out / f"{kind}.jpg")
        found[kind] = {"model": row, "photograph": name} | {
            f"{metric}{suffix}": round(float(view.values(which, metric)[place]), 3)
            for metric, control in (
                ("ssim", scores.GRAY),
                ("delta_e00", scores.GRAY),
                ("colorfulness", scores.TRUTH),
            )
            for which, suffix in ((row, ""), (control, f"_{control}"))
        }
    return found


def _truth(name: str) -> np.ndarray:
    return np.asarray(Image.open(samples.FOLDER / name).convert("RGB"))


def _gray(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(cielab.without_color(rgb))


def _grid(rows: list[list[np.ndarray]], labels: list[str], cell: int = CELL) -> Image.Image:
    """A picture of rows of pictures under a line of labels."""
    drawn = Image.new("RGB", (cell * len(labels), MARGIN + cell * len(rows)), "white")
    pen = ImageDraw.Draw(drawn)
    for x, label in enumerate(labels):
        pen.text((x * cell + 4, 2), label, fill="black", font=ImageFont.load_default(11))
    for y, row in enumerate(rows):
        for x, rgb in enumerate(row):
            picture = Image.fromarray(rgb).resize((cell - 2, cell - 2), Image.Resampling.LANCZOS)
            drawn.paste(picture, (x * cell, MARGIN + y * cell))
    return drawn


def _save(image: Image.Image, path: Path) -> None:
    image.save(path, quality=QUALITY, optimize=True)
