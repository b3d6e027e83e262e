"""sRGB <-> CIE Lab (D65, 2 degree observer) in TensorFlow ops, for any leading shape.

Everything computes in float32: in bfloat16 Lab is off by half a unit on average. The ops work
eagerly, in `tf.function` and in `Dataset.map`, and their gradients are finite everywhere.

References:
  IEC 61966-2-1 (sRGB); CIE 15:2004 (Lab). Constants as in scikit-image, which the tests compare.
"""

import numpy as np
import tensorflow as tf

AB_SCALE = 110.0  # covers sRGB: |a*|, |b*| <= 107.9
L_SCALE = 50.0  # l = L* / 50 - 1 is in [-1, 1]

_XYZ_FROM_RGB = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])  # XYZ of D65
# The white point is folded into both matrices: linear RGB <-> XYZ relative to white.
_RELATIVE_FROM_RGB = _XYZ_FROM_RGB / _WHITE[:, None]
_RGB_FROM_RELATIVE = np.linalg.inv(_RELATIVE_FROM_RGB)

_SRGB_KNEE = 0.04045  # encoded; below it the transfer curve is a line of slope 1 / 12.92
_LINEAR_KNEE = 0.0031308
_LAB_KNEE = 0.008856  # of XYZ relative to white; below it the cube root becomes a line
_LAB_SLOPE = 7.787
_LAB_OFFSET = 16.0 / 116.0
_F_KNEE = 0.2068966  # of the cube root, as scikit-image splits the inverse

_GAMUT_SLACK = 3e-6  # linear RGB; float32 puts sRGB's own border colors up to 2e-6 outside
_BISECTIONS = 12  # chroma is then lowered to within 1/4096 of the border


def to_float(rgb: tf.Tensor) -> tf.Tensor:
    """uint8 0..255, or floating point that passes -> float32 in [0, 1].

    Raises:
      ValueError: for any other dtype.
    """
    rgb = tf.convert_to_tensor(rgb)
    if rgb.dtype == tf.uint8:
        return tf.cast(rgb, tf.float32) / 255.0
    if rgb.dtype.is_floating:
        return tf.cast(rgb, tf.float32)
    raise ValueError(f"rgb must be uint8 or floating point, got {rgb.dtype.name}")


def to_uint8(rgb: tf.Tensor) -> tf.Tensor:
    """float32 in [0, 1] -> uint8, rounded; values outside become 0 or 255."""
    return tf.cast(tf.round(tf.clip_by_value(rgb, 0.0, 1.0) * 255.0), tf.uint8)


def rgb_to_lab(rgb: tf.Tensor) -> tf.Tensor:
    """sRGB -> CIE Lab.

    Args:
      rgb: (..., 3) uint8, or floating point in [0, 1].

    Returns:
      lab: float32 (..., 3); L* in [0, 100], a* in [-86.2, 98.3], b* in [-107.9, 94.5].
    """
    red, green, blue = tf.unstack(_decode(to_float(rgb)), 3, axis=-1)
    x, y, z = (
        _cube_root(row[0] * red + row[1] * green + row[2] * blue) for row in _RELATIVE_FROM_RGB
    )
    return tf.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def lab_to_rgb(lab: tf.Tensor) -> tf.Tensor:
    """CIE Lab -> sRGB; what sRGB cannot show is clipped, which shifts its lightness.

    Use `map_to_gamut` first where the lightness must be kept.

    Args:
      lab: floating point (..., 3) in CIE units.

    Returns:
      rgb: float32 (..., 3) in [0, 1].
    """
    l, a, b = tf.unstack(tf.cast(lab, tf.float32), 3, axis=-1)
    return _encode(tf.stack(_linear_rgb(l, a, b), axis=-1))


def map_to_gamut(lab: tf.Tensor) -> tf.Tensor:
    """Lab colors inside sRGB: chroma lowered as little as needed, L* and hue kept.

    Args:
      lab: floating point (..., 3) in CIE units.

    Returns:
      lab: float32 (..., 3); colors that sRGB can show are unchanged. L* is clipped to [0, 100].
    """
    lab = tf.cast(lab, tf.float32)
    l, a, b = tf.unstack(lab, 3, axis=-1)
    l = tf.clip_by_value(l, 0.0, 100.0)
    # Bisect for the border on the line from gray to the color, without slack: clipping then has
    # nothing left to shift. The factor is a constant to gradients.
    low, high = tf.zeros_like(l), tf.ones_like(l)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        inside = _is_inside(l, middle * a, middle * b, slack=0.0)
        low, high = tf.where(inside, middle, low), tf.where(inside, high, middle)
    factor = tf.stop_gradient(tf.where(_is_inside(l, a, b, _GAMUT_SLACK), tf.ones_like(l), low))
    return tf.stack([l, factor * a, factor * b], axis=-1)


