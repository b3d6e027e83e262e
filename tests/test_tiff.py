"""TIFF files of every kind that scanners and cameras write, against what they were made of."""

import io
import struct

import numpy as np
import pytest
import pyvips
import tifffile
from conftest import colorful_photo
from PIL import ExifTags, Image

from tfcolor import images
from tfcolor.images import decoding
from tfcolor.support import errors

RGB8 = colorful_photo(3, 48, 64)
RGB16 = RGB8.astype(np.uint16) * 257 ^ 5  # not the same in both bytes
GRAY8, GRAY16 = RGB8[..., 1], RGB16[..., 1]
ALPHA8, ALPHA16 = RGB8[::-1, :, 0], RGB16[::-1, :, 0]
ORDERS = pytest.mark.parametrize("order", "<>")


def tiff(pixels, photometric, **options):
    """A TIFF file in memory, by tifffile."""
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, photometric=photometric, metadata=None, **options)
    return file


def tiff_by_hand(tags, pixels, order="<"):
    """A strip of pixels as a TIFF file of tags {number: whole numbers}."""
    tags = {**tags, 273: [0], 279: [len(pixels)]}
    end = 8 + 2 + 12 * len(tags) + 4  # of the directory
    longer = b"".join(_packed(numbers, order) for numbers in tags.values() if len(numbers) > 2)
    tags[273] = [end + len(longer)]
    directory, longer = struct.pack(order + "H", len(tags)), b""
    for tag, numbers in sorted(tags.items()):
        body = _packed(numbers, order)
        is_long = tag in (273, 279)
        if is_long:
            body = struct.pack(order + "I", *numbers)
        elif len(body) > 4:
            body, longer = struct.pack(order + "I", end + len(longer)), longer + body
        kind = 4 if is_long else 3
        directory += struct.pack(order + "HHI", tag, kind, len(numbers)) + body.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return io.BytesIO(head + directory + bytes(4) + longer + pixels)


def _packed(numbers, order):
    return struct.pack(f"{order}{len(numbers)}H", *numbers)


def holds(file, pixels, alpha=None):
    """Asserts that a file's pixels and opacity are these, to the last bit."""
    scan = images.read(file)
    np.testing.assert_array_equal(scan.pixels, pixels, strict=True)
    np.testing.assert_array_equal(scan.alpha, alpha)
    assert scan.format == "TIFF"


# BigTIFF


@ORDERS
@pytest.mark.parametrize("options", [{}, {"tile": (16, 16), "compression": "zlib"}])
def test_bigtiff_of_both_orders_is_read_and_written(order, options):
    for pixels, photometric in (
        (GRAY16, "minisblack"),
        (RGB8, "rgb"),
        (RGB16, "rgb"),
    ):
        file = tiff(pixels, photometric, bigtiff=True, byteorder=order, **options)
        holds(file, pixels)
        color = RGB16 if pixels.dtype == np.uint16 else RGB8
        out = io.BytesIO()
        images.encode(out, images.read(file).with_pixels(color), "TIFF")
        np.testing.assert_array_equal(tifffile.imread(io.BytesIO(out.getvalue())), color)


@ORDERS
def test_what_a_bigtiff_says_of_itself_is_kept(order, tmp_path):
    tags = [(271, "s", 0, "Zeiss", True), (274, "H", 1, 6, True)]
    file = tiff(
        RGB8,
        "rgb",
        bigtiff=True,
        byteorder=order,
        resolution=(300, 200),
        extratags=tags,
        description="A street",
    )
    scan = images.read(file)
    np.testing.assert_array_equal(scan.pixels, np.rot90(RGB8, -1))
    assert scan.dpi == (200, 300)
    images.write(tmp_path / "a.jpg", scan)
    with Image.open(tmp_path / "a.jpg") as image:
        exif = image.getexif()
        assert exif[ExifTags.Base.Make] == "Zeiss" and exif[ExifTags.Base.Orientation] == 1
        assert exif[ExifTags.Base.ImageDescription] == "A street"


