import struct
import subprocess
import sys

import numpy as np
import pytest
from conftest import random_rgb, saved
from PIL import Image

from tfcolor import images
from tfcolor.images import formats, searching


def test_reading_photos_does_not_load_tensorflow():
    code = "import sys, tfcolor.images; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# Reading


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, orientation, suffix):
    upright = np.zeros((16, 32), np.uint8)
    upright[:8, :16] = 255  # Only the first corner is white, so every turn and flip shows.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / f"turned{suffix}", Image.fromarray(stored.copy()), exif=exif)
    np.testing.assert_array_equal(images.read_rgb(path), np.stack([upright] * 3, axis=-1))


def test_broken_exif_is_ignored(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(random_rgb()), exif=b"Exif\0\0XX*\0\1\2\3")
    np.testing.assert_array_equal(images.read_rgb(path), random_rgb())


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_animation_gives_its_first_frame(tmp_path, suffix):
    red, blue = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))
    options = {"lossless": True} if suffix == ".webp" else {}
    path = saved(tmp_path / f"a{suffix}", red, save_all=True, append_images=[blue], **options)
    assert np.unique(images.read_rgb(path).reshape(-1, 3), axis=0).tolist() == [[255, 0, 0]]


def test_the_content_decides_and_not_the_suffix(tmp_path):
    path = saved(tmp_path / "a.jpg", Image.fromarray(random_rgb()), format="PNG")
    np.testing.assert_array_equal(images.read_rgb(path), random_rgb())


def fails_in_one_line(path, error, match):
    with pytest.raises(error, match=match) as caught:
        images.read_rgb(path)
    assert path.name in str(caught.value) and "\n" not in str(caught.value)


def test_text_named_jpg_is_refused(tmp_path):
    path = tmp_path / "diary.jpg"
    path.write_text("Dear diary,\ntoday")
    fails_in_one_line(path, ValueError, "is not a photograph .*convert it")


@pytest.mark.parametrize("suffix", sorted(formats.EXTENSIONS))
def test_truncated_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"half{suffix}"
    Image.fromarray(random_rgb(64, 64)).save(path)
    path.write_bytes(path.read_bytes()[:-2000])
    fails_in_one_line(path, ValueError, "cannot be read .*copy it again")


def test_decompression_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.bmp"
    header = struct.pack("<IIiiHHIIiiII", 54, 40, 30000, 30000, 1, 24, 0, 0, 0, 0, 0, 0)
    path.write_bytes(b"BM" + bytes(8) + header)
    fails_in_one_line(path, ValueError, "too many pixels: make it smaller")


def test_photo_without_pixels_is_refused(tmp_path):
    path = tmp_path / "none.gif"
    path.write_bytes(b"GIF89a" + struct.pack("<HHBBB", 0, 5, 0, 0, 0) + b";")
    fails_in_one_line(path, ValueError, "cannot be read .*no more images")


def test_missing_file_is_file_not_found(tmp_path):
    fails_in_one_line(tmp_path / "lost.jpg", FileNotFoundError, "No such file")


# Finding


def test_search_sorts_by_relative_path_and_skips_hidden_and_other_files(tmp_path):
    kept = ["A.JPG", "a b/é.webp", "a/z.png", "a/z/b.tiff", "b.gif", "c.heic", "lost.jpg"]
    for name in [*kept[:-1], ".a.jpg", ".git/a.jpg", "a/.cache/b.jpg", "a/notes.txt", "jpg"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / kept[-1]).symlink_to(tmp_path / "nowhere.jpg")  # its reader names it
    assert searching.search(tmp_path) == [tmp_path / name for name in kept]
    assert searching.search(str(tmp_path / ".git")) == [tmp_path / ".git" / "a.jpg"]


def test_search_gives_a_file_itself(tmp_path):
    (tmp_path / "scan").touch()
    assert searching.search(tmp_path / "scan") == [tmp_path / "scan"]


def test_search_names_a_missing_path(tmp_path):
    with pytest.raises(ValueError, match="lost is neither a file nor a folder"):
        searching.search(tmp_path / "lost")


def test_search_names_a_folder_without_photos_and_lists_the_suffixes(tmp_path):
    with pytest.raises(ValueError, match=rf"{tmp_path.name} holds no photograph .*\.png"):
        searching.search(tmp_path)
