"""Takes the colors of another picture of the same scene, such as one that an editor made.

Editors that generate pictures change faces, hands and letters. The photograph keeps its own
lightness; the other picture is brought onto it, and its colors count where it fits.
"""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from tfcolor import runtimes
from tfcolor.color import cielab_numpy, constants
from tfcolor.colorizing import local_hints, marks, motion, reduction
from tfcolor.images.resizing import arrays
from tfcolor.support import errors

COMPARED = 384  # short side at which pictures are compared, pixels
FEATURES = 4000  # at the most, for the first alignment
CORNER = 7  # levels by which a corner differs from what is around it
RATIO = 0.8  # of the distances to the best and the second-best match (Lowe 2004, 7.1)
ASTRAY = 6.0  # pixels by which matches that agree may miss
INLIERS = 12  # fewer matches that agree are no alignment
WINDOW = 13  # pixels; in such a square the pictures are compared
CORRELATED = 0.55  # least correlation of lightness there, where there is texture
TEXTURE = 2.5  # L*; standard deviation above which there is texture
OFF = 9.0  # L*; largest mean difference where there is none
BACK = 1.5  # pixels; flow there and back ends this near to where it began
MARGIN = 3  # pixels that are left out around what does not fit; odd
LEAST = 0.01  # share of a photograph that another picture of the scene fits; others fit 0.003
GRAY = 2.0  # a* and b*; a picture without more is gray
TONES = 64  # ranks of lightness at which tones are matched

Features = tuple[np.ndarray, np.ndarray | None]  # see `_features`


@dataclasses.dataclass(frozen=True)
class Fitting:
    """Colors of another picture, brought onto a photograph.

    Attributes:
      ab: a*b* / 110, float32 (h, w, 2).
      fits: where they belong to what is in the photograph, bool (h, w).
    """

    ab: np.ndarray
    fits: np.ndarray


class Source:
    """A picture to take colors from, prepared for any number of photographs.

    Attributes:
      side: short side at which it is compared, pixels.
      lab: it at that size, CIE Lab; float32 (h, w, 3).
    """

    def __init__(self, other: np.ndarray, side: int = COMPARED) -> None:
        """Prepares a picture, uint8 or uint16 (h, w, 3), sRGB.

        Raises:
          ValueError: if it is gray or too small.
        """
        gray = errors.InputError("the picture to take colors from is gray; give one in color")
        if other.ndim == 2:
            raise gray
        levels = arrays.resize(other, *reduction.reduced_shape(other, side))
        small = np.rint(levels * np.float32(65535 / np.iinfo(other.dtype).max)).astype(np.uint16)
        self.side, self.lab = side, cielab_numpy.rgb_to_lab(small)
        if np.abs(self.lab[..., 1:]).max() < GRAY:
            raise gray
        self.features = _features(self.lab[..., 0])


def fit(pixels: np.ndarray, source: Source) -> Fitting:
    """Brings another picture of the scene onto a photograph.

    A first, affine alignment by matching features (ORB, Rublee et al. 2011) takes out another size
    and crop; optical flow on lightness (Kroeger et al. 2016, arXiv:1603.03590) then takes out small
    shifts.

    Args:
      pixels: the photograph, uint8 or uint16, gray (h, w) or sRGB (h, w, 3).
      source: the other picture.

    Returns:
      Its colors at the size that `reduction.reduce` gives for the side of the source.

    Raises:
      ValueError: if the photograph is too small, or the other picture shows something else.
    """
    (fitting,) = fit_all(pixels, [source])
    if fitting.fits.mean() < LEAST:
        raise errors.InputError(
            "the picture to take colors from shows something else; give one of the same scene"
        )
    return fitting


def fit_all(pixels: np.ndarray, sources: Sequence[Source]) -> list[Fitting]:
    """`fit` of one or more pictures of the same `side`, which may show something else."""
    lightness = (reduction.reduce(pixels, sources[0].side) + 1) * np.float32(constants.L_SCALE)
    features = _features(lightness)
    return [_fit(lightness, features, source) for source in sources]


def _fit(lightness: np.ndarray, features: Features, source: Source) -> Fitting:
    lab, inside = _aligned(lightness, features, source)
    if not inside.any():
        return Fitting(np.zeros((*lightness.shape, 2), np.float32), inside)
    lab[..., 0] = _matched(lab[..., 0], lightness, inside)
    lab, inside = _flowed(lightness, lab, inside)
    fits = inside & _alike(lightness, lab[..., 0])
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * MARGIN + 1,) * 2)
    small = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (MARGIN,) * 2)
    filled = cv2.morphologyEx(fits.astype(np.uint8), cv2.MORPH_CLOSE, small)
    fits = cv2.erode(filled, kernel, borderValue=1) > 0
    return Fitting(lab[..., 1:] / np.float32(constants.AB_SCALE), fits & inside)


