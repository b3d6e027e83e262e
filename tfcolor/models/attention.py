"""Self-attention over the places of a picture (SAGAN, arXiv:1805.08318, section 3)."""

from typing import Any

import keras
from keras import layers, ops

from tfcolor.models import spectral_norm

KEY_DIVISOR = 8  # queries and keys have c / 8 channels, as in the paper
VALUE_DIVISOR = 2  # values have c / 2, as in the authors' code


class SelfAttention(layers.Layer):
    """Adds features of the whole picture to every place, (n, h, w, c) -> (n, h, w, c).

    x + gamma * o(softmax(f(x) g(x)^T) h(x)) with 1 x 1 spectral convolutions f, g, h, o without
    biases; gamma starts at 0, so that the layer is the identity at first. As in the authors' code
    g and h are max-pooled 2 x 2, which quarters the h w * h w / 4 weights of attention.

    Args:
      seed: of the initial weights.
      options: of `Layer`, such as `dtype`.
    """

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.seed = seed

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Makes the four convolutions."""
        channels = input_shape[-1]
        keys = max(1, channels // KEY_DIVISOR)
        values = max(1, channels // VALUE_DIVISOR)
        self.query = self._convolution("query", keys, 0)  # f
        self.key = self._convolution("key", keys, 1)  # g
        self.value = self._convolution("value", values, 2)  # h
        self.back = self._convolution("back", channels, 3)  # o; v in the paper
        for layer in (self.query, self.key, self.value):
            layer.build(input_shape)
        self.back.build((*input_shape[:-1], values))
        # "same" pads odd sides only, so that no place is left out.
        self.pool = layers.MaxPooling2D(2, padding="same", dtype=self.dtype_policy, name="pool")
        self.gamma = self.add_weight(name="gamma", shape=(), initializer="zeros")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Adds the attention to x."""
        n, h, w, _ = ops.shape(x)

        def places(x: keras.KerasTensor) -> keras.KerasTensor:
            return ops.reshape(x, (n, -1, x.shape[-1]))

        keys, values = places(self.pool(self.key(x))), places(self.pool(self.value(x)))
        scores = ops.matmul(places(self.query(x)), ops.transpose(keys, (0, 2, 1)))
        # float32: with fewer bits, exp would not distinguish similar scores.
        attention = ops.cast(ops.softmax(ops.cast(scores, "float32"), axis=-1), self.compute_dtype)
        seen = ops.matmul(attention, values)
        return x + self.gamma * self.back(ops.reshape(seen, (n, h, w, values.shape[-1])))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The options, to build the layer again."""
        return {**super().get_config(), "seed": self.seed}

    def _convolution(self, name: str, channels: int, index: int) -> spectral_norm.SpectralConv2D:
        return spectral_norm.SpectralConv2D(
            channels,
            1,
            seed=self.seed * 10 + index,
            use_bias=False,
            dtype=self.dtype_policy,
            name=name,
        )
