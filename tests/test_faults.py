"""PNG and JPEG files with a fault that viewers look past, and what PNGs say beside their pixels."""

import io
import logging
import struct
import zlib

import numpy as np
import pytest
from conftest import colorful_photo
from PIL import Image
from test_photo_modes import gray_profile

from tfcolor import images
from tfcolor.data import files
from tfcolor.images import decoding

RGB = colorful_photo(5, 48, 64)
GRAY = RGB[..., 1]
DEEP = GRAY.astype(np.uint16) * 257 ^ 5  # not the same in both bytes
LONG = zlib.compress(b"x" * 2_400_000)
TURNED = b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0" + bytes(4)  # EXIF, orientation 6


def chunk(name, body, is_sound=True):
    checksum = zlib.crc32(name + body) ^ (not is_sound)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def png(pixels, *before, bits=None, color_type=None, behind=b""):
    """A PNG file; `before` are chunks in front of the pixels, `behind` those behind them."""
    bits = bits or 8 * pixels.itemsize
    color_type = (0 if pixels.ndim == 2 else 2) if color_type is None else color_type
    if bits < 8:
        digits = np.unpackbits(pixels[..., None], axis=-1)[..., 8 - bits :]
        rows = np.packbits(digits.reshape(len(pixels), -1), axis=1)
    else:
        rows = pixels.astype(pixels.dtype.newbyteorder(">"))
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(before)
        + chunk(b"IDAT", zlib.compress(lines))
        + behind
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def read(tmp_path, caplog):
    """Reads a file of these bytes and gives the photograph, and what was logged of it."""

    def of(encoded):
        caplog.clear()
        path = tmp_path / f"{zlib.crc32(encoded)}.jpg"
        path.write_bytes(encoded)
        with caplog.at_level(logging.WARNING, "tfcolor"):
            scan = images.read(path)
        lines = [record.getMessage() for record in caplog.records]
        assert all(line.startswith(f"{path} ") and "\n" not in line for line in lines)
        return scan, " ".join(lines)

    return of


# PNG: chunks that can be left out

UNREADABLE = {
    **{
        f"{name} with a wrong checksum": (name, chunk(name.encode(), body, is_sound=False))
        for name, body in {
            "tEXt": b"Comment\0hello",
            "pHYs": struct.pack(">IIB", 100, 100, 1),
            "tIME": struct.pack(">HBBBBB", 1936, 6, 1, 12, 0, 0),
            "gAMA": struct.pack(">I", 100_000),
            "cHRM": bytes(32),
            "bKGD": b"\0\0",
            "tRNS": b"\0\x50",
            "eXIf": TURNED,
            "vpAg": b"private",
        }.items()
    },
    "zTXt of 2.4 MB": ("zTXt", chunk(b"zTXt", b"A\0\0" + LONG)),
    "iTXt of 2.4 MB": ("iTXt", chunk(b"iTXt", b"A\0\1\0\0\0" + LONG)),
    "iCCP of 2.4 MB": ("iCCP", chunk(b"iCCP", b"A\0\0" + LONG)),
    "iCCP that is no zlib": ("iCCP", chunk(b"iCCP", b"A\0\0garbage")),
    "iCCP of another method": ("iCCP", chunk(b"iCCP", b"A\0\7" + zlib.compress(b"x" * 200))),
    "iCCP that is cut short": ("iCCP", chunk(b"iCCP", b"A\0\0" + zlib.compress(bytes(999))[:5])),
    "iCCP that is no profile": ("iCCP", chunk(b"iCCP", b"A\0\0" + zlib.compress(b"x" * 200))),
    "iCCP that is empty": ("iCCP", chunk(b"iCCP", b"")),
    "pHYs that is too short": ("pHYs", chunk(b"pHYs", b"\0\0")),
    "cHRM that is too short": ("cHRM", chunk(b"cHRM", b"\0\0")),
    "gAMA that is too short": ("gAMA", chunk(b"gAMA", b"\0\0")),
    "acTL that is too short": ("acTL", chunk(b"acTL", b"\0\0")),
}


@pytest.mark.parametrize("pixels", [GRAY, DEEP])
@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_png_is_read_without_a_chunk_that_is_damaged_or_too_long(read, kind, pixels):
    name, bad = UNREADABLE[kind]
    good = chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1)) if name != "pHYs" else b""
    scan, logged = read(png(pixels, bad, good))
    np.testing.assert_array_equal(scan.pixels, pixels, strict=True)
    assert scan.alpha is None
    assert scan.dpi == ((300.0, 300.0) if good else None)
    assert f"is read without its damaged or too long {name}" in logged