def colors(
    network: runtimes.Network,
    l: np.ndarray,
    fitting: Fitting,
    hints: Sequence[marks.Mark],
    shape: tuple[int, int],
    saturation: float = 1.0,
) -> np.ndarray:
    """The other picture's colors where it fits, and elsewhere the network's that agree with them.

    Args:
      network: a network that takes hints gets those colors as hints; those of others are
        corrected, see `local_hints`.
      l: float32 (h, w), as the network sees it.
      fitting: of the same photograph, see `fit`.
      hints, shape, saturation: see `marks.lay`; hints go before the other picture.

    Returns:
      a*b* / 110, float32 (h, w, 2).
    """
    share = arrays.resize(fitting.fits.astype(np.float32), *l.shape)
    known = arrays.resize(fitting.ab * fitting.fits[..., None], *l.shape)
    known /= np.maximum(share, 1e-3)[..., None] * np.float32(saturation or 1.0)
    if network.takes_hints:
        guess = reduction.colors(network, l, marks.joined(known, share))
    else:
        guess = reduction.colors(network, l)
        guess = guess + local_hints.propagate(l, share, known - guess)
    ab = guess + share[..., None] * (known - guess)
    loose = marks.spreading(hints)
    ab = local_hints.spread(l, ab, loose, shape, saturation, local_hints.HELD)
    return marks.fill(l, ab, hints, shape, saturation)


def _aligned(
    lightness: np.ndarray, features: Features, source: Source
) -> tuple[np.ndarray, np.ndarray]:
    """The other picture, moved as a whole onto the photograph, and where there is some of it."""
    (height, width), lab = lightness.shape, source.lab
    matrix = _affine(features, source.features)
    if matrix is None:  # taken for the same view
        matrix = np.diag([width / lab.shape[1], height / lab.shape[0], 1])[:2]
    size = (width, height)
    moved = cv2.warpAffine(lab, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.ones(lab.shape[:2], np.float32), matrix, size) > 0.99
    return moved, inside


def _features(lightness: np.ndarray) -> Features:
    """Places (n, 2), x and y, and descriptors (n, 32) of what is distinctive; or none."""
    finder = cv2.ORB.create(FEATURES, fastThreshold=CORNER)
    places, described = finder.detectAndCompute(motion.levels(lightness), None)
    return np.array([place.pt for place in places], np.float32).reshape(-1, 2), described


def _affine(ours: Features, theirs: Features) -> np.ndarray | None:
    """The affine map (2, 3) from the other picture to the photograph, if matches agree on one."""
    (here, described), (there, other) = ours, theirs
    if described is None or other is None or min(len(here), len(there)) < 2:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(other, described, k=2)
    best = [first for first, second in pairs if first.distance < RATIO * second.distance]
    if len(best) < INLIERS:
        return None
    source = there[[match.queryIdx for match in best]]
    target = here[[match.trainIdx for match in best]]
    matrix, agree = cv2.estimateAffine2D(source, target, ransacReprojThreshold=ASTRAY)
    return matrix if matrix is not None and agree.sum() >= INLIERS else None


def _matched(other: np.ndarray, lightness: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The other picture's lightness with the photograph's tones, by equal ranks."""
    ranks = np.linspace(0, 100, TONES)
    theirs, ours = (np.percentile(each[inside], ranks) for each in (other, lightness))
    # Rounding may leave neighbors among the ranks out of order.
    return np.interp(other, np.maximum.accumulate(theirs), ours).astype(np.float32)


def _flowed(
    lightness: np.ndarray, lab: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The other picture, moved along optical flow, and where flow there and back agree."""
    preset = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM
    where, missed = motion.flow(lightness, lab[..., 0], preset)
    seen = motion.take(inside.astype(np.float32), where, cv2.BORDER_CONSTANT) > 0.99
    return motion.take(lab, where), seen & (missed < BACK)


def _alike(lightness: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where two planes of lightness look alike: in their texture, or, without any, in tone."""
    window = (WINDOW, WINDOW)

    def mean(plane: np.ndarray) -> np.ndarray:
        return cv2.blur(plane, window)

    ours, theirs = mean(lightness), mean(other)
    variances = [
        np.maximum(mean(plane**2) - average**2, 0)
        for plane, average in ((lightness, ours), (other, theirs))
    ]
    common = mean(lightness * other) - ours * theirs
    correlation = common / np.sqrt(np.maximum(variances[0] * variances[1], 1e-6))
    is_textured = np.maximum(*variances) > TEXTURE**2
    is_near = mean(np.abs(lightness - other)) < OFF
    return np.where(is_textured, correlation > CORRELATED, is_near)
