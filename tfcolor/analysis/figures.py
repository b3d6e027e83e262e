"""Charts of the study, by matplotlib without a display."""

from typing import Any

import matplotlib
import numpy as np
from matplotlib import axes, figure

from tfcolor.analysis import gray, preprocessing, statistics
from tfcolor.color import cielab
from tfcolor.pages import plots

LINES = {"l": "0.35", "a": "#c2407f", "b": "#b8860b"}
TITLES = {
    "luminance": ("luminance", "mean L*"),
    "contrast": ("contrast", "standard deviation of L*"),
    "colorfulness": ("colorfulness", "Hasler and Süsstrunk's M3"),
    "chroma": ("chroma", "mean Lab chroma"),
}


def sizes(totals: statistics.Statistics) -> figure.Figure:
    """Width against height, and a histogram of aspect ratios."""
    drawn, ((left, right),) = plots.subplots(1, 2, height=3.8)
    edges = 2.0 ** np.linspace(4, 14, len(totals.sizes) + 1)
    rows, columns = (np.flatnonzero(totals.sizes.any(axis=axis)) for axis in (1, 0))
    counts = np.ma.masked_equal(totals.sizes.T, 0)
    mesh = left.pcolormesh(edges, edges, counts, norm="log", cmap="viridis")
    shown = np.concatenate([rows, columns])
    limits = edges[max(shown.min() - 2, 0)], edges[min(shown.max() + 3, len(edges) - 1)]
    left.set(xscale="log", yscale="log", xlim=limits, ylim=limits, aspect="equal")
    ticks = [2**power for power in range(4, 15) if limits[0] <= 2**power <= limits[1]]
    for axis in (left.xaxis, left.yaxis):
        axis.set_ticks(ticks, labels=[str(tick) for tick in ticks])
        axis.set_ticks([], minor=True)
    left.set(xlabel="width, pixels", ylabel="height, pixels", title="sizes")
    drawn.colorbar(mesh, ax=left, label="photographs")
    _bars(right, totals.photographs["aspect"])
    right.set(xlabel="width / height", ylabel="photographs", title="aspects", yscale="log")
    return drawn


def distributions(totals: statistics.Statistics) -> figure.Figure:
    """Histograms over photographs of luminance, contrast, colorfulness and chroma."""
    drawn, grid = plots.subplots(2, 2, height=5.2)
    for axis, (name, (title, label)) in zip(grid.flat, TITLES.items(), strict=True):
        distribution = totals.photographs[name]
        _bars(axis, distribution)
        axis.axvline(distribution.quantile(0.5), color="#c2407f", label="median")
        axis.set(title=title, xlabel=label, ylabel="photographs")
        axis.legend(frameon=False)
    return drawn


def planes(totals: statistics.Statistics) -> figure.Figure:
    """Histograms of L*, a* and b* over pixels."""
    drawn, (grid,) = plots.subplots(1, 3)
    for axis, (name, distribution) in zip(grid, totals.pixels.items(), strict=True):
        share = distribution.counts / distribution.count
        axis.stairs(share, distribution.edges, fill=True, color=LINES[name])
        axis.set(xlabel=f"{name.upper() if name == 'l' else name}*", ylabel="share of pixels")
        if name != "l":  # gray pixels outnumber all others
            axis.set_yscale("log")
    return drawn


def density(totals: statistics.Statistics) -> figure.Figure:
    """Density of pixels in the ab plane, within the outline of sRGB."""
    drawn, ((axis,),) = plots.subplots(1, 1, width=6.2, height=5.2)
    limit = statistics.AB_LIMIT
    share = np.ma.masked_equal(totals.density.T / totals.density.sum(), 0)
    shown = axis.imshow(
        share, origin="lower", extent=(-limit, limit, -limit, limit), norm="log", cmap="viridis"
    )
    axis.plot(*outline().T, color="#c2407f", label="gamut of sRGB")
    axis.set(xlabel="a*", ylabel="b*", title="density of colors")
    axis.legend(loc="lower left", frameon=False)
    drawn.colorbar(shown, ax=axis, label="share of pixels in 2 x 2 Lab units")
    return drawn