@pytest.mark.parametrize("damage", [{256: [64] * 2}, {259: [7], 262: [6], 277: [32771]}])
def test_damaged_tags_cause_no_message_of_pillows(damage, capfd, caplog, recwarn):
    known = {256: [64], 257: [48], 258: [8], 259: [1], 262: [2], 277: [1], 278: [48]}
    with pytest.raises(errors.InputError):
        images.read(tiff_by_hand(known | damage, RGB8.tobytes()))
    assert not recwarn.list and not caplog.text and not capfd.readouterr().err


@pytest.mark.parametrize("tag, damage", [(296, [10825] * 2), (282, [0] * 2), (283, [0])])
def test_a_resolution_that_is_damaged_is_not_written_again(tag, damage, tmp_path):
    known = {256: [64], 257: [48], 258: [16] * 3, 259: [1], 262: [2], 277: [3], 278: [48]}
    known |= {282: [300], 283: [300], 296: [2], tag: damage}
    scan = images.read(tiff_by_hand(known, RGB16.tobytes()))
    images.write(tmp_path / "a.tif", scan)
    holds(tmp_path / "a.tif", RGB16)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert not {282, 283, 296} & set(file.pages[0].tags.keys())


@ORDERS
def test_pixels_of_a_bigtiff_are_counted_by_its_header(order, tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(RGB16, "rgb", bigtiff=True, byteorder=order).getvalue())
    assert decoding.count_pixels(path) == 48 * 64


# Channels beside the color


@ORDERS
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("gray, alpha", [(GRAY8, ALPHA8), (GRAY16, ALPHA16)])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_gray_with_alpha_is_read(photometric, gray, alpha, big, order):
    stored = gray if photometric == "minisblack" else np.iinfo(gray.dtype).max - gray
    options = {"extrasamples": ["unassalpha"], "bigtiff": big, "byteorder": order}
    together, apart = (np.stack([stored, alpha], axis) for axis in (-1, 0))
    holds(tiff(together, photometric, planarconfig="contig", **options), gray, alpha)
    holds(tiff(apart, photometric, planarconfig="separate", **options), gray, alpha)


def test_gray_that_alpha_was_multiplied_with_is_divided_by_it():
    alpha = np.maximum(ALPHA16, 20_000)
    stored = np.rint(GRAY16 / 65535 * alpha).astype(np.uint16)
    scan = images.read(
        tiff(
            np.stack([stored, alpha], -1),
            "minisblack",
            planarconfig="contig",
            extrasamples=["assocalpha"],
        )
    )
    np.testing.assert_array_equal(scan.alpha, alpha)
    # A level of what was stored is 65535 / 20000 of gray.
    np.testing.assert_allclose(scan.pixels.astype(int), GRAY16, atol=4)


@pytest.mark.parametrize("rgb, other", [(RGB8, ALPHA8), (RGB16, ALPHA16)])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize(
    "kinds, place",
    [
        (["unspecified"], None),  # a scanner's infrared
        (["unassalpha"], 0),
        (["unspecified", "unspecified"], None),
        (["unspecified", "unassalpha"], 1),
        (["unassalpha", "unspecified"], 0),
    ],
)
def test_only_what_is_said_to_be_opacity_is_alpha(rgb, other, planes, kinds, place):
    extras = [other, other[:, ::-1]][: len(kinds)]
    stored = np.moveaxis(np.dstack([rgb, *extras]), -1, 0 if planes == "separate" else -1)
    file = tiff(stored, "rgb", planarconfig=planes, extrasamples=kinds)
    holds(file, rgb, None if place is None else extras[place])