def to_gray(rgb: tf.Tensor) -> tf.Tensor:
    """The gray photograph with the L* of a color one.

    Args:
      rgb: (..., 3) uint8, or floating point in [0, 1].

    Returns:
      uint8 (..., 3), three equal channels; L* is the color's within 8-bit rounding.
    """
    luminance = tf.tensordot(_decode(to_float(rgb)), _constant(_RELATIVE_FROM_RGB[1]), 1)
    gray = to_uint8(_encode(luminance))
    return tf.stack([gray] * 3, axis=-1)


def split(lab: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Lab -> planes l (..., 1) and ab (..., 2), in [-1, 1] for colors of sRGB; float32."""
    lab = tf.cast(lab, tf.float32)
    return lab[..., :1] / L_SCALE - 1.0, lab[..., 1:] / AB_SCALE


def join(l: tf.Tensor, ab: tf.Tensor) -> tf.Tensor:
    """Planes l (..., 1) and ab (..., 2) in [-1, 1] -> lab float32 (..., 3) in CIE units."""
    l, ab = tf.cast(l, tf.float32), tf.cast(ab, tf.float32)
    return tf.concat([(l + 1.0) * L_SCALE, ab * AB_SCALE], axis=-1)


def rgb_to_planes(rgb: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """sRGB (..., 3), uint8 or floating point in [0, 1] -> planes l (..., 1) and ab (..., 2)."""
    return split(rgb_to_lab(rgb))


def planes_to_rgb(l: tf.Tensor, ab: tf.Tensor) -> tf.Tensor:
    """Planes l (..., 1) and ab (..., 2) -> sRGB float32 (..., 3) in [0, 1], mapped to the gamut."""
    return lab_to_rgb(map_to_gamut(join(l, ab)))


def _constant(values: np.ndarray) -> tf.Tensor:
    return tf.constant(values, tf.float32)


def _decode(encoded: tf.Tensor) -> tf.Tensor:
    """sRGB transfer curve, encoded -> linear."""
    # Clamped inside its branch: the gradient of a power at 0 would be NaN in the other one too.
    curve = ((tf.maximum(encoded, _SRGB_KNEE) + 0.055) / 1.055) ** 2.4
    return tf.where(encoded > _SRGB_KNEE, curve, encoded / 12.92)


def _encode(linear: tf.Tensor) -> tf.Tensor:
    """sRGB transfer curve, linear -> encoded, clipped to [0, 1]."""
    linear = tf.clip_by_value(linear, 0.0, 1.0)
    curve = 1.055 * tf.maximum(linear, _LINEAR_KNEE) ** (1.0 / 2.4) - 0.055
    return tf.where(linear > _LINEAR_KNEE, curve, linear * 12.92)


def _cube_root(relative: tf.Tensor) -> tf.Tensor:
    """f of CIE Lab: a cube root with a line near black."""
    root = tf.maximum(relative, _LAB_KNEE) ** (1.0 / 3.0)
    return tf.where(relative > _LAB_KNEE, root, _LAB_SLOPE * relative + _LAB_OFFSET)


def _cube(root: tf.Tensor) -> tf.Tensor:
    """The inverse of `_cube_root`."""
    return tf.where(root > _F_KNEE, root**3, (root - _LAB_OFFSET) / _LAB_SLOPE)


def _linear_rgb(l: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> list[tf.Tensor]:
    """Planes of Lab in CIE units, any shape -> linear R, G, B of that shape, not clipped."""
    y = (l + 16.0) / 116.0
    x, y, z = _cube(y + a / 500.0), _cube(y), _cube(y - b / 200.0)
    return [row[0] * x + row[1] * y + row[2] * z for row in _RGB_FROM_RELATIVE]


def _is_inside(l: tf.Tensor, a: tf.Tensor, b: tf.Tensor, slack: float) -> tf.Tensor:
    red, green, blue = _linear_rgb(l, a, b)
    lowest = tf.minimum(tf.minimum(red, green), blue)
    highest = tf.maximum(tf.maximum(red, green), blue)
    return (lowest >= -slack) & (highest <= 1.0 + slack)
