"""Smooths colors over time, along the motion of the picture.

The colors of a network that sees single frames flicker with the grain and the light. Where the
picture can be tracked from one frame to the next, its colors are a running mean; where it cannot
(things that come into view or move too fast), and after a cut, the mean starts anew.

All of it happens at the size that the network sees, so that it costs little.
"""

import dataclasses

import cv2
import numpy as np

DISTANCE = 1.5  # pixels by which the flow there and back may miss; with more, a place is lost
DIFFERENCE = 0.1  # in l, 5 L*, less the whole picture's change; with more, it is something else
ALIKE = 6 / 110  # in ab; colors this close are smoothed even where tracking is not trusted
CUT = 0.15  # mean trust; less is another scene: within one it is 0.7 and more, across cuts 0.02


@dataclasses.dataclass(frozen=True)
class Moment:
    """The state after a frame, which the next one needs.

    Attributes:
      l: what the network saw, L* / 50 - 1; float32 (h, w) in [-1, 1].
      ab: its smoothed colors, a*b* / 110; float32 (h, w, 2).
      frames: how many frames each color is the mean of; float32 (h, w), 1 or more.
      in_color: whether its scene is in color already; `steady` does not know.
      is_painted: whether any frame of the film so far was colorized; `steady` does not know.
    """

    l: np.ndarray
    ab: np.ndarray
    frames: np.ndarray
    in_color: bool = False
    is_painted: bool = False

    @property
    def begins_scene(self) -> bool:
        """Whether nothing of the frame before is in it."""
        return bool((self.frames == 1).all())


def steady(before: Moment | None, l: np.ndarray, ab: np.ndarray, smoothing: float) -> Moment:
    """Smooths the colors of the next frame of a film; returns its moment.

    The first frames of a scene count equally; later ones have the weight `1 - smoothing`.

    Args:
      before: the moment of the frame before; None for the first.
      l: of this frame; float32 (h, w) in [-1, 1].
      ab: the network's colors for it; float32 (h, w, 2).
      smoothing: largest weight of the colors before, in [0, 1); 0 leaves them out.
    """
    anew = Moment(l, ab, np.ones_like(l))
    if before is None or smoothing == 0 or before.l.shape != l.shape:
        return anew
    where, trust = follow(before.l, l)
    if is_cut(trust):
        return anew
    frames, change = _take(before.frames, where), _take(before.ab, where) - ab
    trust = np.maximum(trust, np.exp(-np.square(change).sum(axis=-1) / ALIKE**2))
    weight = trust * np.minimum(smoothing, frames / (frames + 1))
    return Moment(l, ab + weight[..., None] * change, 1 + trust * frames)


def is_cut(trust: np.ndarray) -> bool:
    """Whether so little of the picture was in the frame before that it is another scene."""
    return float(trust.mean()) < CUT


def follow(before: np.ndarray, l: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel was in the frame before, and how far that can be trusted.

    The optical flow is by dense inverse search (Kroeger et al. 2016, arXiv:1603.03590), both ways.
    A place is trusted if the flow there and back ends where it began and the lightness agrees,
    except for a change of the whole picture: the light of old films flickers.

    Args:
      before, l: float32 (h, w) in [-1, 1].

    Returns:
      (x, y) in the frame before, float32 (h, w, 2), pixels; trust, float32 (h, w) in [0, 1].
    """
    first, second = _as_bytes(before), _as_bytes(l)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    height, width = l.shape
    back = search.calc(second, first, np.zeros((height, width, 2), np.float32))
    forth = search.calc(first, second, np.zeros((height, width, 2), np.float32))
    place = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    where = (place + back).astype(np.float32)
    astray = np.square(back + _take(forth, where)).sum(axis=-1)
    change = l - _take(before, where)
    change = cv2.blur(change - np.median(change), (3, 3))  # blurred, so that grain does not count
    trust = np.exp(-astray / DISTANCE**2 - np.square(change / DIFFERENCE)).astype(np.float32)
    within = (where >= -0.5) & (where <= np.array([width, height]) - 0.5)
    return where, trust * within.all(axis=-1)


def _take(plane: np.ndarray, where: np.ndarray) -> np.ndarray:
    """A plane's values at places; float32, the shape of the places."""
    x, y = where[..., 0], where[..., 1]
    return cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _as_bytes(l: np.ndarray) -> np.ndarray:
    return np.clip((l + 1) * 127.5, 0, 255).astype(np.uint8)