def test_a_fourth_channel_that_nothing_is_said_of_is_alpha():
    tags = {256: [64], 257: [48], 258: [8] * 4, 259: [1], 262: [2], 277: [4], 278: [48]}
    holds(tiff_by_hand(tags, np.dstack([RGB8, ALPHA8]).tobytes()), RGB8, ALPHA8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_cmyk_with_alpha_is_the_color_of_cmyk_alone(dtype, planes):
    inks = np.dstack([255 - RGB8, GRAY8 // 4]).astype(dtype) * (1 if dtype == np.uint8 else 257)
    alpha = ALPHA8 if dtype == np.uint8 else ALPHA16
    expected = images.read(tiff(inks, "separated")).pixels
    for kind, opacity in (("unassalpha", alpha), ("unspecified", None)):
        stored = np.moveaxis(np.dstack([inks, alpha]), -1, 0 if planes == "separate" else -1)
        file = tiff(stored, "separated", planarconfig=planes, extrasamples=[kind])
        holds(file, expected, opacity)


# Other kinds of color


def lab_of(rgb):
    """sRGB 0..255 -> CIE L*a*b* under D50: IEC 61966-2-1 and Bradford's matrix of ICC.1 sRGB."""
    v = rgb / 255
    light = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169]]
    to_xyz += [[0.0139322, 0.0971045, 0.7141733]]
    xyz = light @ np.transpose(to_xyz) / [0.9642, 1, 0.8251]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def signed(lab, scales, dtype):
    return np.rint(lab * scales).astype(np.int64).astype(dtype)


@ORDERS
@pytest.mark.parametrize("extra", [None, "unassalpha", "unspecified"])
def test_cielab_of_16_bits_is_the_color_that_it_was_made_of(order, extra):
    stored = signed(lab_of(RGB8), [655.35, 256, 256], np.uint16)
    options = {"extrasamples": [extra]} if extra else {}
    stored = np.dstack([stored, ALPHA16]) if extra else stored
    scan = images.read(tiff(stored, "cielab", byteorder=order, **options))
    assert scan.pixels.dtype == np.uint16
    np.testing.assert_allclose(scan.pixels / 257, RGB8, atol=0.5)
    np.testing.assert_array_equal(scan.alpha, ALPHA16 if extra == "unassalpha" else None)


def test_cielab_of_8_bits_is_as_near_as_its_bits_allow():
    stored = signed(lab_of(RGB8), [2.55, 1, 1], np.uint8)
    alone = images.read(tiff(stored, "cielab")).pixels
    assert np.abs(alone.astype(int) - RGB8).mean() < 1.5
    beside = images.read(tiff(np.dstack([stored, ALPHA8]), "cielab", extrasamples=["unassalpha"]))
    assert np.abs(beside.pixels / 257 - RGB8).mean() < 1.5
    np.testing.assert_array_equal(beside.alpha, ALPHA8.astype(np.uint16) * 257)


def test_icclab_is_the_color_that_it_was_made_of():
    lab = lab_of(RGB8)
    small = signed(lab + [0, 128, 128], [2.55, 1, 1], np.uint8)
    assert np.abs(images.read(tiff(small, "icclab")).pixels.astype(int) - RGB8).mean() < 1.5
    deep = signed(lab + [0, 128, 128], [652.8, 256, 256], np.uint16)
    np.testing.assert_allclose(images.read(tiff(deep, "icclab")).pixels / 257, RGB8, atol=0.5)


def ycbcr(across, down, order, height, width):
    """A TIFF of uncompressed YCbCr (TIFF 6.0, section 21), and its pixels in RGB.

    It holds blocks of lightness, each with its color behind it.
    """
    stored = np.asarray(Image.fromarray(RGB8[:height, :width]).convert("YCbCr"))
    padding = (0, -height % down), (0, -width % across), (0, 0)
    padded = np.pad(stored, padding, "edge").astype(float)
    rows, columns = padded.shape[0] // down, padded.shape[1] // across
    blocks = padded.reshape(rows, down, columns, across, 3).swapaxes(1, 2)
    y = blocks[..., 0].reshape(rows, columns, -1)
    color = np.rint(blocks[..., 1:].mean((2, 3)))
    data = np.concatenate([y, color], -1).astype(np.uint8).tobytes()
    spread = color.repeat(down, 0).repeat(across, 1)
    shown = np.dstack([padded[..., 0], spread])[:height, :width].astype(np.uint8)
    known = {256: [width], 257: [height], 258: [8] * 3, 259: [1], 262: [6], 277: [3]}
    known |= {278: [height], 284: [1], 530: [across, down]}
    rgb = Image.frombytes("YCbCr", (width, height), shown.tobytes()).convert("RGB")
    return tiff_by_hand(known, data, order), np.asarray(rgb)


@ORDERS
@pytest.mark.parametrize("across, down", [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4), (1, 2)])
@pytest.mark.parametrize("height, width", [(48, 64), (47, 61)])
def test_uncompressed_ycbcr_is_read(across, down, height, width, order):
    file, rgb = ycbcr(across, down, order, height, width)
    # Integer arithmetic: libtiff's and Pillow's tables are a level apart.
    np.testing.assert_allclose(images.read(file).pixels.astype(int), rgb, atol=2)


