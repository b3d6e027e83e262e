"""Colorfulness (Hasler and Suesstrunk 2003, doi:10.1117/12.477378), M3 of the paper.

The opponent channels are rg = R - G and yb = (R + G) / 2 - B, with R, G, B in 0..255. Several
colorization papers (DDColor, CT2, ColorFormer) take their absolute values first and so report
lower figures under the same name: 37.8 instead of 41.0 on the same photographs.
"""

import tensorflow as tf

from tfcolor.color import cielab


def colorfulness(rgb: tf.Tensor) -> tf.Tensor:
    """Colorfulness as published, with signed opponent channels.

    Args:
      rgb: (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), >= 0: 0 for gray, 15 slightly, 33 moderately, 59 quite, 109 extremely colorful.
    """
    return _spread_and_distance(*_opponents(rgb))


def colorfulness_absolute(rgb: tf.Tensor) -> tf.Tensor:
    """Colorfulness with absolute opponent channels, as DDColor's evaluation computes it.

    Args:
      rgb: (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), >= 0.
    """
    return _spread_and_distance(*(tf.abs(channel) for channel in _opponents(rgb)))


def delta_colorfulness(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """How far a colorization's colorfulness is from its photograph's, in either direction.

    Its mean over a set is the mean difference; what papers call delta CF is the difference of the
    set's means, in which dull and gaudy pictures cancel.

    Args:
      truth, fake: rgb (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), >= 0; lower is better.
    """
    return tf.abs(colorfulness(fake) - colorfulness(truth))


def _opponents(rgb: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    red, green, blue = tf.unstack(cielab.to_float(rgb) * 255.0, axis=-1)
    return red - green, (red + green) / 2.0 - blue


def _spread_and_distance(rg: tf.Tensor, yb: tf.Tensor) -> tf.Tensor:
    (rg_mean, rg_variance), (yb_mean, yb_variance) = (
        tf.nn.moments(channel, axes=(1, 2)) for channel in (rg, yb)
    )
    return tf.sqrt(rg_variance + yb_variance) + 0.3 * tf.sqrt(rg_mean**2 + yb_mean**2)
