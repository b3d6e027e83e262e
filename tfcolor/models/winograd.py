"""4 x 4 convolutions in fewer multiplications (Winograd, arXiv:1509.09308), and their transposes.

A tile and the kernel are taken as polynomials, evaluated at a few points, multiplied there and
interpolated: 49 products per channel for 4 x 4 outputs of 16 taps each, instead of 256; at stride
2, whose taps form four phases of 2 x 2, 25 for each phase instead of 64. On a CPU that outweighs
the additions if there are many channels; a GPU has faster methods, and 8 or 10 bits of mantissa
would lose too much. All other steps (zero padding, phases, overlap of tiles, cropping at the end)
are part of constant matrices, one for rows and one for columns, so that gradients are products too.
"""

import functools
from typing import Any

import keras
import numpy as np
from keras import ops

KERNEL_SIZE = 4
TILE = 4  # outputs per side that are computed together
POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5)  # and infinity; of both signs, near 1, for small errors
MAX_SIDE = 64  # the constant matrices grow with its square
MIN_CHANNELS = 128  # with fewer the additions cost as much as the products that are saved
MIN_PLACES = 512  # outputs per channel; with fewer, evaluating the kernel costs more

Tensor = Any  # a tensor of whatever backend Keras runs on


def pays(shape: tuple[int | None, ...], filters: int, strides: int, dtype: str) -> bool:
    """Whether `convolve` is faster and as accurate: float32, on a CPU, many channels.

    Args:
      shape: of the larger planes, (n, h, w, c), c channels in.
      filters: channels out.
      strides: 1 or 2.
      dtype: of the computation.
    """
    if dtype != "float32" or None in shape:
        return False
    n, h, w, channels = (int(size or 0) for size in shape)
    if h % strides or w % strides:
        return False
    places = n * _length(h, strides) * _length(w, strides)
    if max(h, w) > MAX_SIDE or min(channels, filters) < MIN_CHANNELS or places < MIN_PLACES:
        return False
    return on_cpu()


def on_cpu() -> bool:
    """Whether all devices are CPUs; on others the native operations are the fastest."""
    return all(device.startswith("cpu") for device in keras.distribution.list_devices())


def convolve(x: Tensor, kernel: Tensor, strides: int = 1) -> Tensor:
    """Convolves planes that are padded with one row of zeros per side.

    Args:
      x: float32 (n, h, w, i), h and w known, multiples of `strides`.
      kernel: float32 (4, 4, i, o).
      strides: 1 or 2.

    Returns:
      float32 (n, h', w', o), h' = (h - 2) // strides + 1.
    """
    h, w = x.shape[1:3]
    x = _apply(_evaluation(h, strides), _evaluation(w, strides), x)
    x = _to_points(x, _points(strides), strides)
    x = ops.matmul(x, _evaluated(kernel, strides))
    x = _from_points(x, _points(strides), _tiles(h, strides), _tiles(w, strides), 1)
    return _apply(_interpolation(h, strides), _interpolation(w, strides), x)


def convolve_transposed(x: Tensor, kernel: Tensor) -> Tensor:
    """The transpose of `convolve` at stride 2: doubles height and width.

    Args:
      x: float32 (n, h, w, i), h and w known.
      kernel: float32 (4, 4, o, i).

    Returns:
      float32 (n, 2h, 2w, o).
    """
    h, w = 2 * x.shape[1], 2 * x.shape[2]
    x = _apply(_interpolation(h, 2).T, _interpolation(w, 2).T, x)
    x = _to_points(x, _points(2), 1)
    x = ops.matmul(x, ops.transpose(_evaluated(kernel, 2), (0, 2, 1)))
    x = _from_points(x, _points(2), _tiles(h, 2), _tiles(w, 2), 2)
    return _apply(_evaluation(h, 2).T, _evaluation(w, 2).T, x)


def _apply(rows: np.ndarray, columns: np.ndarray, x: Tensor) -> Tensor:
    """Multiplies (n, h, w, c) by (h', h) and by (w', w); (n, h', w', c)."""
    n, channels = ops.shape(x)[0], x.shape[3]
    (h, before), (w, _) = rows.shape, columns.shape
    x = ops.matmul(ops.convert_to_tensor(rows), ops.reshape(x, (n, before, -1)))
    x = ops.matmul(ops.convert_to_tensor(columns), ops.reshape(x, (n * h, -1, channels)))
    return ops.reshape(x, (n, h, w, channels))


