"""Figures by matplotlib, without a display."""

import io
from typing import Any

import matplotlib
from matplotlib import figure
from matplotlib.backends import backend_agg

DPI = 110
STYLE = {"font.size": 9, "axes.grid": True, "grid.alpha": 0.25}


def png(drawn: figure.Figure) -> bytes:
    """A figure as a PNG file."""
    stream = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        drawn.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    return stream.getvalue()


def subplots(
    rows: int, columns: int, width: float = 9.0, height: float = 3.0
) -> tuple[figure.Figure, Any]:
    """A figure of so many inches with its axes; object (rows, columns)."""
    with matplotlib.rc_context(STYLE):
        drawn = figure.Figure(figsize=(width, height), layout="constrained")
        backend_agg.FigureCanvasAgg(drawn)
        return drawn, drawn.subplots(rows, columns, squeeze=False)
