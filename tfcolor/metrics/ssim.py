"""Structural similarity (Wang et al. 2004, doi:10.1109/TIP.2003.819861)."""

import tensorflow as tf

from tfcolor import color

WINDOW = 11  # pixels, as published


def ssim(truth: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Mean SSIM over the three channels, with the Gaussian window of the paper (sigma 1.5).

    Equals `skimage.metrics.structural_similarity` with gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=1, channel_axis=-1.

    Args:
      truth, fake: rgb (n, h, w, 3), uint8 or floating point in [0, 1]; sides of at least 11.

    Returns:
      float32 (n,), in [-1, 1]; higher is better. Gray itself scores about 0.92.

    Raises:
      ValueError: if a side is known to be under 11 pixels.
    """
    truth, fake = color.to_float(truth), color.to_float(fake)
    sides = [side for side in truth.shape[1:3] if side is not None]
    if min(sides, default=WINDOW) < WINDOW:
        raise ValueError(f"ssim needs sides of at least {WINDOW} pixels, got {min(sides)}")
    return tf.image.ssim(truth, fake, max_val=1.0, filter_size=WINDOW, filter_sigma=1.5)