def test_ycbcr_of_the_range_of_video_is_brought_to_all_levels():
    full = np.asarray(Image.fromarray(RGB8).convert("YCbCr")).astype(float) - [0, 128, 128]
    video = np.rint(full * [219 / 255, 224 / 254, 224 / 254] + [16, 128, 128]).astype(np.uint8)
    reference = [16, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1]
    tags = [(530, "H", 2, (1, 1), True), (532, "2I", 6, reference, True)]
    pixels = images.read(tiff(video, "ycbcr", extratags=tags)).pixels
    assert np.abs(pixels.astype(int) - RGB8).mean() < 1.2


# Which of many pictures


def pages(*pictures, **options):
    """A TIFF in memory; pictures are (pixels, options of tifffile)."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file, **options) as writer:
        for pixels, how in pictures:
            writer.write(pixels, metadata=None, **{"photometric": "rgb", **how})
    return file


SMALL = RGB8[::4, ::4]
MASK = {"photometric": "minisblack", "subfiletype": 4}
REDUCED = {"subfiletype": 1}
RAW_PAGE = {"photometric": 32803, "subfiletype": 0}


@pytest.mark.parametrize("big", [False, True])
@ORDERS
@pytest.mark.parametrize(
    "before",
    [
        [(SMALL, REDUCED)],
        [(SMALL, REDUCED), (SMALL[::2], REDUCED)],
        [(GRAY8 > 99, MASK)],
        [(SMALL, {"extratags": [(255, "H", 1, 2, True)]})],
    ],
)
def test_the_photograph_is_the_first_page_that_is_not_reduced(before, order, big):
    tags = {"extratags": [(274, "H", 1, 3, True)], "resolution": (300, 300)}
    file = pages(*before, (RGB16, tags), (RGB8, {}), byteorder=order, bigtiff=big)
    holds(file, RGB16[::-1, ::-1])
    assert images.read(file).dpi == (300, 300)


def test_a_reduced_page_before_one_that_pillow_decodes_is_passed_over():
    stored = signed(lab_of(RGB8), [2.55, 1, 1], np.uint8)
    file = pages((SMALL, REDUCED), (stored, {"photometric": "cielab"}))
    assert images.read(file).pixels.shape == RGB8.shape


def test_a_picture_that_is_the_only_one_is_the_photograph_whatever_it_is_called():
    holds(pages((RGB8, REDUCED)), RGB8)


def refused(file, reason):
    with pytest.raises(ValueError, match=reason) as caught:
        images.read(file, "scan.tif")
    assert str(caught.value).startswith("scan.tif ") and "\n" not in str(caught.value)


def test_a_photograph_that_is_no_page_is_an_error_and_not_its_thumbnail():
    refused(
        pages((SMALL, {**REDUCED, "subifds": 1}), (RGB8, {})),
        "only reduced pictures of its photograph",
    )


RAW_FILES = {
    "DNG with a thumbnail": lambda: pages(
        (SMALL, {**REDUCED, "subifds": 1, "extratags": [(50706, "B", 4, b"\1\4\0\0", True)]}),
        (GRAY16, RAW_PAGE),
    ),
    "DNG of linear light": lambda: pages(
        (RGB16, {"photometric": 34892, "extratags": [(50706, "B", 4, b"\1\4\0\0", True)]})
    ),
    "NEF": lambda: pages(
        (SMALL, {**REDUCED, "subifds": 2}), (RGB8, REDUCED), (GRAY16, RAW_PAGE), byteorder=">"
    ),
    "ARW, whose preview is not called reduced": lambda: pages(
        (RGB8, {"subifds": 1}), (GRAY16, RAW_PAGE)
    ),
    "PEF, whose first page is raw": lambda: pages((GRAY16, RAW_PAGE), (RGB8, {})),
    "raw behind a thumbnail": lambda: pages((SMALL, REDUCED), (GRAY16, RAW_PAGE)),
    "CR2": lambda: io.BytesIO(b"II*\0\x10\0\0\0CR\2\0" + bytes(100)),
    "CR3": lambda: io.BytesIO(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100)),
    "ORF": lambda: io.BytesIO(b"IIRO\x08\0\0\0" + bytes(100)),
    "RW2": lambda: io.BytesIO(b"IIU\0\x18\0\0\0" + bytes(100)),
    "RAF": lambda: io.BytesIO(b"FUJIFILMCCD-RAW 0201" + bytes(100)),
}


@pytest.mark.parametrize("name", RAW_FILES)
def test_a_raw_file_is_an_error_that_says_so(name):
    refused(RAW_FILES[name](), "is a camera's raw file: develop it")


# What cannot be read


def test_lab_of_floats_is_refused_for_that_reason():
    made = pyvips.Image.new_from_array(lab_of(RGB8).astype(np.float32)).copy(interpretation="lab")
    refused(io.BytesIO(made.tiffsave_buffer()), "its pixels are of type float")


def test_the_reason_is_told_once():
    frame = b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", GRAY8.size)  # zstd, RFC 8878
    block = struct.pack("<I", GRAY8.size << 3 | 1)[:3] + GRAY8.tobytes()  # as it is, and the last
    tags = {256: [64], 257: [48], 258: [8], 259: [50000], 262: [1], 277: [1], 278: [48]}
    file = tiff_by_hand(tags, frame + block)
    try:
        holds(file, GRAY8)  # where libvips was built with Zstandard
    except ValueError as error:
        assert str(error).count("ZSTD") == 1 and "not configured" in str(error)


def test_directories_that_lead_to_each_other_end():
    file = pages((SMALL, REDUCED), (RGB8, REDUCED))
    encoded = bytearray(file.getvalue())
    first = struct.unpack_from("<I", encoded, 4)[0]
    holds(io.BytesIO(encoded), SMALL)
    count = struct.unpack_from("<H", encoded, first)[0]
    struct.pack_into("<I", encoded, first + 2 + 12 * count, first)
    holds(io.BytesIO(encoded), SMALL)


def test_a_tiff_without_a_page_is_refused():
    refused(io.BytesIO(b"II*\0" + bytes(20)), "cannot be read .*no page")
    refused(io.BytesIO(b"MM\0*"), "cannot be read")
    refused(io.BytesIO(b"II*\0\xff\xff\xff\xff" + bytes(20)), "cannot be read")


def test_a_tiff_of_too_many_pixels_is_refused_before_they_take_memory():
    tags = {256: [60_000], 257: [60_000], 258: [8], 259: [1], 262: [1], 277: [1], 278: [60_000]}
    refused(tiff_by_hand(tags, bytes(100)), "too many pixels")


@pytest.mark.parametrize("photometric", ["cielab", "ycbcr"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_planes_of_colors_to_convert_are_refused_and_not_misread(photometric, dtype):
    stored = np.random.default_rng(0).integers(0, 200, (3, 24, 32)).astype(dtype)
    with pytest.raises(errors.InputError, match="CIELAB or YCbCr, are stored as planes"):
        images.read(tiff(stored, photometric, planarconfig="separate"))
