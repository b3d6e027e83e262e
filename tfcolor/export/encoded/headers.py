"""Reads the headers of photograph files, in TensorFlow ops that cannot fail."""

from typing import NamedTuple

import tensorflow as tf

from tfcolor.export.encoded import octets, orientation

UNKNOWN, JPEG, PNG, BMP, GIF = range(5)
_SIGNATURES = [
    (JPEG, b"\xff\xd8\xff"),
    (PNG, b"\x89PNG\r\n\x1a\n"),
    (BMP, b"BM"),
    (GIF, b"GIF87a"),
    (GIF, b"GIF89a"),
]

# Most segments, chunks or blocks that are read, in a second or two; photographs have a dozen.
_MOST_STEPS = 10_000

# ITU T.81, table B.1: markers of a frame (which has the size), and those without a length.
_FRAMES = [0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF]
_ALONE = [0x00, 0x01, *range(0xD0, 0xD9)]
_APP1, _SCAN, _END, _FILL = 0xE1, 0xDA, 0xD9, 0xFF

# GIF89a specification, 20 to 24: bytes that begin a block.
_EXTENSION, _CONTROL, _PICTURE = 0x21, 0xF9, 0x2C
_RUN = 1024  # sub-blocks of a GIF that are read at once


class Header(NamedTuple):
    """A photograph file's header.

    Attributes:
      kind: int32 (), JPEG, PNG, BMP, GIF or UNKNOWN.
      height, width: int64 (), as the pixels are stored; the height is 0 if the header is broken.
      orientation: int32 () in 1..8, of EXIF.
      has_alpha: bool ().
      is_deep: bool (), of a PNG with 16 bits.
      control, picture, end: int64 (), of a GIF: where the control block of its first picture
        begins (0 if it has none), where the picture begins, and where it ends.
    """

    kind: tf.Tensor
    height: tf.Tensor
    width: tf.Tensor
    orientation: tf.Tensor
    has_alpha: tf.Tensor
    is_deep: tf.Tensor
    control: tf.Tensor
    picture: tf.Tensor
    end: tf.Tensor


def read(file: tf.Tensor) -> Header:
    """Reads the header of a photograph file, string (), whatever its bytes are."""
    head = octets.at(file, 0, 8)
    kinds = [tf.where(octets.begins(head, text), kind, UNKNOWN) for kind, text in _SIGNATURES]
    readers = [lambda read=read: read(file) for read in (_unknown, _jpeg, _png, _bmp, _gif)]
    return tf.switch_case(tf.reduce_max(kinds), readers)


def _header(
    kind: int,
    height: tf.Tensor | int = 0,
    width: tf.Tensor | int = 0,
    *,
    exif: tf.Tensor | int = 1,
    has_alpha: tf.Tensor | bool = False,
    is_deep: tf.Tensor | bool = False,
    places: tuple[tf.Tensor | int, ...] = (0, 0, 0),
) -> Header:
    control, picture, end = (_int64(place) for place in places)
    return Header(
        kind=tf.constant(kind),
        height=_int64(height),
        width=_int64(width),
        orientation=tf.cast(exif, tf.int32),
        has_alpha=tf.cast(has_alpha, tf.bool),
        is_deep=tf.cast(is_deep, tf.bool),
        control=control,
        picture=picture,
        end=end,
    )


def _int64(value: tf.Tensor | int) -> tf.Tensor:
    return tf.cast(value, tf.int64)


def _only_if(is_good: tf.Tensor, height: tf.Tensor) -> tf.Tensor:
    return tf.where(is_good, height, _int64(0))


def _unknown(_: tf.Tensor) -> Header:
    return _header(UNKNOWN)


