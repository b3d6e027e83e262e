"""Reading: every color model, bit depth and profile against a closed form."""

import struct
import zlib

import numpy as np
import pytest
import tifffile
from conftest import random_rgb, saved
from PIL import Image, ImageCms

from tfcolor import images


def swapped_profile():
    """The bytes of an ICC profile like sRGB, but with the channels green, red, blue."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # ICC.1: after 128 bytes the tag count, then a signature, offset and size for every tag.
    for n in range(struct.unpack_from(">I", profile, 128)[0]):
        signature = slice(132 + 12 * n, 136 + 12 * n)
        swap = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}
        profile[signature] = swap.get(bytes(profile[signature]), profile[signature])
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_icc_profile_is_converted_to_srgb(tmp_path, mode):
    image = Image.fromarray(random_rgb()).quantize(256).convert(mode)
    path = saved(tmp_path / "a.png", image, icc_profile=swapped_profile())
    expected = np.asarray(image.convert("RGB"))[..., [1, 0, 2]]
    np.testing.assert_allclose(images.read_rgb(path).astype(int), expected, atol=1)


def gray_profile(gamma):
    """A smallest ICC profile of gray scans: a white point and a curve."""
    d50 = struct.pack(">iii", 0xF6D6, 0x10000, 0xD32D)
    white = b"XYZ ".ljust(8, b"\0") + d50
    curve = b"curv".ljust(8, b"\0") + struct.pack(">IHxx", 1, round(256 * gamma))
    tags = struct.pack(">I4sII4sII", 2, b"wtpt", 156, 20, b"kTRC", 176, 14)
    header = struct.pack(">I4xI4s4s4s", 192, 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    header = header.ljust(36, b"\0") + b"acsp".ljust(32, b"\0") + d50.ljust(60, b"\0")
    return header + tags + white + curve


def test_gray_icc_profile_is_converted_to_srgb(tmp_path):
    gamma = 1.75  # exact in the 8 fraction bits of a profile
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)
    path = saved(tmp_path / "a.png", Image.fromarray(gray), icc_profile=gray_profile(gamma))
    y = (gray / 255) ** gamma
    expected = 255 * np.where(y <= 0.0031308, 12.92 * y, 1.055 * y ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(images.read_rgb(path), np.stack([expected] * 3, axis=-1), atol=1.1)


def test_embedded_srgb_profile_changes_nothing(tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved(tmp_path / "a.png", Image.fromarray(random_rgb()), icc_profile=srgb)
    np.testing.assert_allclose(images.read_rgb(path).astype(int), random_rgb(), atol=1)


# Named, as the bytes hold the second they were made in, and workers must collect the same tests.
@pytest.mark.parametrize("profile", [b"junk", swapped_profile()[:200]], ids=["junk", "truncated"])
def test_broken_icc_profile_is_ignored(tmp_path, profile):
    path = saved(tmp_path / "a.png", Image.fromarray(random_rgb()), icc_profile=profile)
    np.testing.assert_array_equal(images.read_rgb(path), random_rgb())


def test_cmyk_jpeg_is_ink_on_white_paper(tmp_path):
    # Pillow writes CMYK as Adobe does: inverted, with Adobe's marker.
    inks = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255], [0, 102, 204, 51]]], np.uint8)
    inks = inks.repeat(16, axis=0).repeat(16, axis=1)  # whole JPEG blocks
    image = Image.frombytes("CMYK", inks.shape[1::-1], inks.tobytes())
    path = saved(tmp_path / "a.jpg", image, quality=100)
    assert b"Adobe" in path.read_bytes()
    light = 1 - inks / 255
    expected = 255 * light[..., :3] * light[..., 3:]
    np.testing.assert_allclose(images.read_rgb(path), expected, atol=3)


def test_palette_with_transparency_lies_over_white(tmp_path):
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    path = saved(tmp_path / "a.png", image, transparency=bytes([255, 0, 51]))
    expected = [[[255, 0, 0], [255, 255, 255], [204, 204, 255]]]
    np.testing.assert_allclose(images.read_rgb(path), expected, atol=1)


def test_one_bit_is_black_and_white(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(np.array([[True, False]])))
    assert images.read_rgb(path).tolist() == [[[255] * 3, [0] * 3]]


def test_gray_gives_three_equal_channels(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(np.array([[7, 99]], np.uint8)))
    assert images.read_rgb(path).tolist() == [[[7] * 3, [99] * 3]]


def test_gray_with_alpha_lies_over_white(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(np.array([[[90, 255], [90, 0]]], np.uint8)))
    assert images.read_rgb(path).tolist() == [[[90] * 3, [255] * 3]]


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_hidden_colors_of_rgba_do_not_show(tmp_path, suffix):
    rgba = np.dstack([random_rgb(), np.zeros((6, 9), np.uint8)])
    rgba[:3, :, 3] = 102
    lossless = {"lossless": True, "exact": True} if suffix == ".webp" else {}
    path = saved(tmp_path / f"a{suffix}", Image.fromarray(rgba), **lossless)
    opacity = rgba[..., 3:] / 255
    expected = opacity * rgba[..., :3] + (1 - opacity) * 255
    np.testing.assert_allclose(images.read_rgb(path), expected, atol=0.51)


@pytest.mark.parametrize("suffix, dtype", [(".png", "u2"), (".tif", "u2"), (".tif", "i4")])
def test_16_bit_gray_is_scaled_to_8_bits(tmp_path, suffix, dtype):
    ramp = np.arange(65536).reshape(256, 256)
    path = saved(tmp_path / f"a{suffix}", Image.fromarray(ramp.astype(dtype)))
    expected = np.rint(ramp / 257)
    np.testing.assert_array_equal(images.read_rgb(path), np.stack([expected] * 3, axis=-1))


@pytest.mark.parametrize("pixels", [np.full((2, 2), 65536, np.int32), np.ones((2, 2), np.float32)])
def test_pixels_beyond_16_bits_are_refused(tmp_path, pixels):
    path = saved(tmp_path / "scan.tif", Image.fromarray(pixels))
    with pytest.raises(ValueError, match=r"scan\.tif cannot be read .*16 bits.* 8-bit PNG"):
        images.read_rgb(path)


def png(**chunks):
    """PNG chunks by name -> a file."""
    file = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks.items():
        checked = name.encode() + body
        file += struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))
    return file


def test_16_bit_rgb_png_keeps_the_high_bytes(tmp_path):
    rgb = random_rgb()
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rgb.astype(np.uint16) * 257)
    header = struct.pack(">IIBBBBB", rgb.shape[1], rgb.shape[0], 16, 2, 0, 0, 0)
    path = tmp_path / "a.png"
    path.write_bytes(png(IHDR=header, IDAT=zlib.compress(rows), IEND=b""))
    np.testing.assert_array_equal(images.read_rgb(path), rgb)


@pytest.mark.parametrize(
    ("photometric", "options"),
    [
        ("rgb", {"planarconfig": "separate"}),
        ("miniswhite", {}),
        ("minisblack", {}),
    ],
)
def test_a_tiff_of_16_bits_is_read_for_training_as_it_is_for_colorizing(
    photometric, options, tmp_path
):
    wide = random_rgb().astype(np.uint16) * 257
    stored = wide if photometric == "rgb" else wide[..., 0]
    path = tmp_path / "a.tif"
    planes = np.moveaxis(stored, -1, 0) if options else stored
    tifffile.imwrite(path, planes, photometric=photometric, **options)
    expected = random_rgb() if photometric == "rgb" else np.stack([random_rgb()[..., 0]] * 3, -1)
    if photometric == "miniswhite":
        expected = 255 - expected
    np.testing.assert_array_equal(images.read_rgb(path), expected)


def test_a_tiff_of_12_bits_is_refused_rather_than_darkened(tmp_path):
    width, height, entries = 8, 4, 8
    pixels = bytes(range(width * height * 3 // 2))
    # TIFF revision 6.0: width, length, bits, no compression, black is zero, one strip.
    tags = [(256, width), (257, height), (258, 12), (259, 1), (262, 1)]
    tags += [(273, 8 + 2 + 12 * entries + 4), (278, height), (279, len(pixels))]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    path = tmp_path / "a.tif"
    path.write_bytes(
        b"II*\0" + struct.pack("<IH", 8, entries) + directory + struct.pack("<I", 0) + pixels
    )
    with pytest.raises(ValueError, match=r"a.tif cannot be read \(its pixels have 12 bits"):
        images.read_rgb(path)
