"""Photograph files -> files in color, in TensorFlow ops only, for a SavedModel that takes bytes."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from tfcolor.colorizing import reduction
from tfcolor.colorizing.graphs import toning
from tfcolor.export.encoded import decoding, headers, octets
from tfcolor.serving import contract

# Photographs of a batch in work at once: two keep decoders and encoders, which have one thread
# each, busy beside the network; more would take more memory.
_AT_ONCE = 2

_PNG_LEVEL = 2

# rgb uint8 (h, w, 3), size int32 (), strength float32 (), saturation float32 () -> the same form.
Paint = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def colorize_files(
    paint: Paint,
    files: tf.Tensor,
    size: tf.Tensor,
    strength: tf.Tensor,
    saturation: tf.Tensor,
    format: str,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Colorizes photograph files; if one cannot be colorized, the others still are.

    The EXIF orientation is applied, 16 bits are rounded to 8, and animations become their first
    picture. PNG keeps alpha, JPEG becomes opaque on white. TensorFlow has no op for ICC profiles
    or gamma: pixels are taken as sRGB (`tfcolor.images` converts them). Other metadata is dropped.

    Args:
      paint: colorizes one photograph.
      files: string (n,): JPEG, PNG, BMP or GIF, of any size up to `contract.MAX_PIXELS`.
      size: int32 (n,) or (1,), 1..`contract.MAX_SIZE`, or 0 for the model's own.
      strength: float32 (n,) or (1,), in [0, 1].
      saturation: float32 (n,) or (1,), 0 to `reduction.MAX_SATURATION`.
      format: "png" or "jpeg" (quality 95, full chroma).

    Returns:
      encoded: string (n,), empty where there is an error.
      error: string (n,), what is wrong and what to do, in one line; empty if all is well.

    Raises:
      tf.errors.InvalidArgumentError: if an option has neither n values nor one.
    """

    def one(element: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor]:
        file, *options = element
        unmet = _first_unmet(requirements_of_rendering(*options))
        pixels, error = tf.cond(unmet == "", lambda: _opened(file), lambda: (_no_pixels(), unmet))

        def encode() -> tf.Tensor:
            return _encode(paint(_rgb(pixels), *options), pixels[..., 3:], format)

        return tf.cond(error == "", encode, lambda: tf.constant(b"")), error

    named = {"size": size, "strength": strength, "saturation": saturation}
    options = [one_each(name, values, tf.size(files)) for name, values in named.items()]
    return tf.map_fn(
        one,
        (files, *options),
        fn_output_signature=(tf.string, tf.string),
        parallel_iterations=_AT_ONCE,
    )


