"""Smooths colors over time, along the motion of the picture.

The colors of a network that sees single frames flicker with the grain and the light. Where the
picture can be tracked from one frame to the next, its colors are a running mean; where it cannot
(things that come into view or move too fast), and after a cut, the mean starts anew.

A running mean drifts, and is blurred by each step along the motion. So the mean of the first frames
of a scene is kept as its guess, and holds wherever a frame can be tracked back to it, until less
than a third of the picture can: then the colors at that frame are the guess. What was hidden by
something that passed is looked for where its surroundings say that it was.

All of it happens at the size that the network sees, so that it costs little.
"""

import dataclasses

import cv2
import numpy as np

DISTANCE = 1.5  # pixels by which the flow there and back may miss; with more, a place is lost
DIFFERENCE = 0.1  # in l, 5 L*, less the whole picture's change; with more, it is something else
ALIKE = 6 / 110  # in ab; colors this close are smoothed even where tracking is not trusted
CUT = 0.15  # mean trust; less is another scene: within one it is 0.7 and more, across cuts 0.02
LOST, SURE = 0.25, 0.5  # trust, up to which a place is lost, and from which it is wholly tracked
FIRST = 6  # frames of a scene whose mean is its guess
HELD = 0.3  # share of the picture that can be tracked back to the guess; with less it is made anew
AROUND = 4  # the short side over that of the surroundings that tell where a hidden place was
KNOWN = 0.1  # share of these surroundings that must be tracked


@dataclasses.dataclass(frozen=True)
class Moment:
    """The state after a frame, which the next one needs.

    Attributes:
      l: what the network saw, L* / 50 - 1; float32 (h, w) in [-1, 1].
      ab: its smoothed colors, a*b* / 110; float32 (h, w, 2).
      frames: how many frames each color is the mean of; float32 (h, w), 1 or more.
      guess_l, guess_ab: the frame whose colors its scene holds; float32 (h, w) and (h, w, 2).
      origin: (x, y) in that frame of each place, float32 (h, w, 2), pixels.
      tracked: how far each place was tracked from there, float32 (h, w) in [0, 1].
      in_color: whether its scene is in color already; `steady` does not know.
      is_painted: whether any frame of the film so far was colorized; `steady` does not know.
    """

    l: np.ndarray
    ab: np.ndarray
    frames: np.ndarray
    guess_l: np.ndarray
    guess_ab: np.ndarray
    origin: np.ndarray
    tracked: np.ndarray
    in_color: bool = False
    is_painted: bool = False

    @property
    def begins_scene(self) -> bool:
        """Whether nothing of the frame before is in it."""
        return bool((self.frames == 1).all())


def steady(
    before: Moment | None, l: np.ndarray, ab: np.ndarray, smoothing: float, holds: bool = True
) -> Moment:
    """Smooths the colors of the next frame of a film; returns its moment.

    The first frames of a scene count equally; later ones have the weight `1 - smoothing`.

    Args:
      before: the moment of the frame before; None for the first.
      l: of this frame; float32 (h, w) in [-1, 1].
      ab: the network's colors for it; float32 (h, w, 2).
      smoothing: largest weight of the colors before, in [0, 1); 0 leaves them out.
      holds: whether the guess of the scene holds, too.
    """
    if before is None or smoothing == 0 or before.l.shape != l.shape:
        return _guessed(l, ab, np.ones_like(l))
    where, trust = follow(before.l, l)
    if is_cut(trust):
        return _guessed(l, ab, np.ones_like(l))
    trust = np.clip((trust - LOST) / (SURE - LOST), 0, 1)
    frames, change = _take(before.frames, where), _take(before.ab, where) - ab
    alike = np.maximum(trust, np.exp(-np.square(change).sum(axis=-1) / ALIKE**2))
    weight = alike * np.minimum(smoothing, frames / (frames + 1))
    ab, frames = ab + weight[..., None] * change, 1 + alike * frames
    if not holds or frames.max() <= FIRST:
        return _guessed(l, ab, frames)
    origin, tracked = _take(before.origin, where), _take(before.tracked, where) * trust
    origin, tracked = _traced(l, before.guess_l, origin, tracked)
    held = tracked * _agreement(l, _take(before.guess_l, origin))
    if held.mean() < HELD:
        return _guessed(l, ab, frames)
    ab = ab + held[..., None] * (_take(before.guess_ab, origin) - ab)
    return dataclasses.replace(before, l=l, ab=ab, frames=frames, origin=origin, tracked=tracked)


def _traced(
    l: np.ndarray, guess_l: np.ndarray, origin: np.ndarray, tracked: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`Moment.origin` and `tracked`, completed by the motion of each place's surroundings."""
    here = _places(tracked)
    window = (min(tracked.shape) // AROUND | 1,) * 2  # odd, or the mean would be off center
    known = cv2.blur(tracked, window)
    motion = cv2.blur((origin - here) * tracked[..., None], window)
    told = here + motion / np.maximum(known, KNOWN)[..., None]
    found = _agreement(l, _take(guess_l, told)) * ((known > KNOWN) & _within(told))
    return np.where((found > tracked)[..., None], told, origin), np.maximum(tracked, found)


def _guessed(l: np.ndarray, ab: np.ndarray, frames: np.ndarray) -> Moment:
    """The moment of a frame whose own colors are the guess of its scene."""
    return Moment(l, ab, frames, l, ab, _places(l), np.ones_like(l))


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
    where = _places(l) + back
    astray = np.square(back + _take(forth, where)).sum(axis=-1)
    trust = np.exp(-astray / DISTANCE**2) * _agreement(l, _take(before, where))
    return where, trust * _within(where)


def _agreement(l: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far two planes agree, but for a change of the whole; float32 (h, w) in [0, 1]."""
    change = l - other
    change = cv2.blur(change - np.median(change), (3, 3))  # blurred, so that grain does not count
    return np.exp(-np.square(change / DIFFERENCE)).astype(np.float32)


def _places(plane: np.ndarray) -> np.ndarray:
    """(x, y) of each pixel of a plane, float32 (h, w, 2)."""
    height, width = plane.shape
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)


def _within(places: np.ndarray) -> np.ndarray:
    """Which places lie inside a plane of their own height and width; bool (h, w)."""
    height, width = places.shape[:2]
    within = (places >= -0.5) & (places <= np.array([width, height]) - 0.5)
    return np.all(within, axis=-1)


def _take(plane: np.ndarray, where: np.ndarray) -> np.ndarray:
    """A plane's values at places; float32, the shape of the places."""
    x, y = where[..., 0], where[..., 1]
    return cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _as_bytes(l: np.ndarray) -> np.ndarray:
    return np.clip((l + 1) * 127.5, 0, 255).astype(np.uint8)
