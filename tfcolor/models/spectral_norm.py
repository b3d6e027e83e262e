"""A convolution whose kernel is divided by its largest singular value (arXiv:1802.05957).

`keras.layers.SpectralNormalization` would not do: it overwrites the kernel that the optimizer
updates, and passes no gradient through the singular value.
"""

from typing import Any

import keras
from keras import initializers, layers, ops

EPSILON = 1e-12  # as in the authors' code; a kernel of zeros stays zero


class SpectralConv2D(layers.Conv2D):
    """`Conv2D` with spectral normalization; channels last, one power iteration per training call.

    The singular value is that of the kernel as a matrix (h * w * channels in, channels out). In
    inference it is estimated from the direction `u` that training found, which stays fixed then,
    and while the layer is frozen (`trainable` is False), as in Keras's batch normalization.

    Args:
      filters, kernel_size, and further options: as in `Conv2D`.
      seed: of `u`, and of the Glorot uniform kernel unless `kernel_initializer` is given.
    """

    def __init__(
        self, filters: int, kernel_size: int | tuple[int, int], seed: int = 0, **options: Any
    ) -> None:
        options.setdefault("kernel_initializer", initializers.GlorotUniform(seed))
        options["data_format"] = "channels_last"
        super().__init__(filters, kernel_size, **options)
        self.seed = seed

    def add_weight(self, *arguments: Any, **options: Any) -> keras.Variable:
        """Adds a weight that mixed precision leaves in float32, which the singular value needs."""
        return super().add_weight(*arguments, **{**options, "autocast": False})

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Adds `u`, float32 (filters,), the estimated right singular vector."""
        super().build(input_shape)
        self.u = self.add_weight(
            name="u",
            shape=(self.filters,),
            initializer=initializers.RandomNormal(seed=self.seed),
            trainable=False,
            dtype="float32",
            # Replicas need not exchange u: the same kernel and u give each of them the same new u.
            aggregation="none",
        )

    def call(self, inputs: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """Convolves with the kernel over its largest singular value."""
        matrix = ops.reshape(ops.cast(self.kernel, "float32"), (-1, self.filters))
        kernel = self.kernel / self._largest_singular_value(matrix, training)
        outputs = self.convolution_op(inputs, ops.cast(kernel, self.compute_dtype))
        if self.use_bias:
            outputs = ops.add(outputs, ops.cast(self.bias, self.compute_dtype))
        return outputs if self.activation is None else self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        """The options, to build the layer again."""
        return {**super().get_config(), "seed": self.seed}

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Also saves `u`, which `Conv2D` does not know."""
        super().save_own_variables(store)
        if self.built:
            store["u"] = self.u

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Also loads `u`."""
        super().load_own_variables(store)
        if self.built:
            self.u.assign(store["u"])

    def _largest_singular_value(
        self, matrix: keras.KerasTensor, training: bool
    ) -> keras.KerasTensor:
        # The gradient treats u and v as constants (the paper's section 2.1 and appendix A): it
        # passes only through the matrix between them.
        fixed = ops.stop_gradient(matrix)
        u = ops.convert_to_tensor(self.u)
        v = _unit(ops.matmul(fixed, u[:, None]))
        if training and self.trainable:
            u = _unit(ops.matmul(ops.transpose(fixed), v))[:, 0]
            self.u.assign(u)
        else:
            u = _unit(u)
        product = ops.matmul(ops.transpose(v), ops.matmul(matrix, u[:, None]))
        return ops.maximum(product[0, 0], EPSILON)


def _unit(vector: keras.KerasTensor) -> keras.KerasTensor:
    return vector / ops.maximum(ops.sqrt(ops.sum(ops.square(vector))), EPSILON)
