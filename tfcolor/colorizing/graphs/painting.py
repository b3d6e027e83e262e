"""`colorizing.painting` in TensorFlow ops: joins a photograph with color of a smaller size."""

import tensorflow as tf

from tfcolor.color import cielab, constants
from tfcolor.colorizing import upsample
from tfcolor.colorizing.graphs import tones
from tfcolor.images.resizing import tensors

_STRIP = 262_144  # pixels that are painted at a time, which bounds the memory needed for them


def paint(
    rgb: tf.Tensor,
    l: tf.Tensor,
    ab: tf.Tensor,
    tables: tones.Tables,
    strength: tf.Tensor | float = 1.0,
    saturation: tf.Tensor | float = 1.0,
) -> tf.Tensor:
    """`painting.paint` of uint8 (h, w, 3), l (h', w', 1) and ab (h', w', 2)."""
    size = tf.shape(rgb)[:2]
    wide = _widened(
        (l + 1.0) * constants.L_SCALE, ab * (constants.AB_SCALE * strength * saturation), size
    )
    gray = tones.is_gray(rgb)
    count = tf.maximum(_STRIP // size[1], 1)

    def paint_strip(index: tf.Tensor, strips: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        top = index * count
        strip = rgb[top : top + count]
        luminance, lightness = tf.cond(
            gray, lambda: tables.tones_of_gray(strip[..., 0]), lambda: tables.tones(strip)
        )
        a, b = _colors_of_rows(wide, top, lightness, size[0])
        own = tf.cond(
            (strength < 1.0) & ~gray,
            lambda: (1.0 - strength) * cielab.rgb_to_lab(strip)[..., 1:],
            lambda: tf.zeros((1, 1, 2)),
        )
        a, b = a + own[..., 0], b + own[..., 1]
        return index + 1, strips.write(index, tables.join(luminance, lightness, a, b))

    strips = tf.TensorArray(
        tf.uint8, -(-size[0] // count), element_shape=(None, None, 3), infer_shape=False
    )
    _, strips = tf.while_loop(
        lambda index, _: index * count < size[0], paint_strip, [tf.constant(0), strips]
    )
    return tf.reshape(strips.concat(), tf.shape(rgb))


def _widened(l: tf.Tensor, ab: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """The planes of `upsample.Upsampler` at full width: a, b, their slopes, L*.

    Args:
      l, ab: L* (h', w', 1) and a*b* (h', w', 2) of the small photograph.
      size: int32 (2,), height and width of the large one.

    Returns:
      float32 (h'', 5, w), where h'' <= h.
    """
    planes = tf.concat([ab, l], -1)
    height, width = tf.unstack(tf.minimum(tf.shape(l)[:2], size))
    planes = tensors.resize(planes, height, width)
    ab, l = planes[..., :2], planes[..., 2:]
    mean_l, mean_ab = _mean(l), _mean(ab)
    covariance = _mean(l * ab) - mean_l * mean_ab
    variance = _mean(l * l) - mean_l * mean_l
    slopes = upsample.TRUST * _mean(covariance / (variance + upsample.NOISE))
    planes = tf.transpose(tf.concat([ab, slopes, l], -1), (0, 2, 1))  # (h'', 5, w'')
    weights, _ = _bicubic(tf.range(size[1]), size[1], width)
    wide = tf.matmul(tf.reshape(planes, (-1, width)), weights, transpose_b=True)
    return tf.reshape(wide, (height, 5, size[1]))


def _colors_of_rows(
    wide: tf.Tensor, top: tf.Tensor, lightness: tf.Tensor, height: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """`upsample.Upsampler.rows`: a*, b* of the r rows from `top`, which have that lightness."""
    count, width = tf.unstack(tf.shape(lightness))
    weights, first = _bicubic(tf.range(top, top + count), height, tf.shape(wide)[0])
    near = tf.reshape(wide[first : first + tf.shape(weights)[1]], (-1, 5 * width))
    planes = tf.reshape(tf.matmul(weights, near), (count, 5, width))
    a, b, slope_a, slope_b, mean = tf.unstack(planes, axis=1)
    detail = lightness - mean
    return a + slope_a * detail, b + slope_b * detail


def _mean(planes: tf.Tensor) -> tf.Tensor:
    """Means over windows of `upsample.RADIUS`, borders repeated; (h, w, c)."""
    radius = upsample.RADIUS
    around = tf.pad(planes, [[radius, radius], [radius, radius], [0, 0]], "SYMMETRIC")
    return tf.nn.avg_pool2d(around[None], 2 * radius + 1, 1, "VALID")[0]


def _bicubic(rows: tf.Tensor, large: tf.Tensor, small: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Rows of the bicubic matrix (see `upsample`), cut to the columns that they use.

    Returns:
      float32 (r, k), and the index of their first column in the whole matrix, int32 ().
    """
    shrink = tf.cast(small, tf.float64) / tf.cast(large, tf.float64)
    place = (tf.cast(rows, tf.float64)[:, None] + 0.5) * shrink - 0.5
    taps = tf.floor(place) + tf.range(-1.0, 3.0, dtype=tf.float64)  # (r, 4)
    weights = tf.cast(upsample.cubic(tf.abs(place - taps), tf), tf.float32)
    columns = tf.clip_by_value(tf.cast(taps, tf.int32), 0, small - 1)
    first, last = columns[0, 0], columns[-1, -1]
    row = tf.broadcast_to(tf.range(tf.size(rows))[:, None], tf.shape(columns))
    places = tf.stack([row, columns - first], -1)
    return tf.scatter_nd(places, weights, [tf.size(rows), last - first + 1]), first
