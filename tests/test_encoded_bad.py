"""Broken, huge and odd photograph files, and options out of range, in a graph: errors in words."""

import resource
import struct
import zlib

import hypothesis
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from PIL import Image
from test_encoded import FILES, NOISE, RGB, colorize, pixels_of, planes_of_files, to_bytes

GOOD = [FILES["png of RGBA"], FILES["gif"], to_bytes(NOISE, "JPEG")]


def test_a_broken_file_fails_alone():
    alone = [colorize([file])[0][0] for file in GOOD]
    bad = [b"", b"GIF89a", GOOD[2][:-9], b"\xff\xd8\xff" + bytes(99), to_bytes(RGB, "WEBP")]
    made, errors = colorize([GOOD[0], *bad, *GOOD[1:]])
    assert made == [alone[0], *[b""] * 5, *alone[1:]]
    assert [bool(error) for error in errors] == [False, *[True] * 5, False, False]
    assert b"not a photograph (JPEG, PNG, BMP, GIF): convert" in errors[1]
    assert b"is damaged or of a rare kind: copy it again" in errors[3]
    assert not any(b"\n" in error for error in errors)


def png_header(width, height, depth=8, colors=2):
    """A PNG that ends before its pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, colors, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", zlib.crc32(header))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": [-1]}, "size must be from 1 to 1024 pixels, or 0 for the model's own, got -1"),
        ({"size": [1025]}, "got 1025"),
        ({"strength": [1.5]}, "strength must be from 0 to 1, got 1.5"),
        ({"strength": [float("nan")]}, "strength must be from 0 to 1, got nan"),
        ({"saturation": [-0.5]}, "saturation must be from 0 to 100, got -0.5"),
        ({"saturation": [1e30]}, "saturation must be from 0 to 100, got 1e+30"),
        ({"saturation": [float("inf")]}, "got inf"),
    ],
)
def test_an_option_out_of_range_is_named(options, message):
    made, (error,) = colorize(GOOD[:1], **options)
    assert made == [b""] and message in error.decode()


def test_an_option_has_one_value_or_as_many_as_there_are_photographs():
    made, errors = colorize(GOOD, size=[5000, 0, 1], strength=[1.0, 2.0, 0.5])
    assert [bool(error) for error in errors] == [True, True, False]
    with pytest.raises(tf.errors.InvalidArgumentError, match="strength must have one value or"):
        colorize(GOOD, strength=[1.0, 1.0])


def peak_growth(call):
    """MiB that this process's peak of memory grew by."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = call()
    return result, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def test_a_size_is_refused_before_its_memory_is_taken():
    jpeg = to_bytes(RGB, "JPEG").replace(
        struct.pack(">HH", 33, 47), struct.pack(">HH", 60_000, 60_000)
    )
    bmp, gif = bytearray(FILES["bmp of RGB"]), bytearray(FILES["gif"])
    bmp[18:26], gif[6:10] = struct.pack("<ii", 60_000, -60_000), struct.pack("<HH", 60_000, 60_000)
    gif = gif.replace(struct.pack("<HH", 47, 33), struct.pack("<HH", 60_000, 60_000))
    sides = [(60_000, 60_000), (2**32 - 1, 2**32 - 1), (100_000, 100), (7, 500)]
    files = [jpeg, bytes(bmp), bytes(gif), *(png_header(*each) for each in sides)]
    (made, errors), grown = peak_growth(lambda: colorize(files))
    assert not any(made) and grown < 100
    assert all(b"60000 x 60000 pixels are too many; make it" in error for error in errors[:4])
    assert b"4294967295 x 4294967295" in errors[4] and b"65500 on a side" in errors[5]
    assert b"7 x 500 pixels are too few to colorize" in errors[6]


def test_only_the_first_picture_of_an_animation_takes_memory():
    one = to_bytes(Image.new("P", (2000, 2000)), "GIF")
    start = one.index(b"\x2c\0\0\0\0")
    film = one[:start] + one[start:-1] * 300 + b";"  # 1.2 GB of pixels
    pixels, grown = peak_growth(lambda: pixels_of(film))
    assert pixels.shape == (2000, 2000, 3) and grown < 300


@pytest.mark.parametrize("name", ["jpeg of RGB, subsampling 0", "png of RGBA", "bmp of P", "gif"])
def test_every_truncation_is_an_error(name):
    file = FILES[name]
    made, errors = colorize([file[:end] for end in range(0, len(file) - 1, 37)])
    assert not any(made) and all(errors)


@hypothesis.given(
    name=st.sampled_from(sorted(FILES)),
    edits=st.lists(st.tuples(st.integers(0, 2**16), st.binary(max_size=9)), min_size=1, max_size=5),
)
@hypothesis.settings(max_examples=300)
def test_no_bytes_raise(name, edits):
    file = FILES[name]
    for at, text in edits:
        at %= min(len(file), 200 if at % 2 else 10**6)
        file = file[:at] + text + file[at + len(text) // 2 :]
    (made,), (error,) = colorize([file])
    assert bool(made) != bool(error)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (to_bytes(RGB.convert("L"), "PNG"), "must hold PNG files of 16-bit gray"),
        (FILES["png of 16 bits"], "must hold PNG files of 16-bit gray"),
        (FILES["gif"], "must hold PNG files of 16-bit gray"),
        (png_header(2**16, 2**16 + 1, 16, 0), "at most 4194304 pixels"),
        (png_header(2**31, 2**31, 16, 0), "at most 4194304 pixels"),
        (png_header(20, 20, 16, 0), "PNG"),
    ],
)
def test_planes_of_another_kind_are_an_error_of_the_request(file, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        planes_of_files([file])
