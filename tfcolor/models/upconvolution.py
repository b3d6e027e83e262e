"""A transposed convolution that is fast on a CPU, with the weights and results of Keras's."""

from typing import Any

import keras
from keras import layers, ops

from tfcolor.models import winograd

# With this many filters the kernel is larger than the planes, and rearranging it costs too much.
WIDE_FILTERS = 512
# The native operation leaves most of a vector register empty with so few channels.
NARROW_FILTERS = 8


class UpConvolution(layers.Conv2DTranspose):
    """`Conv2DTranspose` of 4 x 4 kernels at stride 2 with "same" padding, channels last.

    (n, h, w, i) -> (n, 2h, 2w, o) with a kernel (4, 4, o, i). On a CPU, layers with many channels,
    known sides and float32 use Winograd's convolution. Other wide layers there multiply the pixels
    by the kernel in its memory order and add overlapping products; narrow ones compute the four
    phases of the output at once and interleave them. All others use the native operation.

    Args:
      filters: o, the output channels.
      **options: the others of `keras.layers.Conv2DTranspose`.

    Raises:
      ValueError: for another kernel size, stride or padding.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int] = 4,
        strides: int | tuple[int, int] = 2,
        padding: str = "same",
        **options: Any,
    ) -> None:
        super().__init__(filters, kernel_size, strides=strides, padding=padding, **options)
        given = self.kernel_size, self.strides, self.padding
        if given != ((4, 4), (2, 2), "same"):
            raise ValueError(
                f'UpConvolution needs 4 x 4 kernels, strides of 2 and padding "same", got {given}'
            )

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Convolves, adds the bias, activates."""
        n, h, w, i = x.shape
        doubled = (n, h and 2 * h, w and 2 * w, self.filters)
        if not winograd.on_cpu():
            return super().call(x)
        if winograd.pays(doubled, i, 2, self.compute_dtype):
            upsample = winograd.convolve_transposed
        elif self.filters >= WIDE_FILTERS:
            upsample = _multiply
        elif self.filters <= NARROW_FILTERS:
            upsample = _interleave
        else:
            return super().call(x)
        x = upsample(x, ops.convert_to_tensor(self.kernel))
        if self.use_bias:
            x = ops.add(x, self.bias)
        return self.activation(x)


def _multiply(x: keras.KerasTensor, kernel: keras.KerasTensor) -> keras.KerasTensor:
    """Multiplies every pixel by all 16 taps, then adds the taps that overlap."""
    o, i = kernel.shape[2:]
    n, h, w = ops.shape(x)[:3]
    kernel = ops.transpose(ops.reshape(kernel, (16 * o, i)))  # folded into the product
    taps = ops.reshape(ops.matmul(ops.reshape(x, (-1, i)), kernel), (n, h, w, 4, 4 * o))
    last, first = taps[:, :-1, :, 3:], taps[:, 1:, :, :1]
    rows = _overlap(taps, _pad(last, 1, before=1), _pad(first, 1, before=0))  # (n, h, w, 2, 4o)
    taps = ops.reshape(ops.transpose(rows, (0, 1, 3, 2, 4)), (n, 2 * h, w, 4, o))
    last, first = taps[:, :, :-1, 3:], taps[:, :, 1:, :1]
    columns = _overlap(taps, _pad(last, 2, before=1), _pad(first, 2, before=0))
    return ops.reshape(columns, (n, 2 * h, 2 * w, o))


def _overlap(
    taps: keras.KerasTensor, before: keras.KerasTensor, after: keras.KerasTensor
) -> keras.KerasTensor:
    """The two outputs of a pixel: its own taps 1 and 2, tap 3 of the one before, 0 of the next."""
    return taps[:, :, :, 1:3] + ops.concatenate([before, after], axis=3)


def _pad(x: keras.KerasTensor, axis: int, before: int) -> keras.KerasTensor:
    """Adds one row of zeros, before or after the others, along one of the five axes."""
    return ops.pad(x, [[before, 1 - before] if i == axis else [0, 0] for i in range(5)])


def _interleave(x: keras.KerasTensor, kernel: keras.KerasTensor) -> keras.KerasTensor:
    """One 2 x 2 convolution to four phases, then depth to space."""
    o, i = kernel.shape[2:]
    n, h, w = ops.shape(x)[:3]
    # Between two pixels lie two outputs: taps 2 and 3 of the one, 0 and 1 of the next.
    # Axis by axis: Keras before 3.14 takes no tuple of axes.
    kernel = ops.flip(ops.flip(ops.reshape(kernel, (2, 2, 2, 2, o, i)), axis=0), axis=2)
    kernel = ops.reshape(ops.transpose(kernel, (0, 2, 5, 1, 3, 4)), (2, 2, i, 4 * o))
    x = ops.conv(ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), kernel, padding="valid")
    x = ops.transpose(ops.reshape(x, (n, h + 1, w + 1, 2, 2, o)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (n, 2 * h + 2, 2 * w + 2, o))[:, 1:-1, 1:-1]
