"""Color bleeding: colors that run over edges."""

import tensorflow as tf

from tfcolor.color import cielab

NEAR, FAR = 2, 8  # pixels to both sides of an edge
EDGE = 15.0  # L* between the near sides; more is an edge
FAINT = 0.5  # Lab units between the far sides; where there is less on average, there is no color


def spill(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """The share of color changes that do not happen at the edge where they belong.

    At the photograph's edges of lightness it is 1 - (change of color close to both sides of the
    edge) / (change of color farther from it), both summed over all edges. Neither hue nor chroma
    matters. The truth has about a third, as not every edge ends a color: compare with that.

    Args:
      truth, fake: rgb (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), at most 1, higher the softer colors change; 0 where there is no color.
    """
    l, ab = cielab.rgb_to_lab(truth)[..., :1], cielab.rgb_to_lab(fake)[..., 1:]
    near = far = edges = 0.0
    for axis in (1, 2):
        edge = tf.cast(_change(l, NEAR, axis) > EDGE, tf.float32)
        near += tf.reduce_sum(edge * _change(ab, NEAR, axis), axis=(1, 2))
        far += tf.reduce_sum(edge * _change(ab, FAR, axis), axis=(1, 2))
        edges += tf.reduce_sum(edge, axis=(1, 2))
    return tf.where(far > FAINT * edges, 1.0 - tf.math.divide_no_nan(near, far), 0.0)


def _change(planes: tf.Tensor, reach: int, axis: int) -> tf.Tensor:
    """Distance between the values `reach` pixels before and after each pixel along an axis.

    (n, h, w, c) -> (n, h - 16, w - 16): for the pixels that have `FAR` others on each side.
    """
    planes = tf.transpose(planes, (0, axis, 3 - axis, 3))[:, :, FAR:-FAR]
    size = tf.shape(planes)[1]
    behind = planes[:, FAR + reach : size - FAR + reach]
    before = planes[:, FAR - reach : size - FAR - reach]
    change = tf.norm(behind - before, axis=-1)
    return tf.transpose(change, (0, axis, 3 - axis))
