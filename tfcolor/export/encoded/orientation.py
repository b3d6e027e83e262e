"""Reads the EXIF orientation from a TIFF directory, and applies it to pixels."""

import tensorflow as tf

from tfcolor.export.encoded import octets

_TAG, _SHORT = 0x0112, 3  # EXIF 2.3, table 4
_MOST = 65_536  # bytes of EXIF, as much as a JPEG's segment holds


def read(file: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
    """The orientation in EXIF data.

    Args:
      file: string ().
      place: where EXIF's TIFF header begins, int64 (); 0 where there is none.

    Returns:
      int32 () in 1..8; 1 if there is none, or it is broken.
    """

    def find() -> tf.Tensor:
        exif = octets.cut(file, place, _MOST)
        head = octets.at(exif, 0, 8)
        is_big, is_little = octets.begins(head, b"MM\0*"), octets.begins(head, b"II*\0")

        def number(digits: tf.Tensor) -> tf.Tensor:
            return tf.where(is_big, octets.big(digits), octets.little(digits))

        directory = number(head[4:8])
        count = number(octets.at(exif, directory, 2))
        entries = tf.io.decode_raw(octets.cut(exif, directory + 2, 12 * count), tf.uint8)
        whole = tf.size(entries) // 12  # EXIF that is cut off ends with part of an entry
        entries = tf.cast(tf.reshape(entries[: 12 * whole], (whole, 12)), tf.int64)
        # Tag, type and count.
        told = [number(entries[:, :2]), number(entries[:, 2:4]), number(entries[:, 4:8])]
        is_it = tf.reduce_all(tf.stack(told, 1) == [_TAG, _SHORT, 1], 1)
        values = tf.boolean_mask(number(entries[:, 8:10]), is_it)
        last = tf.concat([[1], tf.cast(values, tf.int32)], 0)[-1]
        is_good = (is_big | is_little) & (last >= 1) & (last <= 8)
        return tf.where(is_good, last, 1)

    return tf.cond(place > 0, find, lambda: 1)


def apply(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns stored pixels, uint8 (h, w, c), upright.

    Args:
      orientation: int32 () in 1..8.
    """

    def turned(value: int) -> tf.Tensor:
        sideways = tf.transpose(pixels, (1, 0, 2)) if value >= 5 else pixels
        axes = [0] * (value in (3, 4, 7, 8)) + [1] * (value in (2, 3, 6, 7))
        return tf.reverse(sideways, axes) if axes else sideways

    branches = [lambda value=value: turned(value) for value in range(1, 9)]
    return tf.switch_case(orientation - 1, branches)
