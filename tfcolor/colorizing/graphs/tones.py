"""`cielab_numpy` in TensorFlow ops: photographs -> tones, and tones with colors -> photographs.

The tables are the same, too: formulas would round some levels differently.
"""

import numpy as np
import tensorflow as tf
from keras import ops

from tfcolor.color import cielab, cielab_numpy, constants, gamut


def is_gray(rgb: tf.Tensor) -> tf.Tensor:
    """Whether a photograph (..., h, w, 3) has three equal channels; bool (...)."""
    return tf.reduce_all(rgb[..., :1] == rgb[..., 1:], axis=(-3, -2, -1))


class Tables:
    """The tables of `cielab_numpy`: 0.3 MB of constants in the graph that is being traced."""

    def __init__(self) -> None:
        byte = np.dtype(np.uint8)
        self._linear = tf.constant(cielab_numpy.linear_table(byte))
        self._lightness_of_levels = tf.constant(cielab_numpy.lightness_of_levels(byte))
        self._lightness = tf.constant(cielab_numpy.lightness_table())
        self._levels = tf.constant(cielab_numpy.encode_table())

    def tones(self, rgb: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """`cielab_numpy.tones` of uint8 (..., 3): luminance in [0, 1], L* in [0, 100]; float32."""
        red, green, blue = tf.unstack(tf.gather(self._linear, tf.cast(rgb, tf.int32)), axis=-1)
        weights = cielab.LUMINANCE
        luminance = weights[0] * red + weights[1] * green + weights[2] * blue
        return luminance, tf.gather(self._lightness, _step(luminance))

    def tones_of_gray(self, gray: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """As `tones`, of gray uint8 (...)."""
        level = tf.cast(gray, tf.int32)
        return tf.gather(self._linear, level), tf.gather(self._lightness_of_levels, level)

    def join(
        self, luminance: tf.Tensor, lightness: tf.Tensor, a: tf.Tensor, b: tf.Tensor
    ) -> tf.Tensor:
        """`cielab_numpy.compose`: planes float32 (..., h, w) -> uint8 (..., h, w, 3)."""
        planes = luminance, (lightness + 16.0) * (1 / 116), a, b
        y, root, a, b = (tf.reshape(plane, [-1]) for plane in planes)
        linear = _linear_rgb(y, root, a, b)
        painted = self._encode(linear)
        lowest, highest = _ends(linear)
        outside = tf.where((lowest < -constants.SLACK) | (highest > 1.0 + constants.SLACK))
        y, a, b = (tf.gather_nd(plane, outside) for plane in (y, a, b))
        painted = tf.tensor_scatter_nd_update(
            painted, outside, self._encode(_mapped_to_gamut(y, a, b))
        )
        return tf.reshape(painted, tf.concat([tf.shape(luminance), [3]], 0))

    def _encode(self, linear: list[tf.Tensor]) -> tf.Tensor:
        """Linear red, green and blue (k,) -> uint8 (k, 3)."""
        return tf.gather(self._levels, _step(tf.stack(linear, -1)))


def _mapped_to_gamut(y: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> list[tf.Tensor]:
    """Linear red, green and blue of luminance, a* and b* outside sRGB, with less chroma; (k,)."""
    root = (cielab.lightness(y) + 16.0) * (1 / 116)  # the table's is too coarse near the border

    def beyond(factor: tf.Tensor) -> tf.Tensor:
        lowest, highest = _ends(_linear_rgb(y, root, factor * a, factor * b))
        return tf.maximum(-lowest, highest - 1.0)

    factor = gamut.largest_factor(beyond, tf.zeros_like(y), ops)
    return _linear_rgb(y, root, factor * a, factor * b)


def _linear_rgb(y: tf.Tensor, root: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> list[tf.Tensor]:
    """Linear red, green and blue of luminance, its root, a* and b*; not clipped."""
    x, z = cielab.cube(root + a * (1 / 500)), cielab.cube(root + b * (-1 / 200))
    return [row[0] * x + row[1] * y + row[2] * z for row in cielab.RGB_FROM_RELATIVE]


def _ends(linear: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """The lowest and the highest of red, green and blue."""
    red, green, blue = linear
    return tf.minimum(tf.minimum(red, green), blue), tf.maximum(tf.maximum(red, green), blue)


def _step(values: tf.Tensor) -> tf.Tensor:
    """Index of the entry nearest to a value in a table of `cielab_numpy` over [0, 1]; int32."""
    return tf.cast(tf.clip_by_value(values, 0.0, 1.0) * constants.STEPS + 0.5, tf.int32)