def in_color(files: tf.Tensor) -> dict[str, tf.Tensor]:
    """Tells photographs in color from gray and toned ones; see `tone.is_in_color`.

    Args:
      files: string (n,), as of `colorize_files`.

    Returns:
      "in_color", bool (n,), false where there is an error, and "error", string (n,), as of
      `colorize_files`.
    """

    def one(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels, error = _opened(file)
        found = tf.cond(
            error == "", lambda: toning.is_in_color(_rgb(pixels)), lambda: tf.constant(False)
        )
        return found, error

    found, errors = tf.map_fn(
        one, files, fn_output_signature=(tf.bool, tf.string), parallel_iterations=_AT_ONCE
    )
    return {"in_color": found, "error": errors}


def planes_of_files(
    planes: Callable[..., tf.Tensor], files: tf.Tensor, hints: tf.Tensor | None = None
) -> tf.Tensor:
    """Lightness in PNG files to colors in PNG files.

    Args:
      planes: l float32 (1, h, w, 1) in [-1, 1], and hints (1, h, w, 3) if any, -> ab float32
        (1, h, w, 2).
      files: string (n,), PNGs of 16-bit gray (h, w): round((l + 1) / 2 * 65535). Sizes may differ.
      hints: string (n,), PNGs of 16-bit gray (3h, w): plane a above plane b, of the same scale,
        above the mask, round(mask * 65535).

    Returns:
      string (n,), PNGs of 16-bit gray (2h, w): plane a above plane b, of the same scale, clipped
      to [-1, 1].

    Raises:
      tf.errors.InvalidArgumentError: if a file is no such PNG, or has more pixels than
        `contract.MAX_PLANE` of lightness.
    """

    def one(element: tuple[tf.Tensor, ...]) -> tf.Tensor:
        file, *hinted = element
        l = 2 * _plane(file, "l_bytes", contract.MAX_PLANE) - 1
        shown = [l, *(_hints(each, l) for each in hinted)]
        ab = tf.clip_by_value(planes(*(each[None] for each in shown))[0], -1, 1)
        levels = tf.cast(tf.round((ab + 1) * (65535 / 2)), tf.uint16)
        stacked = tf.concat([levels[..., :1], levels[..., 1:]], 0)  # (2h, w, 1)
        return tf.io.encode_png(stacked, compression=_PNG_LEVEL)

    return tf.map_fn(
        one,
        (files,) if hints is None else (files, hints),
        fn_output_signature=tf.string,
        parallel_iterations=_AT_ONCE,
    )


def _plane(file: tf.Tensor, name: str, most: int) -> tf.Tensor:
    """A PNG of 16-bit gray with at most `most` pixels -> float32 (h, w, 1) in [0, 1]."""
    head = octets.at(file, 0, 26)
    is_gray = octets.begins(head, b"\x89PNG\r\n\x1a\n") & (head[24] == 16) & (head[25] == 0)
    sides = tf.stack([octets.big(head[16:20]), octets.big(head[20:24])])
    # Each side is checked first: the product of two 32-bit numbers does not fit into 63 bits.
    fits = (tf.reduce_max(sides) <= most) & (tf.reduce_prod(sides) <= most)
    checks = [
        tf.debugging.Assert(is_gray, [f"{name} must hold PNG files of 16-bit gray"]),
        tf.debugging.Assert(fits, [f"{name}: at most {most} pixels, got", sides]),
    ]
    with tf.control_dependencies(checks):
        levels = tf.io.decode_png(file, channels=1, dtype=tf.uint16)
    return tf.cast(levels, tf.float32) * (1 / 65535)


def _hints(file: tf.Tensor, l: tf.Tensor) -> tf.Tensor:
    """The hints in a PNG for a lightness (h, w, 1); float32 (h, w, 3)."""
    stacked = _plane(file, "hints_bytes", 3 * contract.MAX_PLANE)
    height, width = tf.unstack(tf.shape(l)[:2])
    found = tf.shape(stacked)[:2]
    fits = tf.reduce_all(found == [3 * height, width])
    text = ["hints_bytes must be three times as high as l_bytes and as wide, got", found]
    with tf.control_dependencies([tf.debugging.Assert(fits, text)]):
        a, b, mask = tf.unstack(tf.reshape(stacked, (3, height, width)))
    return tf.stack([2 * a - 1, 2 * b - 1, mask], -1)


_DAMAGED = "the photograph is damaged or of a rare kind: copy it again or save it as an 8-bit PNG"


# Whether it is met, what is said with {} if not, and the values for {}.
Requirement: TypeAlias = tuple[tf.Tensor, str, Any]


def _no_pixels() -> tf.Tensor:
    return tf.zeros((0, 0, 3), tf.uint8)


def _rgb(pixels: tf.Tensor) -> tf.Tensor:
    return tf.ensure_shape(pixels[..., :3], (None, None, 3))


# A function of its own, which all signatures share: it is the largest part of each.
@tf.function(autograph=False, input_signature=[tf.TensorSpec((), tf.string)])
def _opened(file: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The pixels of a file, uint8 (h, w, 3 or 4), and what is wrong with it, string ().

    If something is wrong, there are no pixels; if nothing is, the text is empty.
    """
    header = headers.read(file)
    unmet = _first_unmet(_requirements_of_header(header))
    is_good, pixels = tf.cond(
        unmet == "", lambda: decoding.attempt(file, header), lambda: (False, _no_pixels())
    )
    return pixels, tf.where((unmet == "") & ~is_good, _DAMAGED, unmet)


def _first_unmet(requirements: Sequence[Requirement]) -> tf.Tensor:
    """What is said of the first requirement that is not met, string (); empty if all are met."""
    is_wrong = ~tf.stack([is_met for is_met, _, _ in requirements])
    texts = tf.stack([tf.strings.format(text, values) for _, text, values in requirements])
    return tf.where(tf.reduce_any(is_wrong), texts[tf.argmax(is_wrong)], "")


def _requirements_of_header(header: headers.Header) -> list[Requirement]:
    height, width = header.height, header.width
    sides = [width, height]
    is_enough = tf.minimum(height, width) >= reduction.MIN_SIDE
    # Each side is checked first: the product of two 32-bit numbers does not fit into 63 bits.
    fits = tf.maximum(height, width) <= contract.MAX_SIDE
    fits &= height * width <= contract.MAX_PIXELS
    return [
        (
            header.kind != headers.UNKNOWN,
            "not a photograph (JPEG, PNG, BMP, GIF): convert it to PNG or JPEG",
            [],
        ),
        (height > 0, _DAMAGED, []),
        (
            is_enough,
            "{} x {} pixels are too few to colorize; give a photograph of at least "
            f"{reduction.MIN_SIDE} x {reduction.MIN_SIDE}",
            sides,
        ),
        (
            fits,
            f"{{}} x {{}} pixels are too many; make it smaller: at most "
            f"{contract.MAX_PIXELS // 10**6} million pixels, {contract.MAX_SIDE} on a side",
            sides,
        ),
    ]


def requirements_of_rendering(
    size: tf.Tensor, strength: tf.Tensor, saturation: tf.Tensor
) -> list[Requirement]:
    """The requirements of options."""
    sizes, most = contract.MAX_SIZE, reduction.MAX_SATURATION
    return [
        (
            (size >= 0) & (size <= sizes),
            f"size must be from 1 to {sizes} pixels, or 0 for the model's own, got {{}}",
            size,
        ),
        ((strength >= 0) & (strength <= 1), "strength must be from 0 to 1, got {}", strength),
        (
            (saturation >= 0) & (saturation <= most),
            f"saturation must be from 0 to {most:g}, got {{}}",
            saturation,
        ),
    ]


def one_each(name: str, values: tf.Tensor, n: tf.Tensor) -> tf.Tensor:
    """An option of one value or n, as (n,); any other number of values fails in the graph."""
    count = tf.size(values)
    text = [f"{name} must have one value or one for each photograph, got", count, "for", n]
    with tf.control_dependencies([tf.debugging.Assert((count == 1) | (count == n), text)]):
        return tf.broadcast_to(values, [n])


def _encode(painted: tf.Tensor, alpha: tf.Tensor, format: str) -> tf.Tensor:
    """uint8 (h, w, 3) with opacity (h, w, 1), or (h, w, 0) if there is none -> a file."""
    if format == "png":
        return tf.io.encode_png(tf.concat([painted, alpha], -1), compression=_PNG_LEVEL)
    has_alpha = tf.shape(alpha)[-1] > 0
    paper = tf.cond(has_alpha, lambda: _over_white(painted, alpha), lambda: painted)
    encoded = tf.io.encode_jpeg(paper, quality=95, chroma_downsampling=False)
    # JFIF 1.02: an unknown resolution. The op can only write known ones.
    rest = octets.cut(encoded, 18, octets.length(encoded))
    return octets.cut(encoded, 0, 13) + b"\0\0\1\0\1" + rest


def _over_white(rgb: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    opacity = tf.cast(alpha, tf.uint16)
    light = tf.cast(rgb, tf.uint16) * opacity + 255 * (255 - opacity)  # at most 255**2
    return tf.cast((light + 127) // 255, tf.uint8)
