"""Squares of JPEGs decoded the quick way, and what has to go the thorough way."""

import io

import numpy as np
import pytest
import tensorflow as tf
from conftest import colorful_photo
from PIL import Image, ImageCms

from tfcolor import config, images
from tfcolor.data import augment, batches, files, photographs, quick, reading
from tfcolor.images import metadata

DRAW = tf.constant([0.2, 0.9, 0.3])


def jpeg(rgb, **options):
    """The bytes of a JPEG with full chroma."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=95, subsampling="4:4:4", **options)
    return file.getvalue()


def turned(orientation, big_endian=False):
    """Exif with an orientation, as cameras of either byte order write it."""
    order, one = (b"MM\x00*", "big") if big_endian else (b"II*\x00", "little")
    entry = (0x0112).to_bytes(2, one) + (3).to_bytes(2, one) + (1).to_bytes(4, one)
    entry += orientation.to_bytes(2, one) + b"\x00\x00"
    return (
        b"Exif\x00\x00"
        + order
        + (8).to_bytes(4, one)
        + b"\x00\x01"[:: 1 if big_endian else -1]
        + (entry + bytes(4))
    )


@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_a_quick_square_is_the_thorough_one(reduction):
    """The same place at every reduction; test_resizing.py looks closer."""
    side = 13 * 20 * reduction
    encoded = jpeg(colorful_photo(1, side, side + 100))
    assert int(augment.random_window(side, side + 100, 20, 0.95, DRAW)[3]) == reduction
    thorough = augment.random_crop(tf.io.decode_jpeg(encoded), 20, 0.95, DRAW).numpy()
    square = quick.random_square(encoded, 20, 0.95, DRAW)
    assert square.shape == (20, 20, 3) and square.dtype == tf.uint8
    difference = np.abs(square.numpy().astype(int) - thorough)
    assert difference.mean() < 2
    elsewhere = augment.random_crop(tf.io.decode_jpeg(encoded), 20, 0.95, DRAW[::-1])
    assert np.abs(square.numpy().astype(int) - elsewhere).mean() > 2 * difference.mean()


def test_reducing_by_more_than_two_does_not_alias():
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    square = quick.random_square(jpeg(stripes), 60, 0.99, DRAW).numpy().astype(int)
    # A square of 8.5 pixels covers four or five bright ones.
    assert np.abs(square - 127).max() < 8 + 255 * 0.5 / 8.5


def test_a_small_photograph_is_enlarged():
    square = quick.random_square(jpeg(colorful_photo(1, 20, 30)), 64, 0.9, DRAW)
    assert square.shape == (64, 64, 3)


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_only_upright_jpegs_are_quick(orientation, big_endian):
    encoded = jpeg(colorful_photo(1), exif=turned(orientation, big_endian))
    with Image.open(io.BytesIO(encoded)) as image:
        assert image.getexif()[0x0112] == orientation
    assert bool(quick.suits(encoded)) == (orientation == 1)


def rearranged(encoded, *order):
    """A JPEG whose segments that begin so stand first, in that order."""
    place, segments = 2, []
    while encoded[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(encoded[place + 2 : place + 4], "big")
        segments.append(encoded[place:end])
        place = end
    first = [each for begin in order for each in segments if each.startswith(begin)]
    rest = [each for each in segments if each not in first]
    return b"".join([encoded[:2], *first, *rest, encoded[place:]])


def profile_of(name):
    """An ICC profile of sRGB, or one whose red and green are swapped."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if name == "sRGB":
        return profile
    profile = profile.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")  # of the table of tags
    profile = bytearray(profile)
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


JFIF, EXIF, PROFILE, COMMENT = b"\xff\xe0", b"\xff\xe1", b"\xff\xe2", b"\xff\xfe"
TABLES, FRAME = b"\xff\xdb", b"\xff\xc0"


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize(
    "order",
    [
        (EXIF, PROFILE, COMMENT),
        (JFIF, PROFILE, EXIF),
        (PROFILE, COMMENT, EXIF),
        (JFIF, COMMENT, EXIF),
        (JFIF, TABLES, FRAME, PROFILE, EXIF),
    ],
)
def test_an_orientation_is_found_behind_whatever_stands_before_it(order, orientation):
    profile = profile_of("sRGB") + bytes(200_000)  # several segments
    options = {"exif": turned(orientation), "icc_profile": profile, "comment": bytes(60_000)}
    encoded = rearranged(jpeg(colorful_photo(1), **options), *order)
    assert order[-1] != EXIF or encoded.index(b"Exif\0") > 60_000
    with Image.open(io.BytesIO(encoded)) as image:
        assert image.getexif()[0x0112] == orientation
    assert bool(quick.suits(encoded)) == (orientation == 1)


@pytest.mark.parametrize("stored", [1, 6])
def test_an_orientation_in_xmp_counts_as_in_the_thorough_way(stored):
    xmp = f'<x:xmpmeta xmlns:tiff="tiff" tiff:Orientation="{stored}"/>'.encode()
    encoded = jpeg(colorful_photo(1), xmp=xmp)
    with Image.open(io.BytesIO(encoded)) as image:
        assert metadata.of_image(image).orientation == stored
    assert bool(quick.suits(encoded)) == (stored == 1)


