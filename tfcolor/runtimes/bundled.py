"""The model that comes with the package."""

from pathlib import Path

from tfcolor.runtimes import lite

PATH = Path(__file__).parents[1] / "models" / "weights" / "tfcolor-base.tflite"


def load(threads: int | None = None) -> lite.LiteNetwork:
    """The bundled network; see `runtimes.Network`.

    Args:
      threads: of one call; as many as cores by default.
    """
    return lite.LiteNetwork(PATH, threads)