def _jpeg(file: tf.Tensor) -> Header:
    """Reads segments up to the first scan, each with its length (ITU T.81, B.1)."""

    def going(place: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        head = octets.at(file, place, 2)
        is_last = (head[0] == 0xFF) & ((head[1] == _SCAN) | (head[1] == _END))
        return ~is_last & (place < octets.length(file))

    def step(
        place: tf.Tensor, height: tf.Tensor, width: tf.Tensor, exif: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        head = octets.at(file, place, 10)
        # Bytes between segments are skipped one after the other, as the decoder does.
        marker = tf.where(head[0] == 0xFF, head[1], _FILL)
        is_frame = tf.reduce_any(marker == _FRAMES) & (height == 0)
        is_exif = (marker == _APP1) & octets.begins(head[4:], b"Exif\0\0") & (exif == 0)
        has_length = ~tf.reduce_any(marker == _ALONE)
        size = tf.where(has_length, 2 + octets.big(head[2:4]), _int64(2))
        return (
            place + tf.where(marker == _FILL, _int64(1), size),
            tf.where(is_frame, octets.big(head[5:7]), height),
            tf.where(is_frame, octets.big(head[7:9]), width),
            tf.where(is_exif, place + 10, exif),
        )

    place, height, width, exif = tf.while_loop(
        going, step, (_int64(2), _int64(0), _int64(0), _int64(0)), maximum_iterations=_MOST_STEPS
    )
    height = _only_if(octets.at(file, place, 2)[1] == _SCAN, height)
    return _header(JPEG, height, width, exif=orientation.read(file, exif))


def _png(file: tf.Tensor) -> Header:
    """Reads chunks up to the end, as EXIF may follow the pixels (PNG specification, 5.3 and 11).

    Pixels lie in thousands of chunks, most of one size: of these, runs are passed over that double
    in length as long as another chunk of that size lies behind them.
    """
    head = octets.at(file, 8, 21)
    width, height = octets.big(head[8:12]), octets.big(head[12:16])
    depth, colors = head[16], head[17]

    def going(place: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        is_last = octets.begins(octets.at(file, place + 4, 4), b"IEND")
        return ~is_last & (place < octets.length(file))

    def step(
        place: tf.Tensor, exif: tf.Tensor, clear: tf.Tensor, run: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        head = octets.at(file, place, 8)
        size = 12 + octets.big(head[:4])
        is_exif = octets.begins(head[4:], b"eXIf") & (exif == 0)
        is_clear = octets.begins(head[4:], b"tRNS") & (run == 0)  # in front of the pixels
        has_pixels = octets.begins(head[4:], b"IDAT")
        tried = tf.maximum(run, 1)
        goes_on = tf.reduce_all(octets.at(file, place + tried * size, 8) == head)
        passed, following = tf.case(
            [
                (~has_pixels, lambda: (_int64(1), run)),
                (goes_on, lambda: (tried, 2 * tried)),
                (tried == 1, lambda: (_int64(1), tried)),
            ],
            default=lambda: (_int64(0), tried // 2),
        )
        return (
            place + passed * size,
            tf.where(is_exif, place + 8, exif),
            clear | is_clear,
            following,
        )

    start = (_int64(33), _int64(0), tf.constant(False), _int64(0))
    _, exif, clear, _ = tf.while_loop(going, step, start, maximum_iterations=_MOST_STEPS)
    return _header(
        PNG,
        _only_if(octets.begins(head, b"\0\0\0\rIHDR"), height),
        width,
        exif=orientation.read(file, exif),
        has_alpha=clear | (colors == 4) | (colors == 6),
        is_deep=depth == 16,
    )


def _bmp(file: tf.Tensor) -> Header:
    """Reads a Windows BITMAPINFOHEADER or one of its successors, of 40 bytes or more."""
    head = octets.at(file, 14, 56)
    size, width, height = (octets.little(head[start : start + 4]) for start in (0, 4, 8))
    height = tf.where(height >= 2**31, 2**32 - height, height)  # negative: from the top down
    # Four bit masks, of which the last is alpha's.
    is_masked = (octets.little(head[16:20]) == 3) & (size >= 56)
    has_alpha = is_masked & (octets.little(head[52:56]) == 0xFF000000)
    return _header(BMP, _only_if(size >= 40, height), width, has_alpha=has_alpha)


def _gif(file: tf.Tensor) -> Header:
    """Reads blocks up to the end of the first picture; their contents are in sub-blocks."""
    screen = octets.at(file, 6, 5)
    width, height = octets.little(screen[:2]), octets.little(screen[2:4])

    def going(
        place: tf.Tensor, is_inside: tf.Tensor, picture: tf.Tensor, _: tf.Tensor
    ) -> tf.Tensor:
        kind = octets.at(file, place, 1)[0]
        is_block = (picture == 0) & ((kind == _EXTENSION) | (kind == _PICTURE))
        return (is_inside | is_block) & (place < octets.length(file))

    def step(
        place: tf.Tensor, is_inside: tf.Tensor, picture: tf.Tensor, control: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        head = octets.at(file, place, 10)
        is_picture = ~is_inside & (head[0] == _PICTURE)
        is_control = ~is_inside & (head[0] == _EXTENSION) & (head[1] == _CONTROL)
        before = tf.where(is_picture, 11 + color_table(head[9]), _int64(2))
        size = tf.cond(is_inside, lambda: _sub_blocks(file, place), lambda: before)
        return (
            place + size,
            ~is_inside | (head[0] > 0),
            tf.where(is_picture, place, picture),
            tf.where(is_control, place, control),
        )

    start = (13 + color_table(screen[4]), tf.constant(False), _int64(0), _int64(0))
    end, is_inside, picture, control = tf.while_loop(
        going, step, start, maximum_iterations=_MOST_STEPS
    )
    # Left, top, width and height of a picture that fills the screen; other pictures are refused.
    filling = tf.concat([tf.zeros(4, tf.int64), screen[:4]], 0)
    is_whole = tf.reduce_all(octets.at(file, picture + 1, 8) == filling)
    is_good = (picture > 0) & ~is_inside & is_whole
    height = _only_if(is_good, height)
    has_alpha = (control > 0) & (octets.at(file, control + 3, 1)[0] % 2 == 1)
    places = (control, picture, end)
    return _header(GIF, height, width, has_alpha=has_alpha, places=places)


def color_table(flags: tf.Tensor) -> tf.Tensor:
    """Bytes of the color table that a GIF's flags, int64 (), announce; int64 ()."""
    return tf.where(flags >= 128, 3 * 2 ** (flags % 8 + 1), _int64(0))


def _sub_blocks(file: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
    """Bytes of the GIF sub-block at a place, or of the run of full ones from there; int64 ()."""
    run = octets.at(file, place, 256 * _RUN)[::256]
    full = tf.reduce_sum(tf.math.cumprod(_int64(run == 255)))
    return tf.where(full > 0, 256 * full, 1 + run[0])