def _to_points(x: Tensor, points: int, phases: int) -> Tensor:
    """(n, points tiles phases, points tiles phases, c) -> (points^2, n tiles^2, phases^2 c)."""
    n, (h, w, channels) = ops.shape(x)[0], x.shape[1:]
    tiles = [side // (points * phases) for side in (h, w)]
    x = ops.reshape(x, (n, points, tiles[0], phases, points, tiles[1], phases, channels))
    x = ops.transpose(x, (1, 4, 0, 2, 5, 3, 6, 7))
    return ops.reshape(x, (points**2, n * tiles[0] * tiles[1], phases**2 * channels))


def _from_points(x: Tensor, points: int, rows: int, columns: int, phases: int) -> Tensor:
    """Undoes `_to_points`, for the given rows and columns of tiles."""
    x = ops.reshape(x, (points, points, -1, rows, columns, phases, phases, x.shape[2] // phases**2))
    x = ops.transpose(x, (2, 0, 3, 5, 1, 4, 6, 7))
    return ops.reshape(x, (-1, points * rows * phases, points * columns * phases, x.shape[-1]))


def _evaluated(kernel: Tensor, strides: int) -> Tensor:
    """A kernel (4, 4, i, o) at the points; (points ** 2, strides ** 2 * i, o)."""
    i, o = kernel.shape[2:]
    taps = KERNEL_SIZE // strides
    if strides > 1:
        kernel = ops.reshape(kernel, (taps, strides, taps, strides, i, o))
        kernel = ops.transpose(kernel, (0, 2, 1, 3, 4, 5))
    _, once, _ = _toom_cook(taps)
    both = ops.convert_to_tensor(np.kron(once, once).astype(np.float32))
    kernel = ops.matmul(both, ops.reshape(kernel, (taps**2, -1)))
    return ops.reshape(kernel, (_points(strides) ** 2, strides**2 * i, o))


def _points(strides: int) -> int:
    return TILE + KERNEL_SIZE // strides - 1


def _length(side: int, strides: int) -> int:
    """Number of outputs of a row of `side` pixels."""
    return (side + 2 - KERNEL_SIZE) // strides + 1


def _tiles(side: int, strides: int) -> int:
    return -(-_length(side, strides) // TILE)


@functools.cache
def _evaluation(side: int, strides: int) -> np.ndarray:
    """A row of pixels -> its tiles at the points; float32 (points * tiles * strides, side)."""
    evaluate, _, _ = _toom_cook(KERNEL_SIZE // strides)
    points, tiles = len(evaluate), _tiles(side, strides)
    matrix = np.zeros((points, tiles, strides, side))
    for tile, phase, pixel in np.ndindex(tiles, strides, points):
        place = strides * (tile * TILE + pixel) + phase - 1  # one row of zeros before
        if 0 <= place < side:
            matrix[:, tile, phase, place] = evaluate[:, pixel]
    return matrix.reshape(-1, side).astype(np.float32)


@functools.cache
def _interpolation(side: int, strides: int) -> np.ndarray:
    """Tiles at the points -> a row of outputs; float32 (outputs, points * tiles)."""
    _, _, interpolate = _toom_cook(KERNEL_SIZE // strides)
    length = _length(side, strides)
    matrix = np.zeros((length, _points(strides), _tiles(side, strides)))
    for place in range(length):
        matrix[place, :, place // TILE] = interpolate[place % TILE]
    return matrix.reshape(length, -1).astype(np.float32)


@functools.cache
def _toom_cook(taps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The matrices of a row: outputs = interpolate @ ((evaluate @ pixels) * (kernel @ taps)).

    Returns:
      evaluate float64 (points, points), kernel (points, taps), interpolate (TILE, points); the
      last point is infinity, where a polynomial is its highest coefficient.
    """
    finite = POINTS[: TILE + taps - 2]
    count = len(finite) + 1
    evaluate, kernel = np.zeros((count, count)), np.zeros((count, taps))
    interpolate = np.zeros((TILE, count))
    for index, point in enumerate(finite):
        others = [other for other in finite if other != point]
        evaluate[index, :-1] = np.poly(others)[::-1]
        kernel[index] = point ** np.arange(taps) / np.prod(point - np.array(others))
        interpolate[:, index] = point ** np.arange(TILE)
    evaluate[-1] = np.poly(finite)[::-1]
    kernel[-1, -1] = interpolate[-1, -1] = 1.0
    return evaluate, kernel, interpolate
