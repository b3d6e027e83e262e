"""The generator that comes with the package, and the facts stored beside its weights."""

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import keras

from tfcolor.models import blocks, colornet, hintnet

WEIGHTS = Path(__file__).parent / "weights" / "tfcolor.npz"  # float16, by Keras path
CARD = WEIGHTS.with_suffix(".json")


@dataclasses.dataclass(frozen=True)
class Card:
    """Facts about the weights; `bin/make-bundled` writes them.

    Attributes:
      generator: "colornet" or "hintnet".
      width: of the decoder of a hintnet.
      image_size: short side that it is meant to see, pixels.
      chroma: factor of the chroma that it predicts, against dull color; see docs/model.md.
      uniform_share: of the rebalanced classes in its training.
      calibration: of the probabilities of these classes, see `quantize.probabilities`.
      crops: photographs that it saw in training, one counted as often as it was seen.
      training: sentences on what it was trained on.
      about, rows: its figures, see `modelcard.Figures`.
    """

    generator: str
    width: int
    image_size: int
    chroma: float
    uniform_share: float
    calibration: float
    crops: int
    training: str
    about: str
    rows: list[list[str]]

    @property
    def stride(self) -> int:
        """Pixels; the sides of its planes must be multiples of it."""
        return {"colornet": colornet.STRIDE, "hintnet": hintnet.STRIDE}[self.generator]


@functools.cache
def card() -> Card:
    """The facts of the weights in the package."""
    facts: dict[str, Any] = json.loads(CARD.read_text(encoding="utf-8"))
    return Card(**facts)


def build() -> keras.Model:
    """The generator with its weights and its factor of chroma; see `colornet` and `hintnet`."""
    facts = card()
    if facts.generator == "colornet":
        generator = colornet.build(chroma=facts.chroma)
    else:
        generator = hintnet.build(facts.width, chroma=facts.chroma)
    blocks.fill(generator, WEIGHTS)
    return generator
