"""Colorizes one photograph in memory, as every command does with every photograph."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from tfcolor import images, runtimes
from tfcolor.colorizing import local_hints, marks, painting, reduction, variants
from tfcolor.support import errors

_Kind = TypeVar("_Kind", np.ndarray, images.Photograph)


@dataclasses.dataclass(frozen=True)
class Rendering:
    """How the colors of a network are put into a photograph.

    The steps are methods of their own for callers with something between them: another machine
    (Beam), or the colors of the previous frame (films).

    Attributes:
      size: short side that the network sees, pixels; None for the network's own size.
      strength: 1 for the network's colors, 0 for the photograph's own, and between them a mixture.
      saturation: factor of the network's chroma; hints keep theirs.
      variant: 1 for the usual coloring, 2 and so on for others that are plausible, too; they need
        a network that tells the probabilities of color classes. See `variants`.
      seed: of the variants; another one gives others.
    """

    size: int | None = None
    strength: float = 1.0
    saturation: float = 1.0
    variant: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError if a number is out of range."""
        painting.check(self.strength, self.saturation)
        if self.size is not None:
            reduction.check_size(self.size)
        if self.variant < 1 or self.seed < 0:
            raise errors.InputError("variant must be 1 or more, and seed 0 or more")

    def reduce(self, pixels: np.ndarray, own_size: int) -> np.ndarray:
        """The lightness for a network whose own size is `own_size`; see `reduction.reduce`."""
        return reduction.reduce(pixels, own_size if self.size is None else self.size)

    def colors(
        self,
        network: runtimes.Network,
        l: np.ndarray,
        hints: Sequence[marks.Mark] = (),
        shape: tuple[int, int] = (0, 0),
    ) -> np.ndarray:
        """The network's colors, corrected by hints; see `local_hints.spread` for hints, shape."""
        ab = self._spread(network, l, marks.spreading(hints), shape)
        return marks.fill(l, ab, hints, shape, self.saturation)

    def _spread(
        self,
        network: runtimes.Network,
        l: np.ndarray,
        hints: Sequence[marks.Mark],
        shape: tuple[int, int],
    ) -> np.ndarray:
        """`colors` with hints that spread.

        What a network that takes hints makes of them is nearer to the truth where there are many;
        one alone spreads farther over lightness, from colors without hints: the mean has both.
        """
        about = hints, shape, self.saturation
        told = [None, marks.planes(l, *about)] if hints and network.takes_hints else [None]
        guesses = [self._guess(network, l, planes) for planes in told]
        return np.mean([local_hints.spread(l, ab, *about) for ab in guesses], 0, np.float32)

    def _guess(
        self, network: runtimes.Network, l: np.ndarray, planes: np.ndarray | None
    ) -> np.ndarray:
        """The network's own colors, of the variant, given hints as planes."""
        ab = reduction.colors(network, l, planes)
        if self.variant == 1:
            return ab
        return ab + variants.shift(network, l, planes, self.variant, self.seed)

    def paint(self, pixels: np.ndarray, l: np.ndarray, ab: np.ndarray) -> np.ndarray:
        """The photograph in these colors; see `painting.paint`."""
        return painting.paint(pixels, l, ab, self.strength, self.saturation)

    def see(
        self,
        pixels: np.ndarray,
        network: runtimes.Network,
        hints: Sequence[marks.Mark] = (),
        colors_from: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The lightness that the network sees and the colors for it; see `colorize`."""
        l, shape = self.reduce(pixels, network.size), pixels.shape[:2]
        if colors_from is None:
            return l, self.colors(network, l, hints, shape)
        from tfcolor.colorizing import transfer

        fitting = transfer.fit(pixels, transfer.Source(colors_from))
        return l, transfer.colors(network, l, fitting, hints, shape, self.saturation)

    def render(
        self,
        pixels: np.ndarray,
        network: runtimes.Network,
        hints: Sequence[marks.Mark] = (),
        colors_from: np.ndarray | None = None,
    ) -> np.ndarray:
        """Performs all steps; see `colorize`."""
        return self.paint(pixels, *self.see(pixels, network, hints, colors_from))


def colorize(
    photograph: _Kind,
    network: runtimes.Network | None = None,
    *,
    size: int | None = None,
    strength: float = 1.0,
    saturation: float = 1.0,
    variant: int = 1,
    seed: int = 0,
    hints: Sequence[marks.Mark] = (),
    colors_from: np.ndarray | images.Photograph | None = None,
) -> _Kind:
    """A photograph in the colors of a network, its own lightness kept.

    Args:
      photograph: what `images.read` returns, or just pixels, uint8 or uint16, gray (h, w) or sRGB
        (h, w, 3), whose lightness is kept.
      network: from `runtimes.load`, or any other `runtimes.Network`; the bundled one by default.
      size, strength, saturation, variant, seed: see `Rendering`.
      hints: colors of places. A network that takes hints spreads them over what it sees as one
        object; if one does not hold at its own place, and with other networks, all spread to
        surroundings of similar lightness.
      colors_from: a color picture of the same scene, such as an editor's; its colors are taken
        where it fits the photograph, and the network adds the rest.

    Returns:
      A photograph with the metadata of the given one, or pixels (h, w, 3); of the same dtype.

    Raises:
      TypeError: if the photograph is neither, such as a path.
      ValueError: if the pixels have another form, the photograph is too small, a hint lies
        outside, or a number is out of range.
    """
    rendering = Rendering(size, strength, saturation, variant, seed)
    other = colors_from.pixels if isinstance(colors_from, images.Photograph) else colors_from
    if isinstance(photograph, images.Photograph):
        options = {**vars(rendering), "hints": hints, "colors_from": other}
        color = colorize(photograph.pixels, network, **options)
        return photograph.with_pixels(color)  # type: ignore[return-value]  # is of _Kind
    _check(photograph)
    if other is not None:
        _check(other)
    return rendering.render(photograph, network or _bundled(), hints, other)


def _check(pixels: np.ndarray) -> None:
    if not isinstance(pixels, np.ndarray):
        raise TypeError(f"give what tfcolor.read returns, or pixels; got {pixels!r}")
    is_shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype not in (np.uint8, np.uint16) or not is_shaped:
        raise ValueError(
            "pixels must be uint8 or uint16, gray (h, w) or sRGB (h, w, 3), got "
            f"{pixels.dtype} {pixels.shape}"
        )


def of_batches(network: runtimes.Network) -> Callable[[np.ndarray], np.ndarray]:
    """A network as a function uint8 (n, h, w, 3 or 1) -> uint8 (n, h, w, 3), for evaluation."""
    return lambda rgb: np.stack(
        [colorize(each[..., 0] if each.shape[-1] == 1 else each, network) for each in rgb]
    )


@functools.cache
def _bundled() -> runtimes.Network:
    return runtimes.load()
