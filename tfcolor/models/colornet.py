"""Our own generator: EfficientNet-Lite0 encoder, light decoder, color classes, refinement.

Color is classified at stride 4, over the cells of a grid in the ab plane (arXiv:1603.08511), and
then refined at strides 2 and 1, guided by the lightness. Fully convolutional: any multiple of 32.
"""

import keras
import numpy as np
from keras import layers, ops

from tfcolor.models import efficientnet

AB_SCALE = 110.0  # as in color.py: ab planes are a* and b* over it
BIN_WIDTH = 10.0  # Lab units; arXiv:1603.08511, 3.1
TEMPERATURE = 0.6  # of the annealed mean; lower is more saturated
STRIDE = 32  # sides must be multiples of it
DECODER_WIDTHS = {16: 160, 8: 112, 4: 80}  # stride -> channels


def ab_bins() -> np.ndarray:
    """The cells of the ab grid that sRGB has colors in.

    Returns:
      float32 (258, 2), their centers in Lab units, multiples of `BIN_WIDTH`.
    """
    levels = np.append(np.arange(0, 256, 8), 255) / 255.0
    rgb = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    # NumPy, not `color`: networks must be built where there is no TensorFlow.
    xyz = linear @ np.array(
        [
            [0.433946, 0.212671, 0.017757],
            [0.376214, 0.715160, 0.109469],
            [0.189825, 0.072169, 0.872705],
        ]
    )
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    ab = np.stack([500 * (root[:, 0] - root[:, 1]), 200 * (root[:, 1] - root[:, 2])], -1)
    return (np.unique(np.round(ab / BIN_WIDTH), axis=0) * BIN_WIDTH).astype(np.float32)


class BilinearUp(layers.Layer):
    """Doubles height and width, (n, h, w, c) -> (n, 2h, 2w, c), at half-pixel centers.

    Written as shifted sums: `UpSampling2D(interpolation="bilinear")` cannot be traced at unknown
    height and width.
    """

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Interpolates rows, then columns."""
        shape = ops.shape(x)
        rows = ops.stack(self._halves(x[:, :1], x, x[:, -1:], axis=1), axis=2)
        x = ops.reshape(rows, (shape[0], 2 * shape[1], shape[2], shape[3]))
        columns = ops.stack(self._halves(x[:, :, :1], x, x[:, :, -1:], axis=2), axis=3)
        return ops.reshape(columns, (shape[0], 2 * shape[1], 2 * shape[2], shape[3]))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, h, w, c) -> (n, 2h, 2w, c)."""
        n, h, w, c = input_shape
        return (n, h and 2 * h, w and 2 * w, c)

    @staticmethod
    def _halves(
        first: keras.KerasTensor, x: keras.KerasTensor, last: keras.KerasTensor, axis: int
    ) -> list[keras.KerasTensor]:
        """The values a quarter of a pixel before and after each one; edges repeat."""
        padded = ops.concatenate([first, x, last], axis=axis)
        before, after = (
            (padded[:, :-2], padded[:, 2:]) if axis == 1 else (padded[:, :, :-2], padded[:, :, 2:])
        )
        return [0.75 * x + 0.25 * neighbor for neighbor in (before, after)]


class AnnealedMean(layers.Layer):
    """Logits over the ab bins -> ab planes: the mean of the sharpened distribution.

    arXiv:1603.08511, 2.3. (n, h, w, q) -> (n, h, w, 2).
    """

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._planes = ab_bins() / AB_SCALE

    def call(self, logits: keras.KerasTensor) -> keras.KerasTensor:
        """The mean; float32."""
        return ops.matmul(
            ops.softmax(logits / TEMPERATURE, axis=-1), ops.convert_to_tensor(self._planes)
        )

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, h, w, q) -> (n, h, w, 2)."""
        return (*input_shape[:-1], 2)


def build(dtype: str = "float32") -> keras.Model:
    """The generator with both of its outputs; 4.3 M parameters.

    Args:
      dtype: Keras dtype policy of the body, such as "mixed_bfloat16".

    Returns:
      A model float32 (n, h, w, 1) in [-1, 1], sides multiples of `STRIDE`, -> {"ab": float32
      (n, h, w, 2), about in [-1, 1], "logits": float32 (n, h / 4, w / 4, 258) over `ab_bins()`}.
    """
    l = keras.Input((None, None, 1), name="l")
    features = efficientnet.encode(l, dtype)
    x = _add_scene(efficientnet.convolve(features[32], 256, 1, "bottleneck", dtype), dtype)
    for stride, width in DECODER_WIDTHS.items():
        x = _join(x, [features[stride]], width, width, f"decoder{stride}", dtype)

    logits = layers.Conv2D(len(ab_bins()), 1, name="bins", dtype=dtype)(x)
    logits = layers.Activation("linear", dtype="float32", name="logits")(logits)
    ab = AnnealedMean(name="annealed_mean", dtype="float32")(logits)

    # Small corrections at strides 2 and 1; color itself stays float32 all the way.
    ab = BilinearUp(name="coarse_up2", dtype="float32")(ab)
    x = _join(x, [features[2], _cast(ab, "coarse_half", dtype)], 24, 24, "refine2", dtype)
    ab = _correct(ab, x, "refine2", dtype, name="refine2_add")
    ab = BilinearUp(name="half_up", dtype="float32")(ab)
    guides = [_cast(ab, "full_guess", dtype), _cast(l, "l_body", dtype)]
    x = _join(x, guides, 12, 16, "refine1", dtype, convolutions=1)
    ab = _correct(ab, x, "refine1", dtype, name="ab")
    return keras.Model(l, {"ab": ab, "logits": logits}, name="colornet")


def _add_scene(x: keras.KerasTensor, dtype: str) -> keras.KerasTensor:
    """Tells every place what the whole photograph shows: indoors, sea, forest."""
    scene = layers.GlobalAveragePooling2D(keepdims=True, name="scene_mean", dtype=dtype)(x)
    scene = layers.Conv2D(256, 1, activation="relu", name="scene_hidden", dtype=dtype)(scene)
    scene = layers.Conv2D(256, 1, kernel_initializer="zeros", name="scene", dtype=dtype)(scene)
    return layers.Add(name="scene_add", dtype=dtype)([x, scene])


def _join(
    x: keras.KerasTensor,
    skips: list[keras.KerasTensor],
    narrow: int,
    width: int,
    name: str,
    dtype: str,
    convolutions: int = 2,
) -> keras.KerasTensor:
    """One step up: narrow, double, join the skips, 3 x 3 convolutions."""
    x = efficientnet.convolve(x, narrow, 1, f"{name}_narrow", dtype)
    x = BilinearUp(name=f"{name}_up", dtype=dtype)(x)
    x = layers.Concatenate(name=f"{name}_join", dtype=dtype)([x, *skips])
    for index in range(convolutions):
        x = efficientnet.convolve(x, width, 3, f"{name}_conv{index}", dtype)
    return x


def _correct(
    ab: keras.KerasTensor, x: keras.KerasTensor, step: str, dtype: str, name: str
) -> keras.KerasTensor:
    """Color planes plus a small change; no change at first."""
    change = layers.Conv2D(
        2, 3, padding="same", kernel_initializer="zeros", name=f"{step}_change", dtype=dtype
    )(x)
    return layers.Add(name=name, dtype="float32")(
        [ab, _cast(change, f"{step}_change32", "float32")]
    )


def _cast(x: keras.KerasTensor, name: str, dtype: str) -> keras.KerasTensor:
    return layers.Activation("linear", name=name, dtype=dtype)(x)
