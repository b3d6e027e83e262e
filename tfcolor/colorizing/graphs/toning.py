"""`colorizing.tone` in TensorFlow ops: a SavedModel tells photographs in color by the same rule."""

import tensorflow as tf

from tfcolor.color import cielab
from tfcolor.colorizing import tone
from tfcolor.images.resizing import tensors


def is_in_color(rgb: tf.Tensor) -> tf.Tensor:
    """`tone.is_in_color` of uint8 (h, w, 3); bool ()."""
    return difference(rgb) > tone.DIFFERENCE


def difference(rgb: tf.Tensor) -> tf.Tensor:
    """`tone.difference` of uint8 (h, w, 3); float32 (), Lab units."""
    step = tf.maximum(tf.reduce_min(tf.shape(rgb)[:2]) // tone.ENOUGH, 1)
    thinned = tf.ensure_shape(rgb[::step, ::step], (None, None, 3))
    small = tensors.resize(thinned, tone.SIDE, tone.SIDE)
    # Rounded to 16 bits as there, so that the same pixels are equally light.
    small = tf.round(small * 257.0) / 65535.0
    lab = tf.reshape(cielab.rgb_to_lab(small), (tone.SIDE**2, 3))
    lab = tf.gather(lab, tf.argsort(lab[:, 0], stable=True))
    lightness, ab = lab[:, 0], lab[:, 1:]
    middle = tf.reduce_mean(tf.reshape(lightness, (tone.GROUPS, -1)), axis=1)
    groups = tf.reshape(ab, (tone.GROUPS, -1, 2))  # of one size, as 24 divides 96 * 96
    usual = tf.transpose(_percentile(tf.transpose(groups, (0, 2, 1)), 50.0))  # (2, GROUPS)
    off = ab - tf.transpose(_interpolated(lightness, middle, usual))
    direction = tf.reduce_mean(ab, axis=0)
    direction /= tf.maximum(tf.norm(direction), 1e-6)
    along = tf.linalg.matvec(off, direction)
    across = tf.linalg.matvec(off, tf.stack([-direction[1], direction[0]]))
    differences = tf.sqrt(across**2 + (along / tone.ALONG) ** 2)
    return _percentile(differences, 100 - tone.SHARE)


def _percentile(values: tf.Tensor, percent: float) -> tf.Tensor:
    """`np.percentile` along the last axis, of a known length."""
    place = percent / 100 * (values.shape[-1] - 1)
    below = int(place)
    ranked = tf.sort(values, axis=-1)
    low, high = ranked[..., below], ranked[..., min(below + 1, values.shape[-1] - 1)]
    return low + (place - below) * (high - low)


def _interpolated(x: tf.Tensor, places: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """`np.interp` of x (k,) for each row of values (r, m) at rising places (m,); (r, k)."""
    last = places.shape[0] - 1
    left = tf.maximum(tf.searchsorted(places, x, side="right") - 1, 0)
    right = tf.minimum(left + 1, last)
    start, end = tf.gather(places, left), tf.gather(places, right)
    share = tf.clip_by_value(tf.math.divide_no_nan(x - start, end - start), 0.0, 1.0)
    low, high = tf.gather(values, left, axis=1), tf.gather(values, right, axis=1)
    return low + share * (high - low)
