"""The signatures of a SavedModel: what TF Serving and its clients call."""

import keras
import tensorflow as tf

from tfcolor import graphs


class Served(tf.Module):
    """What a SavedModel holds: the generator behind its signatures, any size in, same size out."""

    def __init__(self, generator: keras.Model, image_size: int, stride: int) -> None:
        super().__init__(name="tfcolor")
        self.generator = generator
        self._sizes = (image_size, stride)

    def signature(self, raw: bool) -> tf.types.experimental.PolymorphicFunction:
        """rgb uint8 (n, h, w, 3), or gray (n, h, w, 1) -> {"rgb": uint8 (n, h, w, 3)}.

        Args:
          raw: with the lightness that the network painted, for one that paints all of RGB.
        """

        @tf.function(input_signature=[graphs.SPEC])
        def colorize(rgb: tf.Tensor) -> dict[str, tf.Tensor]:
            colored = graphs.colorize_rgb(self.generator, rgb, *self._sizes, raw)
            return {"rgb": tf.ensure_shape(colored, (None, None, None, 3))}

        return colorize

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 1), tf.float32, name="l")])
    def planes(self, l: tf.Tensor) -> dict[str, tf.Tensor]:
        """l float32 (n, h, w, 1) in [-1, 1], any size -> {"ab": float32 (n, h, w, 2)}."""
        ab = graphs.colors(self.generator, l, self._sizes[1])
        return {"ab": tf.ensure_shape(ab, (None, None, None, 2))}
