"""Smooths colors over time, along the motion of the picture.

The colors of a network that sees single frames flicker with the grain and the light. Where the
picture can be tracked from one frame to the next, its colors are a running mean; where it cannot
(things that come into view or move too fast), and after a cut, the mean starts anew. Where nearly
all of a frame can be tracked, it takes the colors of the frame before and needs no network.

A running mean drifts, and is blurred by each step along the motion. So the mean of a scene's first
frames is its reference: it replaces the running mean wherever a frame can be tracked back to it.
When less than 30 % of the picture can, the colors at that frame become the reference. What was
hidden by something that passed is looked for where its surroundings say that it was.

All of it happens at the size that the network sees, so that it costs little.
"""

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np

from tfcolor.color import constants
from tfcolor.colorizing import motion

DISTANCE = 1.5  # pixels by which the flow there and back may miss; with more, a place is lost
DIFFERENCE = 0.1  # in l, 5 L*, less the whole picture's change; with more, it is something else
ALIKE = 6 / 110  # in ab; colors this close are smoothed even where tracking is not trusted
CUT = 0.15  # mean trust; less is another scene: within one it is 0.7 and more, across cuts 0.02
LOST, SURE = 0.25, 0.5  # trust, up to which a place is lost, and from which it is wholly tracked
FIRST = 6  # frames of a scene whose mean is its reference
CARRIED = 0.8  # share of a frame tracked from the one before, with which it takes its colors
HELD = 0.3  # share of the picture tracked back to the reference; with less it is renewed
SPARSE = 4  # Of so many rows and columns, one is enough to tell the change of the whole picture.
AROUND = 4  # the short side over that of the surroundings that tell where a hidden place was
KNOWN = 0.1  # share of these surroundings that must be tracked


@dataclasses.dataclass(frozen=True)
class Moment:
    """The state after a frame, which the next one needs.

    Attributes:
      l: what the network saw, L* / 50 - 1; float32 (h, w) in [-1, 1].
      ab: its smoothed colors, a*b* / 110; float32 (h, w, 2).
      frames: how many frames each color is the mean of; float32 (h, w), 1 or more.
      reference_l, reference_ab: the frame whose colors its scene holds; float32, as `l` and `ab`.
      origin: (x, y) in that frame of each place, float32 (h, w, 2), pixels.
      tracked: how far each place was tracked from there, float32 (h, w) in [0, 1].
      given: share of the reference's colors that key frames gave.
      begins_scene: whether nothing of the frame before is in it.
      in_color: whether its scene is in color already; `steady` does not know.
      is_painted: whether any frame of the film so far was colorized; `steady` does not know.
    """

    l: np.ndarray
    ab: np.ndarray
    frames: np.ndarray
    reference_l: np.ndarray
    reference_ab: np.ndarray
    origin: np.ndarray
    tracked: np.ndarray
    given: float = 0.0
    begins_scene: bool = False
    in_color: bool = False
    is_painted: bool = False


