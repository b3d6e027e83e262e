"""Decodes a square of a JPEG at the wanted size, without the rest of the photograph.

Decoding takes most of the time spent on a training photograph. The JPEG format lets a decoder skip
rows and columns outside the square, and the detail that a reduction by 2, 4 or 8 drops.
"""

import numpy as np
import tensorflow as tf

from tfcolor.data import augment
from tfcolor.images import decoding

_START, _END = b"\xff\xd8", b"\xff\xd9"  # A whole JPEG begins and ends with these.

# ITU T.81, table B.1: segments of applications and comments are the only ones that can be long; the
# header ends at the first scan.
_APPLICATION, _MARKER, _SCAN = 0xE0, 0xFF00, 0xFFDA
_JFIF = b"\xff\xe0\x00\x10"  # the only application segment of most JPEGs, 18 bytes long
_TABLES = 4096  # bytes; everything else in a header takes under 3,000
_MOST_SEGMENTS = 10_000

# RE2 on bytes: \C matches any of them.
_PROFILE = r"(?s)\C*ICC_PROFILE\C*"
_SRGB = r"(?s)\C*ICC_PROFILE\C*s\x00?R\x00?G\x00?B\C*"  # its name is in ASCII or UTF-16
# Exif tag 0x0112 with a value of 2 to 8, in either byte order, or the same in XMP.
_TURNED = (
    r"(?s)\C*Exif\x00\C*(\x12\x01\x03\x00\x01\x00\x00\x00[\x02-\x08]"
    r"|\x01\x12\x00\x03\x00\x00\x00\x01\x00[\x02-\x08])\C*"
    r'|\C*tiff:Orientation(="|>)[2-8]\C*'
)


def suits(encoded: tf.Tensor) -> tf.Tensor:
    """Whether a file can be decoded the quick way: a complete JPEG whose pixels are upright.

    Args:
      encoded: string (), the file.

    Returns:
      bool (). Damage inside the file and CMYK show in `random_square` only.
    """
    # The decoder logs a line for each file that is no JPEG, and accepts one that is cut short.
    whole = (tf.strings.substr(encoded, 0, 2) == _START) & (
        tf.strings.substr(encoded, -2, 2) == _END
    )
    return whole & ~tf.strings.regex_full_match(_told(encoded), _TURNED)


def random_square(
    encoded: tf.Tensor, image_size: int, min_fraction: float, draw: tf.Tensor
) -> tf.Tensor:
    """A random square of a JPEG: as `augment.random_crop`, but the decoder may reduce it first.

    Args:
      encoded: string (), the JPEG; one that `suits`.
      image_size, min_fraction, draw: see `augment.random_crop`.

    Returns:
      uint8 (image_size, image_size, 3).

    Raises:
      tf.errors.InvalidArgumentError: for another format, damaged bytes or CMYK.
        `images.decode_rgb` can read all but the damaged.
    """
    height, width, channels = tf.unstack(tf.io.extract_jpeg_shape(encoded))
    told = _told(encoded)
    with tf.control_dependencies([tf.debugging.Assert(channels != 4, ["CMYK"])]):
        top, left, side, reduction = augment.random_window(
            height, width, image_size, min_fraction, draw
        )
    window = tf.stack([top, left, side, side]) // reduction

    def decode(ratio: int) -> tf.Tensor:
        # The default transform is darker by a level on average, and no faster.
        return tf.image.decode_and_crop_jpeg(
            encoded, window, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE"
        )

    branches = [lambda ratio=ratio: decode(ratio) for ratio in augment.REDUCTIONS]
    index = tf.reduce_sum(tf.cast(reduction >= augment.REDUCTIONS[1:], tf.int32))
    rgb = augment.resize(tf.switch_case(index, branches), image_size)
    has, is_srgb = (tf.strings.regex_full_match(told, regex) for regex in (_PROFILE, _SRGB))
    # The profile is applied to the small square: the whole photograph would take twice as long as
    # its decoding.
    converted = tf.cond(
        has & ~is_srgb,
        lambda: tf.numpy_function(_to_srgb, [rgb, encoded], tf.uint8, stateful=False),
        lambda: rgb,
    )
    return tf.ensure_shape(converted, (image_size, image_size, 3))


def _to_srgb(rgb: np.ndarray, encoded: bytes | np.ndarray) -> np.ndarray:
    # In eager mode the bytes come in an array.
    return decoding.apply_profile(rgb, encoded if isinstance(encoded, bytes) else encoded.item())


def _told(encoded: tf.Tensor) -> tf.Tensor:
    """The part of a JPEG with Exif, XMP and a color profile; string (), empty for most files."""
    size = tf.strings.length(encoded)
    start = tf.where(tf.strings.substr(encoded, 2, len(_JFIF)) == _JFIF, 20, 2)
    near = tf.strings.substr(encoded, tf.minimum(start, size), _TABLES)
    octets = tf.io.decode_raw(near, tf.uint8)
    # Pixel data never has this pair of bytes, so it is a marker. Reading all segments takes 0.2 ms.
    found = (octets[:-1] == 0xFF) & (octets[1:] >= _APPLICATION) & (octets[1:] != 0xFF)
    return tf.cond(tf.reduce_any(found), lambda: _header(encoded), lambda: "")


def _header(encoded: tf.Tensor) -> tf.Tensor:
    """A JPEG's segments before its first scan, however long; the whole file if they are broken."""
    end = tf.strings.length(encoded) - 4

    def read(place: tf.Tensor) -> tf.Tensor:
        """A segment's marker and length; int32 (2,)."""
        head = tf.strings.substr(encoded, place, 4)
        pair = tf.io.decode_raw(head, tf.uint16, little_endian=False)
        return tf.ensure_shape(tf.cast(pair, tf.int32), (2,))

    def going(place: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
        is_segment = (head[0] > _MARKER) & (head[0] != _SCAN)
        return is_segment & (place < end)

    def step(place: tf.Tensor, head: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        after = tf.minimum(place + 2 + head[1], end)
        return after, read(after)

    start = tf.minimum(2, end)
    place, head = tf.while_loop(
        going, step, (start, read(start)), maximum_iterations=_MOST_SEGMENTS
    )
    return tf.strings.substr(encoded, 0, tf.where(head[0] == _SCAN, place, end))
