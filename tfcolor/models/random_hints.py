"""Draws color hints that a person might have set, from a training photograph's own colors.

The functions use `keras.ops` and random numbers that are given: the same numbers give the same
hints on every backend, eagerly and in a `Dataset.map`.
"""

from typing import Any

import numpy as np
from keras import ops

from tfcolor.color import constants

Tensor = Any  # a tensor of whatever backend Keras runs on

DENSE = 0.2  # share of the photographs with hints that has dense hints; the others have places
MEAN_PLACES = 8.0  # mean of the geometric distribution of the number of places
MOST_PLACES = 48  # 0.2 % of that distribution are more
MAX_RADIUS = 4  # pixels; a place is a square of 1 to 9 pixels per side
COVERED = (0.2, 0.95)  # share of the area that dense hints cover
HOLES = 8  # cells per side of the noise whose threshold makes holes
LEAST_SURE = 0.3  # least mask of dense hints
DISPLACED = 0.02  # largest displacement of dense hints, share of the side
MISTAKEN = 20.0 / constants.AB_SCALE  # standard deviation of colors of dense hints at a mask of 0

_SPACING = 8  # pixels
_WAVES = 4  # a frequency and a phase for rows, and for columns
DRAWS = 2 + 3 * MOST_PLACES + HOLES**2 + 2 + _WAVES + 2 * HOLES**2  # numbers per photograph


def give(ab: Tensor, share: float, draws: Tensor) -> Tensor:
    """Hints of photographs: none, places, or dense hints.

    Places are small squares with the truth's mean color. Dense hints are the truth over a part of
    the area, slightly warped, with errors of color that are larger where the mask is lower, like
    colors that come from another picture.

    Args:
      ab: float32 (n, s, s, 2) in [-1, 1], the truth.
      share: of the photographs that have hints, in [0, 1].
      draws: float32 (n, `DRAWS`), uniform in [0, 1).

    Returns:
      float32 (n, s, s, 3): a, b, and the mask in [0, 1]; 0 where there is no hint.
    """
    kind, draws = draws[:, 0, None, None, None], draws[:, 1:]
    places = _places(ab, draws[:, : 1 + 3 * MOST_PLACES])
    dense = _dense(ab, draws[:, 1 + 3 * MOST_PLACES :])
    hints = ops.where(kind < share * DENSE, dense, places)
    return ops.where(kind < share, hints, ops.zeros_like(hints))


def _places(ab: Tensor, draws: Tensor) -> Tensor:
    """Small squares, geometrically distributed in number, each in its mean color; (n, s, s, 3)."""
    side = ab.shape[1]
    # u uniform: 1 + floor(log u / log(1 - p)) is geometric with mean 1 / p.
    count = 1.0 + ops.floor(ops.log(1.0 - draws[:, :1]) / np.log(1.0 - 1.0 / MEAN_PLACES))
    drawn = ops.reshape(draws[:, 1:], (-1, MOST_PLACES, 3))
    center, radius = ops.floor(drawn[..., :2] * side), ops.floor(drawn[..., 2] * (MAX_RADIUS + 1))
    pixels = ops.arange(side, dtype="float32")
    near = ops.abs(center[..., None] - pixels) <= radius[..., None, None]  # (n, places, 2, s)
    exists = ops.arange(MOST_PLACES, dtype="float32") < count
    rows = ops.cast(near[:, :, 0] & exists[..., None], "float32")
    columns = ops.cast(near[:, :, 1], "float32")
    total = ops.einsum("npwc,npw->npc", ops.einsum("npy,nywc->npwc", rows, ab), columns)
    area = ops.sum(rows, -1) * ops.sum(columns, -1)
    mean = total / ops.maximum(area, 1.0)[..., None]
    covered = ops.einsum("npy,npx->nyx", rows, columns)[..., None]
    colors = ops.einsum("npy,npxc->nyxc", rows, columns[..., None] * mean[:, :, None])
    # Where squares overlap, their colors are averaged.
    return ops.concatenate([colors / ops.maximum(covered, 1.0), ops.minimum(covered, 1.0)], -1)


def _dense(ab: Tensor, draws: Tensor) -> Tensor:
    """The truth over a part of the area, slightly displaced and slightly wrong in color."""
    cells = HOLES**2
    noise, (covered, sure), waves, mistakes = (
        draws[:, :cells],
        (draws[:, cells, None, None, None], draws[:, cells + 1, None, None, None]),
        draws[:, cells + 2 : cells + 2 + _WAVES],
        draws[:, cells + 2 + _WAVES :],
    )
    side = ab.shape[1]
    without = 1.0 - (COVERED[0] + (COVERED[1] - COVERED[0]) * covered[:, 0, 0])  # share of the area
    holes = _enlarge(ops.reshape(noise, (-1, HOLES, HOLES, 1)), side)
    # Sorting some of the pixels is enough to find the limit that the wanted share exceeds.
    some = holes[:, ::_SPACING, ::_SPACING]
    ordered = ops.sort(ops.reshape(some, (-1, some.shape[1] * some.shape[2])), axis=-1)
    index = ops.cast(without * (ordered.shape[1] - 1), "int32")
    limit = ops.take_along_axis(ordered, index, axis=-1)[:, :, None, None]
    sure = LEAST_SURE + (1.0 - LEAST_SURE) * sure
    mask = sure * ops.cast(holes > limit, "float32")
    for axis, letters in ((0, "nry,nywc->nrwc"), (1, "nrx,nhxc->nhrc")):
        ab = ops.einsum(letters, _warp(waves[:, 2 * axis : 2 * axis + 2], side), ab)
    # Uniform numbers have a variance of 1 / 12.
    off = (ops.reshape(mistakes, (-1, HOLES, HOLES, 2)) - 0.5) * (12**0.5 * MISTAKEN)
    off = _enlarge(off, side) * (1.0 - sure)
    return ops.concatenate([ops.where(mask > 0, ab + off, 0.0), mask], -1)


def _enlarge(noise: Tensor, side: int) -> Tensor:
    """Enlarges noise of few cells, (n, k, k, c), bilinearly to a square; (n, side, side, c)."""
    # Matrix products are used: compiled for a CPU, `ops.image.resize` takes eight times as long.
    cells = noise.shape[1]
    places = np.clip((np.arange(side) + 0.5) * cells / side - 0.5, 0.0, cells - 1.0)
    share = np.maximum(1.0 - np.abs(places[:, None] - np.arange(cells)), 0.0).astype(np.float32)
    return ops.einsum("yi,xj,nijc->nyxc", share, share, noise)


def _warp(wave: Tensor, side: int) -> Tensor:
    """The weight of each pixel of a side in each place of the warped side; (n, s, s)."""
    pixels = ops.arange(side, dtype="float32")
    phase = 2 * np.pi * (wave[:, 1:] + (0.5 + 1.5 * wave[:, :1]) * pixels / side)
    moved = ops.clip(pixels + DISPLACED * side * ops.sin(phase), 0.0, side - 1.0)
    return ops.maximum(1.0 - ops.abs(moved[:, :, None] - pixels), 0.0)
