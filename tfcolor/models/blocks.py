"""What the U-Net and the PatchGAN share: the initial weights and the normalization."""

import keras

KERNEL_SIZE = 4  # every convolution of the paper is 4 x 4
LEAKY_SLOPE = 0.2


def initial_weights(seed: int) -> keras.initializers.Initializer:
    """N(0, 0.02), as the paper draws its weights (arXiv:1611.07004, 6.2)."""
    return keras.initializers.RandomNormal(0.0, 0.02, seed=seed)


def normalize(normalization: str, dtype: str) -> keras.layers.Layer:
    """A normalization layer over (n, h, w, c).

    "batch" is the paper's; its moving averages make inference deterministic and independent of
    the batch. "instance" is what the paper's becomes at batch size 1, with the same result in
    training and in inference.
    """
    if normalization == "instance":
        return keras.layers.GroupNormalization(groups=-1, epsilon=1e-5, dtype=dtype)
    # Momentum 0.9: the moving averages are right after tens of steps, not hundreds.
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=dtype)
