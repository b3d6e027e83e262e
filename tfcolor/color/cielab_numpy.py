"""sRGB <-> CIE Lab on a CPU, for photographs of 8 and 16 bits, without TensorFlow.

The same formulas as `cielab`, faster on a CPU: it looks up values with few levels in tables, and
searches for the border of sRGB only for colors outside of it.

A photograph is uint8 or uint16, gray (h, w) or sRGB (h, w, 3).
"""

import functools

import cv2
import numpy as np

from tfcolor.color import constants, gamut

_XYZ_FROM_RGB, _WHITE = np.array(constants.XYZ_FROM_RGB), np.array(constants.WHITE)
_RELATIVE_FROM_RGB = (_XYZ_FROM_RGB / _WHITE[:, None]).astype(np.float32)
_RGB_FROM_RELATIVE = np.linalg.inv(_XYZ_FROM_RGB / _WHITE[:, None]).astype(np.float32)


def tones(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Luminance Y in [0, 1] and L* in [0, 100], to 0.01, of a photograph; both float32 (h, w)."""
    linear = linear_table(pixels.dtype)
    if pixels.ndim == 2:
        return _of_levels(linear, pixels), _of_levels(lightness_of_levels(pixels.dtype), pixels)
    luminance = cv2.transform(_of_levels(linear, pixels), _RELATIVE_FROM_RGB[1:2])
    return luminance, _look_up(lightness_table(), luminance)


def lightness_of_srgb(encoded: np.ndarray) -> np.ndarray:
    """L* in [0, 100], (h, w), of float32 sRGB in [0, 1], gray (h, w) or (h, w, 3)."""
    linear = decode(encoded)
    luminance = linear if encoded.ndim == 2 else linear @ _RELATIVE_FROM_RGB[1]
    return np.float32(116) * _cube_root(luminance) - np.float32(16)


def gray_of(lightness: np.ndarray) -> np.ndarray:
    """Encoded sRGB in [0, 1] of gray with this L*, float32; the inverse of `lightness_of_srgb`."""
    return encode(_luminance_of(lightness)).astype(np.float32)


def rgb_to_lab(rgb: np.ndarray) -> np.ndarray:
    """uint8 or uint16 (..., 3) -> CIE Lab, float32 (..., 3)."""
    linear = linear_table(rgb.dtype)[rgb]
    x, y, z = np.moveaxis(_cube_root(linear @ _RELATIVE_FROM_RGB.T), -1, 0)
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def compose(luminance: np.ndarray, lightness: np.ndarray, ab: np.ndarray, rgb: np.ndarray) -> None:
    """Writes the photograph with these tones and colors to `rgb`.

    Colors outside of sRGB lose chroma, never lightness or hue (as in `cielab.map_to_gamut`).

    Args:
      luminance, lightness: see `tones`; float32 (h, w).
      ab: float32 (2, h, w) in CIE units.
      rgb: output, uint8 or uint16 (h, w, 3); its luminance equals `luminance` up to rounding.
    """
    root = lightness + np.float32(16)
    root *= np.float32(1 / 116)
    a, b = ab
    linear = _linear_rgb(luminance, root, a, b)
    outside = np.flatnonzero(
        (linear.min(axis=0) < -constants.SLACK) | (linear.max(axis=0) > 1.0 + constants.SLACK)
    )
    if outside.size:
        y, a, b = (plane.ravel()[outside] for plane in (luminance, a, b))
        t = _cube_root(y)  # exact: the table's would put the darkest grays outside, too
        factor = _largest_factor(y, t, a, b)
        linear.reshape(3, -1)[:, outside] = _linear_rgb(y, t, factor * a, factor * b)
    cv2.merge([_levels(channel, rgb.dtype) for channel in linear], rgb)


def in_gamut(lightness: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """The colors that `compose` makes of given ones.

    Args:
      lightness: float32 (n,), L*.
      ab: float32 (n, 2), CIE units.

    Returns:
      float32 (n, 3), CIE Lab, rounded as by 16-bit sRGB.
    """
    return rgb_to_lab(to_rgb(lightness, ab, np.dtype(np.uint16)))


def to_rgb(lightness: np.ndarray, ab: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The levels (n, 3), uint8 or uint16, that `compose` makes of colors; see `in_gamut`."""
    luminance = _luminance_of(lightness[None])
    rgb: np.ndarray = np.empty((1, len(lightness), 3), dtype)
    compose(luminance, lightness[None], np.ascontiguousarray(ab.T[:, None]), rgb)
    return rgb[0]


def _luminance_of(lightness: np.ndarray) -> np.ndarray:
    """Luminance Y in [0, 1] of L*, float32 of any shape."""
    return _cube((lightness + np.float32(16)) * np.float32(1 / 116))


def _largest_factor(y: np.ndarray, root: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    def beyond(factor: np.ndarray) -> np.ndarray:
        linear = _linear_rgb(y, root, factor * a, factor * b)
        return np.maximum(-linear.min(axis=0), linear.max(axis=0) - 1)

    return gamut.largest_factor(beyond, np.zeros_like(y), np)


def _linear_rgb(y: np.ndarray, root: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Linear red, green and blue, float32 (3, ...), not clipped."""
    x, z = a * np.float32(1 / 500), b * np.float32(-1 / 200)
    x, z = (_cube(np.add(plane, root, out=plane)) for plane in (x, z))
    linear = np.empty((3, *y.shape), np.float32)
    product = np.empty_like(y)
    # Not a matrix product: with 3 rows and many columns, BLAS costs three times as much.
    for channel, row in zip(linear, _RGB_FROM_RELATIVE, strict=True):
        np.multiply(x, row[0], out=channel)
        channel += np.multiply(y, row[1], out=product)
        channel += np.multiply(z, row[2], out=product)
    return linear


def _cube(root: np.ndarray) -> np.ndarray:
    """The inverse of `_cube_root`: a cube above the knee, a line below it; float32."""
    flat, knee, slope = root.reshape(1, -1), constants.ROOT_KNEE, 1 / constants.LAB_SLOPE
    # The cube does not change below the knee, nor the line above it, so their sum needs no mask.
    cube, line = cv2.pow(np.maximum(flat, knee), 3), np.minimum(flat, knee)
    return cv2.addWeighted(cube, 1, line, slope, -knee * slope).reshape(root.shape)


def _cube_root(relative: np.ndarray) -> np.ndarray:
    return np.where(
        relative > constants.LAB_KNEE,
        np.cbrt(relative),
        constants.LAB_SLOPE * relative + np.float32(constants.LAB_OFFSET),
    ).astype(np.float32)


def _levels(linear: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Linear light -> levels of the dtype."""
    if dtype == np.uint8:
        return _look_up(encode_table(), linear)
    return np.round(encode(np.clip(linear, 0, 1)) * np.iinfo(dtype).max).astype(dtype)


def decode(encoded: np.ndarray) -> np.ndarray:
    """Encoded sRGB -> linear light, both in [0, 1]."""
    return np.where(
        encoded > constants.SRGB_KNEE, ((encoded + 0.055) / 1.055) ** 2.4, encoded / 12.92
    )


def encode(linear: np.ndarray) -> np.ndarray:
    """Linear light -> encoded sRGB, both in [0, 1]."""
    power = 1.055 * np.power(np.maximum(linear, constants.LINEAR_KNEE), 1 / 2.4) - 0.055
    return np.where(linear > constants.LINEAR_KNEE, power, linear * 12.92)


def _of_levels(table: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The entries of a table with one for each level of the dtype; as `np.take`, but faster."""
    is_byte = levels.dtype == np.uint8
    found: np.ndarray = cv2.LUT(levels, table) if is_byte else np.take(table, levels)
    return found


def _look_up(table: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Nearest entries of a table of `constants.STEPS` steps over [0, 1], clipped to its ends."""
    scaled = values * np.float32(constants.STEPS)
    scaled += np.float32(0.5)
    return np.take(table, scaled.astype(np.int32), mode="clip")


@functools.cache
def linear_table(dtype: np.dtype) -> np.ndarray:
    """Linear light of every level of a dtype; float32 (256,) or (65536,)."""
    most = np.iinfo(dtype).max
    return decode(np.arange(most + 1) / most).astype(np.float32)


@functools.cache
def lightness_table() -> np.ndarray:
    steps = np.arange(constants.STEPS + 1) / constants.STEPS
    return (116.0 * _cube_root(steps) - 16.0).astype(np.float32)


@functools.cache
def lightness_of_levels(dtype: np.dtype) -> np.ndarray:
    """L* of every level of gray of a dtype; float32 (256,) or (65536,)."""
    return (116.0 * _cube_root(linear_table(dtype)) - 16.0).astype(np.float32)


@functools.cache
def encode_table() -> np.ndarray:
    """8-bit sRGB levels of linear light in `constants.STEPS` steps; uint8 (65536,)."""
    return np.round(encode(np.arange(constants.STEPS + 1) / constants.STEPS) * 255).astype(np.uint8)