def test_texts_that_are_too_long_all_together_are_left_out(read):
    text = chunk(b"zTXt", b"A\0\0" + zlib.compress(bytes(900_000)))
    scan, logged = read(png(GRAY, *[text] * 80))
    np.testing.assert_array_equal(scan.pixels, GRAY, strict=True)
    assert "is read without its damaged or too long zTXt" in logged


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(ValueError, match=r"a\.jpg is empty: copy it again"):
        images.read(tmp_path / "a.jpg")


def test_of_two_chunks_of_a_name_the_good_one_stays(read):
    good, bad = chunk(b"eXIf", TURNED), chunk(b"tEXt", b"A\0b", is_sound=False)
    scan, logged = read(png(RGB, chunk(b"tEXt", b"A\0b"), bad, good, bad))
    np.testing.assert_array_equal(scan.pixels, np.rot90(RGB, -1))
    assert logged.count("tEXt") == 1 and "eXIf" not in logged


def test_text_behind_the_pixels_may_be_long(read):
    scan, logged = read(png(GRAY, behind=chunk(b"zTXt", b"A\0\0" + LONG)))
    np.testing.assert_array_equal(scan.pixels, GRAY)
    assert "zTXt" in logged


def test_a_png_whose_colors_are_of_a_palette_keeps_it(read):
    palette = RGB[0]
    numbers = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    bad = chunk(b"tIME", b"", is_sound=False)
    clear = chunk(b"tRNS", bytes([0, 128]))
    scan, _ = read(png(numbers, bad, chunk(b"PLTE", palette.tobytes()), clear, color_type=3))
    np.testing.assert_array_equal(scan.pixels, np.tile(palette, (48, 1, 1)))
    assert scan.alpha[0, :3].tolist() == [0, 128, 255]


@pytest.mark.parametrize("name", [b"IHDR", b"PLTE"])
def test_a_png_without_a_sound_header_is_an_error(read, name):
    numbers = np.zeros((4, 4), np.uint8)
    encoded = png(numbers, chunk(b"PLTE", b"abc"), color_type=3)
    end = encoded.index(name) + 4 + (13 if name == b"IHDR" else 3)
    with pytest.raises(ValueError, match="cannot be read .*checksum"):
        read(encoded[:end] + b"\1\2\3\4" + encoded[end + 4 :])


