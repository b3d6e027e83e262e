"""Mean squared error and peak signal-to-noise ratio."""

import tensorflow as tf

from tfcolor.color import cielab


def mse(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Mean squared error over the pixels and channels of each photograph.

    Equals `skimage.metrics.mean_squared_error` of pixels in [0, 1].

    Args:
      truth, fake: rgb (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), in [0, 1]; lower is better.
    """
    truth, fake = tf.convert_to_tensor(truth), tf.convert_to_tensor(fake)
    if truth.dtype == fake.dtype == tf.uint8:
        # Whole levels are subtracted: XLA may not give exactly 0 for equal fractions.
        difference = (tf.cast(truth, tf.float32) - tf.cast(fake, tf.float32)) / 255.0
    else:
        difference = cielab.to_float(truth) - cielab.to_float(fake)
    return tf.reduce_mean(difference**2, axis=(1, 2, 3))


def psnr(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Peak signal-to-noise ratio, 10 log10(1 / MSE), of each photograph.

    Equals `skimage.metrics.peak_signal_noise_ratio` with data_range=1. Colorizers copy L*, which
    alone gives about 22 dB: compare it with gray's.

    Args:
      truth, fake: rgb (n, h, w, 3), uint8 or floating point in [0, 1].

    Returns:
      float32 (n,), dB; higher is better, infinite where the pictures are equal.
    """
    return -10.0 * tf.math.log(mse(truth, fake)) / tf.math.log(10.0)
