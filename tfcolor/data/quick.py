"""A square of a JPEG at the wanted size, without decoding the rest of the photograph.

Most of a training photograph's way is the decoding. What a JPEG's own format can leave out is left
out here: rows and columns outside the square, and the detail that a reduction by 2, 4 or 8 drops.
"""

import numpy as np
import tensorflow as tf

from tfcolor import photo
from tfcolor.data import augment

_REDUCTIONS = (1, 2, 4, 8)  # what the decoder can leave out of each 8 x 8 block, on each side
_START, _END = b"\xff\xd8", b"\xff\xd9"  # of a whole JPEG
_HEADER = 4096  # bytes; without Exif, a color profile stands in the first few hundred
_EXIF_HEADER = 65_536  # bytes; the Exif block, with its thumbnail, can be that long

# RE2 on bytes: \C is any of them.
_EXIF = r"(?s)\C*Exif\x00\C*"
_PROFILE = r"(?s)\C*ICC_PROFILE\C*"
_SRGB = r"(?s)\C*s\x00?R\x00?G\x00?B\C*"  # a profile calls itself so in ASCII or in UTF-16
# Exif tag 0x0112 with a value of 2 to 8, in either byte order.
_TURNED = (
    r"(?s)\C*Exif\x00\C*(\x12\x01\x03\x00\x01\x00\x00\x00[\x02-\x08]"
    r"|\x01\x12\x00\x03\x00\x00\x00\x01\x00[\x02-\x08])\C*"
)


def suits(encoded: tf.Tensor) -> tf.Tensor:
    """Whether a file can be taken the quick way: all of a JPEG, its pixels stored upright.

    Args:
      encoded: string (), the file.

    Returns:
      bool (). What damage or CMYK is behind that shows in `random_square` alone.
    """
    # The decoder prints a line for each file that is no JPEG, and gives what is there of one that
    # is cut short.
    whole = (tf.strings.substr(encoded, 0, 2) == _START) & (
        tf.strings.substr(encoded, -2, 2) == _END
    )
    return whole & ~tf.strings.regex_full_match(_header(encoded), _TURNED)


def random_square(
    encoded: tf.Tensor, image_size: int, min_fraction: float, draw: tf.Tensor
) -> tf.Tensor:
    """A random square of a JPEG; differs from `augment.random_crop` in the resampling alone.

    Args:
      encoded: string (), the JPEG; one that `suits`.
      image_size, min_fraction, draw: see `augment.random_crop`.

    Returns:
      uint8 (image_size, image_size, 3).

    Raises:
      tf.errors.InvalidArgumentError: for another format, damaged bytes or CMYK.
        `photo.decode_rgb` can read all but the damaged.
    """
    height, width, channels = tf.unstack(tf.io.extract_jpeg_shape(encoded))
    header = _header(encoded)
    with tf.control_dependencies([tf.debugging.Assert(channels != 4, ["CMYK"])]):
        top, left, side = augment.random_window(height, width, min_fraction, draw)
    # The largest reduction that leaves as many pixels as are wanted, or more.
    index = tf.reduce_sum(tf.cast(side // image_size >= _REDUCTIONS[1:], tf.int32))

    def decode(reduction: int) -> tf.Tensor:
        window = tf.stack([top, left, side, side]) // reduction
        # The default transform is a level too dark on average, and no faster.
        return tf.image.decode_and_crop_jpeg(
            encoded, window, channels=3, ratio=reduction, dct_method="INTEGER_ACCURATE"
        )

    branches = [lambda reduction=reduction: decode(reduction) for reduction in _REDUCTIONS]
    rgb = tf.switch_case(index, branches)
    # Two by two pixels are enough for what is left: a factor under 2.
    rgb = tf.cast(tf.round(tf.image.resize(rgb, (image_size, image_size))), tf.uint8)
    has, is_srgb = (tf.strings.regex_full_match(header, regex) for regex in (_PROFILE, _SRGB))
    # Of the small square, not of the whole photograph: that takes twice as long as decoding it.
    converted = tf.cond(
        has & ~is_srgb,
        lambda: tf.numpy_function(_to_srgb, [rgb, encoded], tf.uint8, stateful=False),
        lambda: rgb,
    )
    return tf.ensure_shape(converted, (image_size, image_size, 3))


def _to_srgb(rgb: np.ndarray, encoded: bytes | np.ndarray) -> np.ndarray:
    # Of an eager tensor the bytes come in an array.
    return photo.apply_profile(rgb, encoded if isinstance(encoded, bytes) else encoded.item())


def _header(encoded: tf.Tensor) -> tf.Tensor:
    """The bytes in which Exif and a color profile are to be looked for; string ()."""
    exif = tf.strings.regex_full_match(tf.strings.substr(encoded, 0, _HEADER), _EXIF)
    return tf.strings.substr(encoded, 0, tf.where(exif, _EXIF_HEADER, _HEADER))