def test_half_a_png_is_an_error_though_a_chunk_is_damaged(read):
    encoded = png(RGB, chunk(b"tIME", b"", is_sound=False))
    with pytest.raises(ValueError, match="cannot be read .*truncated"):
        read(encoded[: len(encoded) // 2])


def test_a_sound_file_is_read_without_a_word(read):
    for pixels in (GRAY, DEEP, RGB):
        assert read(png(pixels))[1] == ""


def test_a_fault_is_told_once_of_a_file_that_is_read_again_and_again(tmp_path, caplog):
    path = tmp_path / "a.png"
    path.write_bytes(png(RGB, chunk(b"tIME", b"", is_sound=False)))
    photos = files.from_folder(tmp_path)
    for _ in range(3):
        (example,) = photos.examples()
        np.testing.assert_array_equal(example["rgb"], RGB)
    assert [record.getMessage() for record in caplog.records] == [
        f"{path} is read without its damaged or too long tIME"
    ]


# PNG: opacity and gamma


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_the_gray_that_is_clear_is_clear_at_every_depth(read, bits):
    levels = DEEP if bits == 16 else GRAY >> (8 - bits)
    top = 2**bits - 1
    for clear in (0, int(levels[7, 9]), top):
        scan, _ = read(png(levels, chunk(b"tRNS", struct.pack(">H", clear)), bits=bits))
        kind = np.uint16 if bits == 16 else np.uint8
        expected = np.where(levels == clear, 0, np.iinfo(kind).max).astype(kind)
        np.testing.assert_array_equal(scan.alpha, expected, strict=True)
        np.testing.assert_array_equal(scan.pixels, levels.astype(int) * np.iinfo(kind).max // top)


@pytest.mark.parametrize("deep", [False, True])
def test_the_color_that_is_clear_is_clear(read, deep):
    pixels = RGB.astype(np.uint16) * 257 if deep else RGB
    clear = struct.pack(">HHH", *map(int, pixels[7, 9]))
    scan, _ = read(png(pixels, chunk(b"tRNS", clear)))
    expected = (pixels != pixels[7, 9]).any(-1) * np.iinfo(pixels.dtype).max
    np.testing.assert_array_equal(scan.alpha, expected)


def srgb_of(light):
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def gamma(value):
    return chunk(b"gAMA", struct.pack(">I", value))


@pytest.mark.parametrize("pixels", [GRAY, RGB, DEEP])
@pytest.mark.parametrize("value", [100_000, 55_556, 166_667])
def test_gamma_is_applied(read, value, pixels):
    """PNG specification, gAMA: a sample is light to that power."""
    top = np.iinfo(pixels.dtype).max
    expected = top * srgb_of((pixels / top) ** (100_000 / value))
    scan, logged = read(png(pixels, gamma(value)))
    assert scan.pixels.dtype == pixels.dtype and logged == ""
    np.testing.assert_allclose(scan.pixels, expected, atol=0.501)


def test_gamma_leaves_opacity_and_sees_colors_of_a_palette(read):
    palette, numbers = bytes([0, 0, 0, 64, 128, 192]), np.eye(8, dtype=np.uint8)
    clear = chunk(b"tRNS", bytes([64]))
    scan, _ = read(png(numbers, gamma(100_000), chunk(b"PLTE", palette), clear, color_type=3))
    expected = 255 * srgb_of(np.array([64, 128, 192]) / 255)
    np.testing.assert_allclose(scan.pixels[0, 0], expected, atol=0.501)
    assert scan.alpha[0, :2].tolist() == [255, 64]


@pytest.mark.parametrize("pixels", [GRAY, DEEP])
@pytest.mark.parametrize(
    "chunks",
    [
        [gamma(45_455)],  # 1 / 2.2: what sRGB is near to
        [gamma(45_000)],
        [gamma(0)],
        [gamma(1)],
        [gamma(100_000), chunk(b"sRGB", b"\0")],
        [gamma(100_000), chunk(b"iCCP", b"A\0\0" + zlib.compress(gray_profile(2.2)))],
    ],
)
def test_gamma_that_means_srgb_or_is_outweighed_changes_nothing(read, chunks, pixels):
    scan, logged = read(png(pixels, *chunks))
    # A gray profile of 2.2 is near to sRGB.
    most = 10 / 255 * np.iinfo(pixels.dtype).max if b"iCCP" in chunks[-1] else 0
    np.testing.assert_allclose(scan.pixels.astype(int), pixels, atol=most)
    assert logged == ""


@pytest.mark.slow
def test_gamma_is_what_a_browser_shows(read, browser, tmp_path):
    page = browser.new_page()
    for value in (100_000, 45_455, 55_556):
        (tmp_path / "a.png").write_bytes(png(GRAY, gamma(value)))
        page.goto((tmp_path / "a.png").as_uri())
        shown = Image.open(io.BytesIO(page.locator("img").screenshot())).convert("RGB")
        expected = images.read_rgb(tmp_path / "a.png").astype(int)
        assert np.abs(np.asarray(shown.resize((64, 48))).astype(int) - expected).mean() < 1


# JPEG


def jpeg(image, **options):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


@pytest.mark.parametrize("fill", [b"", bytes(500)])
@pytest.mark.parametrize("missing", [1, 2])
@pytest.mark.parametrize("pixels", [GRAY, RGB])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}])
def test_a_jpeg_without_its_end_has_all_its_pixels(read, options, pixels, missing, fill):
    whole = jpeg(pixels, **options)
    scan, logged = read(whole[:-missing] + fill)
    np.testing.assert_array_equal(scan.pixels, images.read(io.BytesIO(whole)).pixels)
    assert "has no end marker, but has all its pixels" in logged


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}])
def test_a_jpeg_that_lacks_pixels_is_an_error(read, options):
    whole = jpeg(colorful_photo(1, 200, 300), **options)
    ends = [int(part * len(whole)) for part in (0.5, 0.9, 0.99)]
    for end in (*ends, *(len(whole) - missing for missing in range(4, 60, 5))):
        for fill in (b"", bytes(500)):
            with pytest.raises(ValueError, match="cannot be read .*truncated"):
                read(whole[:end] + fill)


def test_a_jpeg_without_its_end_is_reduced_as_others_are():
    whole = jpeg(colorful_photo(1, 400, 600))
    small, expected = (images.decode_rgb(each, "a", enough=50) for each in (whole[:-2], whole))
    assert small.shape == (100, 150, 3) or small.shape == (50, 75, 3)
    np.testing.assert_array_equal(small, expected)


def test_a_jpeg_without_its_end_is_not_kept_as_it_is_in_a_prepared_set():
    assert decoding.is_plain_jpeg(jpeg(RGB)) and decoding.is_plain_jpeg(jpeg(RGB) + bytes(9))
    assert not decoding.is_plain_jpeg(jpeg(RGB)[:-2])


def test_a_jpeg_of_12_bits_is_refused_for_that(read):
    # ITU T.81, B.2.2: the frame's header begins with its length and the bits of a sample.
    whole = jpeg(RGB)
    place = whole.index(b"\xff\xc0") + 4
    deep = whole[: place - 3] + b"\xc1" + whole[place - 2 : place] + b"\x0c" + whole[place + 1 :]
    with pytest.raises(ValueError) as caught:
        read(deep)
    assert "cannot be read (cannot handle 12-bit layers)" in str(caught.value)
    assert "not a photograph" not in str(caught.value)
