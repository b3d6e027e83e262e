"""The convolution of pix2pix, fast on a CPU, with the weights and results of `Conv2D`."""

import functools
from typing import Any

import keras
from keras import layers, ops

from tfcolor.models import winograd

# The native operation leaves most of a vector register empty with so few channels.
NARROW_FILTERS = 8


class Convolution(layers.Conv2D):
    """`Conv2D` of 4 x 4 kernels on planes padded with one row of zeros per side, channels last.

    (n, h, w, i) -> (n, (h - 2) // strides + 1, (w - 2) // strides + 1, o); kernel (4, 4, i, o).
    On a CPU, narrow layers at stride 1 multiply the pixels by all taps at once and add overlapping
    products; layers with many channels, known sides and float32 use Winograd's convolution. All
    others use the native operation.

    Args:
      filters: o, the output channels.
      strides: 1 or 2.
      **options: the others of `keras.layers.Conv2D`.

    Raises:
      ValueError: for another kernel size, stride or padding.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int] = 4,
        strides: int | tuple[int, int] = 1,
        padding: str = "valid",
        **options: Any,
    ) -> None:
        super().__init__(filters, kernel_size, strides=strides, padding=padding, **options)
        given = self.kernel_size, self.padding, self.dilation_rate, self.groups, self.data_format
        fits = given == ((4, 4), "valid", (1, 1), 1, "channels_last")
        if not fits or self.strides not in ((1, 1), (2, 2)):
            raise ValueError(
                'Convolution needs 4 x 4 kernels, strides of 1 or 2 and padding "valid" (it adds '
                f"its own row of zeros), no dilation, no groups, channels last, got {given} and "
                f"{self.strides}"
            )

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Convolves, adds the bias, activates."""
        kernel, strides = ops.convert_to_tensor(self.kernel), self.strides[0]
        if strides == 1 and self.filters <= NARROW_FILTERS and winograd.on_cpu():
            x = _multiply(x, kernel)
        elif winograd.pays(x.shape, self.filters, strides, self.compute_dtype):
            x = winograd.convolve(x, kernel, strides)
        elif strides == 2 and None not in x.shape[1:3] and not any(s % 2 for s in x.shape[1:3]):
            x = ops.conv(x, kernel, strides, "same")  # the same row of zeros, without a copy
        else:
            x = ops.conv(_pad(x), kernel, strides, "valid")
        if self.use_bias:
            x = ops.add(x, self.bias)
        return self.activation(x)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, h, w, i) -> (n, h', w', o), see the class."""
        h, w = (side and (side - 2) // self.strides[0] + 1 for side in input_shape[1:3])
        return input_shape[0], h, w, self.filters


def _multiply(x: keras.KerasTensor, kernel: keras.KerasTensor) -> keras.KerasTensor:
    """Multiplies every pixel by all 16 taps, then adds the products of each output pixel."""
    i, o = kernel.shape[2:]
    n, h, w = ops.shape(x)[:3]
    kernel = ops.reshape(ops.transpose(kernel, (2, 0, 1, 3)), (i, 16 * o))
    taps = ops.reshape(ops.matmul(ops.reshape(x, (-1, i)), kernel), (n, h, w, 16 * o))
    taps = _pad(taps)

    def part(row: int, column: int) -> keras.KerasTensor:
        first = (4 * row + column) * o
        return taps[:, row : row + h - 1, column : column + w - 1, first : first + o]

    return functools.reduce(ops.add, (part(row, column) for row in range(4) for column in range(4)))


def _pad(x: keras.KerasTensor) -> keras.KerasTensor:
    return ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