def steady(
    before: Moment | None,
    l: np.ndarray,
    ab: np.ndarray | Callable[[], np.ndarray],
    smoothing: float,
    given: np.ndarray | None = None,
) -> Moment:
    """Smooths the colors of the next frame of a film; returns its moment.

    The first frames of a scene count equally; later ones have the weight `1 - smoothing`.

    Args:
      before: the moment of the frame before; None for the first.
      l: of this frame; float32 (h, w) in [-1, 1].
      ab: the network's colors for it, float32 (h, w, 2); or a function that gives them, which is
        called only if the colors of the frame before cannot just be carried on.
      smoothing: largest weight of the colors before, in [0, 1); 0 leaves them out.
      given: where key frames gave the colors, float32 (h, w) in [0, 1]; None for nowhere. There
        the reference does not hold, and a frame with more of it is the new reference.
    """
    share = 0.0 if given is None else float(given.mean())
    alone = np.ones_like(l)
    if before is None or before.l.shape != l.shape:
        return _renewed(l, _asked(ab), alone, share, begins_scene=True)
    where, trust = follow(before.l, l)
    if is_cut(trust):
        return _renewed(l, _asked(ab), alone, share, begins_scene=True)
    if smoothing == 0:
        return _renewed(l, _asked(ab), alone, share)
    trust = np.clip((trust - LOST) / (SURE - LOST), 0, 1)
    frames, carried = motion.take(before.frames, where), motion.take(before.ab, where)
    if callable(ab) and frames.max() > FIRST and trust.mean() > CARRIED:
        colors = carried
    else:
        colors = _asked(ab)
        change = carried - colors
        unlike = np.square(change[..., 0]) + np.square(change[..., 1])
        alike = np.maximum(trust, np.exp(-unlike / ALIKE**2))
        weight = alike * np.minimum(smoothing, frames / (frames + 1))
        colors, frames = colors + weight[..., None] * change, 1 + alike * frames
    if frames.max() <= FIRST or (given is not None and share >= before.given):
        return _renewed(l, colors, frames, share)
    origin, tracked = motion.take(before.origin, where), motion.take(before.tracked, where) * trust
    origin, tracked = _traced(l, before.reference_l, origin, tracked)
    held = tracked * _agreement(l, motion.take(before.reference_l, origin))
    if held.mean() < HELD:
        return _renewed(l, colors, frames, share)
    if given is not None:
        held = held * (1 - given)
    colors = colors + held[..., None] * (motion.take(before.reference_ab, origin) - colors)
    kept = before.reference_l, before.reference_ab
    return Moment(l, colors, frames, *kept, origin, tracked, before.given)


def _asked(ab: np.ndarray | Callable[[], np.ndarray]) -> np.ndarray:
    return ab() if callable(ab) else ab


def _traced(
    l: np.ndarray, reference_l: np.ndarray, origin: np.ndarray, tracked: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`Moment.origin` and `tracked`, completed by the motion of each place's surroundings."""
    here = motion.places(tracked)
    window = (min(tracked.shape) // AROUND | 1,) * 2  # odd, or the mean would be off center
    known = cv2.blur(tracked, window)
    moved = cv2.blur((origin - here) * tracked[..., None], window)
    told = here + moved / np.maximum(known, KNOWN)[..., None]
    found = _agreement(l, motion.take(reference_l, told)) * ((known > KNOWN) & motion.within(told))
    return np.where((found > tracked)[..., None], told, origin), np.maximum(tracked, found)


def _renewed(
    l: np.ndarray, ab: np.ndarray, frames: np.ndarray, given: float, begins_scene: bool = False
) -> Moment:
    """The moment of a frame whose own colors are the reference of its scene."""
    tracked = np.ones_like(l)
    return Moment(l, ab, frames, l, ab, motion.places(l), tracked, given, begins_scene)


def is_cut(trust: np.ndarray) -> bool:
    """Whether so little of the picture was in the frame before that it is another scene."""
    return float(trust.mean()) < CUT


def follow(before: np.ndarray, l: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel was in the frame before, and how far that can be trusted.

    A place is trusted if the flow there and back ends where it began and the lightness agrees,
    except for a change of the whole picture: the light of old films flickers.

    Args:
      before, l: float32 (h, w) in [-1, 1].

    Returns:
      (x, y) in the frame before, float32 (h, w, 2), pixels; trust, float32 (h, w) in [0, 1].
    """
    preset = cv2.DISOPTICAL_FLOW_PRESET_FAST
    now, then = ((each + 1) * np.float32(constants.L_SCALE) for each in (l, before))
    where, missed = motion.flow(now, then, preset)
    trust = np.exp(-np.square(missed / DISTANCE)) * _agreement(l, motion.take(before, where))
    return where, trust * motion.within(where)


def _agreement(l: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far two planes agree, but for a change of the whole; float32 (h, w) in [0, 1]."""
    change = l - other
    whole = np.median(change[::SPARSE, ::SPARSE])
    change = cv2.blur(change - whole, (3, 3))  # blurred, so that grain does not count
    return np.exp(-np.square(change / DIFFERENCE)).astype(np.float32)