def test_a_header_that_cannot_be_walked_hides_no_orientation():
    encoded = jpeg(colorful_photo(1), exif=turned(6), comment=bytes(60_000))
    filled = rearranged(encoded, JFIF, COMMENT).replace(EXIF, b"\xff" + EXIF)
    with Image.open(io.BytesIO(filled)) as image:
        assert image.getexif()[0x0112] == 6
    assert not quick.suits(filled)


def test_a_profile_behind_long_exif_is_honored():
    rgb, exif = colorful_photo(1, 64, 64), turned(1) + bytes(40_000)
    encoded = jpeg(rgb, exif=exif, icc_profile=profile_of("swapped"))
    comment = COMMENT + b"\xff\xff" + bytes(65_533)
    encoded = rearranged(encoded[:2] + comment + encoded[2:], EXIF, COMMENT, PROFILE)
    assert encoded.index(b"ICC_PROFILE") > 100_000
    square = quick.random_square(encoded, 64, 1.0, DRAW).numpy().astype(int)
    assert np.abs(square - images.decode_rgb(encoded, "long")).mean() < 1
    assert np.abs(square - rgb).mean() > 20


@pytest.mark.parametrize("name", ["sRGB", "swapped"])
def test_color_profiles_are_honored(name):
    """A profile whose red and green are swapped shows at once whether it was applied."""
    encoded = jpeg(colorful_photo(1, 64, 64), icc_profile=profile_of(name))
    square = quick.random_square(encoded, 64, 1.0, DRAW).numpy().astype(int)
    truth = images.decode_rgb(encoded, name)
    assert np.abs(square - truth).mean() < 1
    stored = tf.io.decode_jpeg(encoded).numpy()
    assert (np.abs(square - stored).mean() > 20) == (name == "swapped")


def png(rgb):
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    return file.getvalue()


def cmyk(rgb):
    file = io.BytesIO()
    Image.fromarray(rgb).convert("CMYK").save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    "encoded",
    [png(colorful_photo(1)), jpeg(colorful_photo(1))[:-200], b"no photograph"],
    ids=["png", "truncated", "text"],
)
def test_nothing_else_suits(encoded):
    assert not quick.suits(encoded)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.99])
def test_a_jpeg_that_is_cut_short_does_not_suit(share):
    whole = jpeg(colorful_photo(1, 200, 200))
    assert quick.suits(whole) and not quick.suits(whole[: int(share * len(whole))])


@pytest.mark.parametrize("encoded", [cmyk(colorful_photo(1)), b"\xff\xd8 damaged \xff\xd9"])
def test_what_shows_on_the_way_is_an_error(encoded):
    assert quick.suits(encoded)
    with pytest.raises(tf.errors.InvalidArgumentError):
        quick.random_square(encoded, 32, 0.8, DRAW)


def test_other_formats_print_nothing(tmp_path, capfd):
    (tmp_path / "a.png").write_bytes(png(colorful_photo(3, 64, 64)))
    stream = batches.train_batches(files.from_folder(tmp_path), config.DataConfig(), 64, 1, seed=0)
    for _ in stream.take(5):
        pass
    assert capfd.readouterr() == ("", "")


def test_a_stream_takes_quick_and_thorough_photographs_alike_and_names_the_broken(tmp_path):
    rgb = colorful_photo(3, 64, 64)
    (tmp_path / "plain.jpg").write_bytes(jpeg(rgb))
    (tmp_path / "other.png").write_bytes(png(rgb))
    upside_down = np.ascontiguousarray(rgb[::-1, ::-1])
    (tmp_path / "turned.jpg").write_bytes(jpeg(upside_down, exif=turned(3)))
    (tmp_path / "cut.jpg").write_bytes(jpeg(rgb)[:-400])
    (tmp_path / "text.jpg").write_bytes(b"no photograph")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8 damaged \xff\xd9")
    photos = files.from_folder(tmp_path)
    settings = config.DataConfig(crop_min_fraction=1.0)
    stream = batches.train_batches(photos, settings, 64, 1, seed=0)
    seen = {}
    for batch in stream.take(9):
        name = photos.name(int(batch["image_id"][0]))
        l = batch["l"].numpy()[0]
        seen.setdefault(name, []).append(l)
    assert sorted(seen) == ["other.png", "plain.jpg", "turned.jpg"]
    assert sorted(photos.skipped) == ["cut.jpg", "damaged.jpg", "empty.jpg", "text.jpg"]
    (truth, _), mirror = batches.planes(tf.constant(rgb)[None]), slice(None, None, -1)
    for squares in seen.values():
        for l in squares:  # mirrored or not
            nearest = min(np.abs(l - truth[0]).mean(), np.abs(l - truth[0][:, mirror]).mean())
            assert nearest < 0.02


def test_bytes_of_a_set_are_skipped_by_their_id():
    table = reading.Table(
        {
            "bytes": tf.constant([jpeg(colorful_photo(1)), b"no photograph"]),
            "image_id": tf.range(7, 9, dtype=tf.int64),
        }
    )
    photos = photographs.Photographs("some/set", table)
    assert len(list(photos.examples())) == 1
    assert "some/set 8 is not a photograph" in photos.skipped["8"]
