"""sRGB <-> CIE Lab (D65, 2 degree observer) in `keras.ops`, for any leading shape.

Everything computes in float32: in bfloat16 Lab is off by half a unit on average. The ops work
eagerly, in `tf.function` and in `Dataset.map`, and their gradients are finite everywhere.

References:
  IEC 61966-2-1 (sRGB); CIE 15:2004 (Lab). Constants as in scikit-image; the tests compare both.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tfcolor.color import constants, gamut

Tensor = Any  # a tensor of whatever backend Keras runs on

_XYZ_FROM_RGB, _WHITE = np.array(constants.XYZ_FROM_RGB), np.array(constants.WHITE)
# The white point is folded into both matrices: linear RGB <-> XYZ relative to white.
_RELATIVE_FROM_RGB = _XYZ_FROM_RGB / _WHITE[:, None]
RGB_FROM_RELATIVE = np.linalg.inv(_RELATIVE_FROM_RGB)
# Weights of linear red, green and blue.
LUMINANCE = tuple(float(weight) for weight in _RELATIVE_FROM_RGB[1])

_GAMUT_SLACK = 3e-6  # linear RGB; float32 puts sRGB's own border colors up to 2e-6 outside


def to_float(rgb: Tensor) -> Tensor:
    """uint8 0..255, which is scaled, or floating point, which is not -> float32 in [0, 1].

    Raises:
      ValueError: for any other dtype.
    """
    rgb = ops.convert_to_tensor(rgb)
    dtype = keras.backend.standardize_dtype(rgb.dtype)
    if dtype == "uint8":
        return ops.cast(rgb, "float32") / 255.0
    if "float" in dtype:
        return ops.cast(rgb, "float32")
    raise ValueError(f"rgb must be uint8 or floating point, got {dtype}")


def to_uint8(rgb: Tensor) -> Tensor:
    """float32 in [0, 1] -> uint8, rounded; values outside become 0 or 255."""
    return ops.cast(ops.round(ops.clip(rgb, 0.0, 1.0) * 255.0), "uint8")


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """sRGB -> CIE Lab.

    Args:
      rgb: (..., 3) uint8, or floating point in [0, 1].

    Returns:
      lab: float32 (..., 3); L* in [0, 100], a* in [-86.2, 98.3], b* in [-107.9, 94.5].
    """
    red, green, blue = ops.unstack(decode(to_float(rgb)), 3, axis=-1)
    x, y, z = (
        _cube_root(row[0] * red + row[1] * green + row[2] * blue) for row in _RELATIVE_FROM_RGB
    )
    return ops.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """CIE Lab -> sRGB; colors outside of sRGB are clipped, which shifts their lightness.

    Use `map_to_gamut` first where the lightness must be kept.

    Args:
      lab: floating point (..., 3) in CIE units.

    Returns:
      rgb: float32 (..., 3) in [0, 1].
    """
    l, a, b = ops.unstack(ops.cast(lab, "float32"), 3, axis=-1)
    return encode(ops.stack(_linear_rgb(l, a, b), axis=-1))


def map_to_gamut(lab: Tensor) -> Tensor:
    """Moves Lab colors into sRGB: lowers chroma as little as needed, keeps L* and hue.

    Args:
      lab: floating point (..., 3) in CIE units.

    Returns:
      lab: float32 (..., 3); colors that sRGB can show are unchanged. L* is clipped to [0, 100].
    """
    lab = ops.cast(lab, "float32")
    l, a, b = ops.unstack(lab, 3, axis=-1)
    l = ops.clip(l, 0.0, 100.0)

    def beyond(factor: Tensor) -> Tensor:
        return _beyond(l, factor * a, factor * b)

    # Gradients treat the factor as a constant.
    lowered = gamut.largest_factor(beyond, ops.zeros_like(l), ops)
    fits = _beyond(l, a, b) <= _GAMUT_SLACK
    factor = ops.stop_gradient(ops.where(fits, ops.ones_like(l), lowered))
    return ops.stack([l, factor * a, factor * b], axis=-1)


def without_color(rgb: Tensor) -> Tensor:
    """The gray photograph with the L* of a color one.

    Args:
      rgb: (..., 3) uint8, or floating point in [0, 1].

    Returns:
      uint8 (..., 3), three equal channels; L* equals that of `rgb` within 8-bit rounding.
    """
    return ops.stack([to_uint8(expose(rgb, LUMINANCE))] * 3, axis=-1)


def expose(rgb: Tensor, weights: Sequence[float] | Tensor) -> Tensor:
    """Gray as weighted linear light: as the eye sees it with `LUMINANCE`, or as a film does.

    Args:
      rgb: (..., 3) sRGB, uint8, or floating point in [0, 1].
      weights: of linear red, green and blue, (3,); their sum is 1.

    Returns:
      float32 (...) in [0, 1], encoded as sRGB.
    """
    return encode(mix(decode(to_float(rgb)), weights))


def mix(rgb: Tensor, weights: Sequence[float] | Tensor) -> Tensor:
    """The weighted sum of red, green and blue; (..., 3) -> float32 (...)."""
    return ops.tensordot(rgb, _constant(weights), axes=1)


def lightness(luminance: Tensor) -> Tensor:
    """L* in [0, 100] of linear luminance in [0, 1]; float32, any shape."""
    return 116.0 * _cube_root(luminance) - 16.0


def split(lab: Tensor) -> tuple[Tensor, Tensor]:
    """Lab -> planes l (..., 1) and ab (..., 2), in [-1, 1] for colors of sRGB; float32."""
    lab = ops.cast(lab, "float32")
    return lab[..., :1] / constants.L_SCALE - 1.0, lab[..., 1:] / constants.AB_SCALE


def join(l: Tensor, ab: Tensor) -> Tensor:
    """Planes l (..., 1) and ab (..., 2) in [-1, 1] -> lab float32 (..., 3) in CIE units."""
    l, ab = ops.cast(l, "float32"), ops.cast(ab, "float32")
    return ops.concatenate([(l + 1.0) * constants.L_SCALE, ab * constants.AB_SCALE], axis=-1)


def rgb_to_planes(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """sRGB (..., 3), uint8 or floating point in [0, 1] -> planes l (..., 1) and ab (..., 2)."""
    return split(rgb_to_lab(rgb))


def planes_to_rgb(l: Tensor, ab: Tensor) -> Tensor:
    """Planes l (..., 1) and ab (..., 2) -> sRGB float32 (..., 3) in [0, 1], mapped to the gamut."""
    return lab_to_rgb(map_to_gamut(join(l, ab)))


def _constant(values: np.ndarray | Sequence[float] | Tensor) -> Tensor:
    return ops.convert_to_tensor(values, "float32")


def _power(base: Tensor, exponent: float) -> Tensor:
    """base ** exponent for base > 0; takes a sixth of the time of the power op on a CPU."""
    return ops.exp(exponent * ops.log(base))


def decode(encoded: Tensor) -> Tensor:
    """The sRGB transfer curve: encoded -> linear, float32 in [0, 1], any shape."""
    # Clamped, since the NaN gradient of a power at 0 would pass through `where` all the same.
    curve = _power((ops.maximum(encoded, constants.SRGB_KNEE) + 0.055) / 1.055, 2.4)
    return ops.where(encoded > constants.SRGB_KNEE, curve, encoded / 12.92)


def encode(linear: Tensor) -> Tensor:
    """The sRGB transfer curve: linear -> encoded, clipped to [0, 1], any shape."""
    linear = ops.clip(linear, 0.0, 1.0)
    curve = 1.055 * _power(ops.maximum(linear, constants.LINEAR_KNEE), 1.0 / 2.4) - 0.055
    return ops.where(linear > constants.LINEAR_KNEE, curve, linear * 12.92)


def _cube_root(relative: Tensor) -> Tensor:
    """The function f of CIE Lab: a cube root, linear near black."""
    root = _power(ops.maximum(relative, constants.LAB_KNEE), 1.0 / 3.0)
    return ops.where(
        relative > constants.LAB_KNEE, root, constants.LAB_SLOPE * relative + constants.LAB_OFFSET
    )


def cube(root: Tensor) -> Tensor:
    """The inverse of `_cube_root`."""
    return ops.where(
        root > constants.ROOT_KNEE, root**3, (root - constants.LAB_OFFSET) / constants.LAB_SLOPE
    )


def _linear_rgb(l: Tensor, a: Tensor, b: Tensor) -> list[Tensor]:
    """Planes of Lab in CIE units, any shape -> linear R, G, B of that shape, not clipped."""
    y = (l + 16.0) / 116.0
    x, y, z = cube(y + a / 500.0), cube(y), cube(y - b / 200.0)
    return [row[0] * x + row[1] * y + row[2] * z for row in RGB_FROM_RELATIVE]


def _beyond(l: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """How far the linear light of colors lies outside of [0, 1]; negative inside."""
    red, green, blue = _linear_rgb(l, a, b)
    lowest = ops.minimum(ops.minimum(red, green), blue)
    highest = ops.maximum(ops.maximum(red, green), blue)
    return ops.maximum(-lowest, highest - 1.0)