def outline() -> np.ndarray:
    """The outline of sRGB in the ab plane; float64 (361, 2), closed."""
    ramp = np.linspace(0, 1, 129, dtype=np.float32)
    square = np.stack([np.repeat(ramp, len(ramp)), np.tile(ramp, len(ramp))], axis=-1)
    faces = [np.insert(square, channel, end, axis=-1) for channel in range(3) for end in (0.0, 1.0)]
    ab = np.asarray(cielab.rgb_to_lab(np.concatenate(faces)))[:, 1:]
    degree = (np.degrees(np.arctan2(ab[:, 1], ab[:, 0])) % 360).astype(int)
    chroma = np.zeros(360)
    np.maximum.at(chroma, degree, np.hypot(*ab.T))
    angle = np.radians(np.arange(361) + 0.5)
    return np.append(chroma, chroma[0])[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)


def preprocessed(totals: statistics.Statistics) -> figure.Figure:
    """One photograph's lightness after each method, with its histogram and the cumulative one."""
    (picture,) = totals.typical.pictures
    lightness = np.asarray(cielab.rgb_to_lab(picture.rgb))[..., 0]
    methods = list(preprocessing.METHODS)
    drawn, grid = plots.subplots(3, len(methods), width=11, height=5.6)
    for (top, middle, bottom), method in zip(grid.T, methods, strict=True):
        made = preprocessing.apply(lightness, method)
        top.imshow(made, cmap="gray", vmin=0, vmax=100)
        top.set_axis_off()
        top.set_title(method)
        counts, edges = np.histogram(made, 50, (0, 100))
        middle.stairs(counts / made.size, edges, fill=True, color=LINES["l"])
        bottom.stairs(counts.cumsum() / made.size, edges, baseline=None, color=LINES["a"])
        middle.set_ylim(0, 0.2)
        bottom.set(ylim=(0, 1.05), xlabel="L*")
        middle.tick_params(labelbottom=False)
    for axis in grid[1:, 1:].flat:
        axis.tick_params(labelleft=False)
    grid[1, 0].set_ylabel("histogram")
    grid[2, 0].set_ylabel("cumulative")
    return drawn


def gray_methods(compared: gray.Comparison, rows: list[dict[str, Any]]) -> figure.Figure:
    """Histograms of L* over all pixels, and the distance of each gray conversion from L*."""
    drawn, ((left, right),) = plots.subplots(1, 2, height=3.8)
    colors = matplotlib.colormaps["tab10"].colors
    for shade, (method, distribution) in zip(colors, compared.lightness.items(), strict=False):
        share = distribution.counts / distribution.count
        middles = (distribution.edges[1:] + distribution.edges[:-1]) / 2
        left.plot(middles, share, color=shade, linewidth=1, label=method)
        left.set(xlabel="L*", ylabel="share of pixels", title="lightness of all pixels")
    # The axis leaves out the spikes at black and white, unless the picture has no other levels.
    left.set_ylim(0, 1.5 * (np.sort(share)[-4] or share.max()))
    left.legend(frameon=False, ncols=2, fontsize=7)
    names = [row["method"] for row in rows]
    right.barh(names, [row["distance"] for row in rows], color=colors[: len(names)])
    right.invert_yaxis()
    right.set(xlabel="mean absolute distance, L*", title="distance from L*")
    return drawn


def _bars(axis: axes.Axes, distribution: statistics.Distribution) -> None:
    """Draws the filled bins, and a few empty ones on either side."""
    filled = np.flatnonzero(distribution.counts)
    first, last = max(int(filled[0]) - 5, 0), int(filled[-1]) + 6
    axis.stairs(
        distribution.counts[first:last],
        distribution.edges[first : last + 1],
        fill=True,
        color="#4878a8",
    )
