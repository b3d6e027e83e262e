"""Decodes photograph files to upright pixels, in TensorFlow ops."""

import tensorflow as tf

from tfcolor.export.encoded import headers, octets, orientation


@tf.autograph.experimental.do_not_convert
def attempt(file: tf.Tensor, header: headers.Header) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a photograph, if its bytes are sound.

    Args:
      file: string ().
      header: the file's own, of a known kind.

    Returns:
      bool (), whether it succeeded, and uint8 (h, w, 3 or 4), without pixels if not.
    """
    # Graphs have no `try`: the dataset drops an element that fails, so the next one is taken.
    good = tf.data.Dataset.from_tensors(file).map(lambda file: (True, _decode(file, header)))
    bad = tf.data.Dataset.from_tensors((False, tf.zeros((0, 0, 3), tf.uint8)))
    options = tf.data.Options()
    options.autotune.enabled = False  # for a single element
    options.experimental_optimization.apply_default_optimizations = False
    either = good.ignore_errors(log_warning=False).concatenate(bad).take(1)
    return either.with_options(options).get_single_element()


def _decode(file: tf.Tensor, header: headers.Header) -> tf.Tensor:
    branches = [lambda read=read: read(file, header) for read in (_jpeg, _png, _bmp, _gif)]
    pixels = tf.switch_case(header.kind - headers.JPEG, branches)
    # The limits were checked on the size in the header, so the pixels must have that size.
    said = tf.stack([header.height, header.width])
    is_so = tf.reduce_all(tf.shape(pixels, tf.int64)[:2] == said)
    with tf.control_dependencies([tf.debugging.Assert(is_so, ["of another size", said])]):
        return orientation.apply(pixels, header.orientation)


def _jpeg(file: tf.Tensor, _: headers.Header) -> tf.Tensor:
    # The default transform is darker by a level on average, and no faster.
    return tf.io.decode_jpeg(file, channels=3, dct_method="INTEGER_ACCURATE")


def _png(file: tf.Tensor, header: headers.Header) -> tf.Tensor:
    def rounded() -> tf.Tensor:
        deep = tf.io.decode_png(file, channels=4, dtype=tf.uint16)
        # 65535 / 255 = 257; this rounds to the nearest level without leaving 16 bits.
        return tf.cast(deep // 257, tf.uint8) + tf.cast(deep % 257 > 128, tf.uint8)

    pixels = tf.cond(header.is_deep, rounded, lambda: tf.io.decode_png(file, channels=4))
    return pixels[..., : tf.where(header.has_alpha, 4, 3)]


def _bmp(file: tf.Tensor, header: headers.Header) -> tf.Tensor:
    """Replaces TensorFlow's decoder, which takes palette indices for gray and padding for alpha."""
    head = octets.at(file, 0, 66)
    bits, packing, masks = head[28], octets.little(head[30:34]), head[54:]
    is_standard = octets.begins(masks, b"\0\0\xff\0\0\xff\0\0\xff\0\0\0") & (bits == 32)
    is_read = tf.reduce_any(bits == [1, 4, 8, 24, 32]) & (
        (packing == 0) | ((packing == 3) & is_standard)
    )
    row = (header.width * bits + 31) // 32 * 4  # bytes; rows end at multiples of 32 bits
    with tf.control_dependencies([tf.debugging.Assert(is_read, ["bits", bits, packing])]):
        stored = octets.cut(file, octets.little(head[10:14]), row * header.height)
    rows = tf.reshape(tf.io.decode_raw(stored, tf.uint8), tf.stack([header.height, row]))

    def looked_up() -> tf.Tensor:
        palette = octets.at(file, 14 + octets.little(head[14:18]), 4 * 256)
        used = octets.little(head[46:50])  # 0 for all
        is_used = (used == 0) | (tf.range(256, dtype=tf.int64) < used)
        colors = tf.where(is_used[:, None], tf.reshape(palette, (256, 4)), 0)
        shifts = tf.range(8 - bits, -1, -bits)  # the leftmost pixel has the highest bits
        shifted = tf.bitwise.right_shift(rows[..., None], tf.cast(shifts, tf.uint8))
        numbers = tf.bitwise.bitwise_and(shifted, tf.cast(2**bits - 1, tf.uint8))
        numbers = tf.reshape(numbers, tf.stack([header.height, -1]))[:, : header.width]
        return tf.gather(tf.cast(colors, tf.uint8), tf.cast(numbers, tf.int32))

    def direct() -> tf.Tensor:
        used = rows[:, : header.width * bits // 8]
        return tf.reshape(used, tf.stack([header.height, header.width, bits // 8]))

    bgr = tf.cond(bits <= 8, looked_up, direct)
    rgb = tf.concat([bgr[..., 2::-1], bgr[..., 3 : tf.where(header.has_alpha, 4, 3)]], -1)
    is_upward = head[25] < 128  # the sign of the height
    return tf.cond(is_upward, lambda: rgb[::-1], lambda: rgb)


def _gif(file: tf.Tensor, header: headers.Header) -> tf.Tensor:
    # Only the first picture is kept: the decoder would unpack a whole animation.
    first = octets.cut(file, 0, header.end) + b";"

    def with_alpha() -> tf.Tensor:
        # The decoder returns no alpha. So the flag for transparency is cleared, and the picture is
        # decoded once more with the transparent color black and all others white.
        opaque = _replaced(first, header.control + 3, b"\0")
        clear = octets.at(file, header.control + 6, 1)[0]
        own = octets.at(file, header.picture + 9, 1)[0]
        is_own = own >= 128
        size = headers.color_table(tf.where(is_own, own, octets.at(file, 10, 1)[0]))
        is_clear = tf.range(size // 3) == clear
        table = tf.strings.reduce_join(tf.where(is_clear, b"\0\0\0", b"\xff\xff\xff"))
        mask = _replaced(opaque, tf.where(is_own, header.picture + 10, 13), table)
        return tf.concat([tf.io.decode_gif(opaque)[0], tf.io.decode_gif(mask)[0, ..., :1]], -1)

    return tf.cond(header.has_alpha, with_alpha, lambda: tf.io.decode_gif(first)[0])


def _replaced(file: tf.Tensor, place: tf.Tensor, text: tf.Tensor | bytes) -> tf.Tensor:
    """A file with other bytes at a place; string ()."""
    behind = place + octets.length(text)
    return octets.cut(file, 0, place) + text + octets.cut(file, behind, octets.length(file))
