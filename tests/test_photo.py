import errno
import os
import stat
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import skimage.data
from conftest import random_rgb, saved
from hypothesis import strategies as st
from PIL import Image

from tfcolor import photo


def test_reading_photos_does_not_load_tensorflow():
    code = "import sys, tfcolor.photo; sys.exit('tensorflow' in sys.modules)"
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
    np.testing.assert_array_equal(photo.read_rgb(path), np.stack([upright] * 3, axis=-1))


def test_broken_exif_is_ignored(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(random_rgb()), exif=b"Exif\0\0XX*\0\1\2\3")
    np.testing.assert_array_equal(photo.read_rgb(path), random_rgb())


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_animation_gives_its_first_frame(tmp_path, suffix):
    red, blue = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))
    options = {"lossless": True} if suffix == ".webp" else {}
    path = saved(tmp_path / f"a{suffix}", red, save_all=True, append_images=[blue], **options)
    assert np.unique(photo.read_rgb(path).reshape(-1, 3), axis=0).tolist() == [[255, 0, 0]]


def test_the_content_decides_and_not_the_suffix(tmp_path):
    path = saved(tmp_path / "a.jpg", Image.fromarray(random_rgb()), format="PNG")
    np.testing.assert_array_equal(photo.read_rgb(path), random_rgb())


def fails_in_one_line(path, error, match):
    with pytest.raises(error, match=match) as caught:
        photo.read_rgb(path)
    assert path.name in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"Dear diary,\ntoday"])
def test_text_named_jpg_is_refused(tmp_path, content):
    path = tmp_path / "diary.jpg"
    path.write_bytes(content)
    fails_in_one_line(path, ValueError, "is not a photograph .*convert it")


@pytest.mark.parametrize("suffix", sorted(photo.EXTENSIONS))
def test_truncated_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"half{suffix}"
    photo.write_rgb(path, random_rgb(64, 64))
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
    fails_in_one_line(path, ValueError, "is not a photograph")


def test_missing_file_is_file_not_found(tmp_path):
    fails_in_one_line(tmp_path / "lost.jpg", FileNotFoundError, "No such file")


# Writing

file_names = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="./\\"),
    min_size=1,
    max_size=40,  # 4 bytes each at most, and a name has 255
)


@hypothesis.settings(deadline=None, max_examples=40)
@hypothesis.given(
    h=st.integers(1, 40),
    w=st.integers(1, 40),
    name=file_names,
    suffix=st.sampled_from([".png", ".PNG", ".bmp", ".webp", ".tif", ".TIFF"]),
)
def test_lossless_formats_give_back_every_pixel(h, w, name, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "new folder", name + suffix)
        photo.write_rgb(path, random_rgb(h, w))
        np.testing.assert_array_equal(photo.read_rgb(path), random_rgb(h, w))
        assert photo.find(folder) == [path]


def test_jpeg_keeps_full_chroma(tmp_path):
    path = tmp_path / "a.jpg"
    photo.write_rgb(path, skimage.data.coffee()[:128, :128])
    with Image.open(path) as image:
        assert [component[1:3] for component in image.layer] == [(1, 1)] * 3
    error = photo.read_rgb(path).astype(float) - skimage.data.coffee()[:128, :128]
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 38


def test_gif_keeps_the_colors_of_a_flat_picture(tmp_path):
    flat = np.full((4, 5, 3), (200, 100, 50), np.uint8)
    photo.write_rgb(tmp_path / "a.gif", flat)
    np.testing.assert_array_equal(photo.read_rgb(tmp_path / "a.gif"), flat)


@pytest.mark.parametrize("name", ["a.txt", "a", ".png"])
def test_unknown_suffix_is_refused_with_the_known_ones(tmp_path, name):
    with pytest.raises(ValueError, match=rf"{name} must end in one of .*\.jpg, .*\.webp"):
        photo.write_rgb(tmp_path / name, random_rgb())


@pytest.mark.parametrize(
    "rgb", [random_rgb() / 255, random_rgb()[..., 0], random_rgb()[..., :2], random_rgb()[:0]]
)
def test_other_arrays_are_refused(tmp_path, rgb):
    with pytest.raises(ValueError, match=r"rgb must be uint8 \(h, w, 3\), got .*\(\d"):
        photo.write_rgb(tmp_path / "a.png", rgb)


def test_failing_encoder_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "wide.webp"
    path.write_bytes(b"old")
    with pytest.raises(ValueError, match=r"wide\.webp cannot hold .*use \.png"):
        photo.write_rgb(path, np.zeros((1, 20000, 3), np.uint8))  # WebP ends at 16383
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["wide.webp"]


def test_full_disk_leaves_the_old_file_alone_and_names_the_path(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def fill_the_disk(self, content):
        self.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", fill_the_disk)
    with pytest.raises(OSError, match=r"No space left.*a\.png"):
        photo.write_rgb(path, random_rgb())
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.png"]


def test_forbidden_folder_stays_a_permission_error(tmp_path, monkeypatch):
    def forbid(source, target):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), source)

    monkeypatch.setattr(os, "replace", forbid)  # Folder modes do not stop root.
    with pytest.raises(PermissionError, match=r"a\.png"):
        photo.write_rgb(tmp_path / "a.png", random_rgb())
    assert os.listdir(tmp_path) == []


def test_file_where_a_folder_is_needed_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"file/a\.png"):
        photo.write_rgb(tmp_path / "file" / "a.png", random_rgb())


def test_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").touch()
    photo.write_rgb(tmp_path / "a.png", random_rgb())
    usual = stat.S_IMODE((tmp_path / "usual").stat().st_mode)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == usual


# Finding


def test_find_sorts_by_relative_path_and_skips_hidden_and_other_files(tmp_path):
    kept = ["A.JPG", "a b/é.webp", "a/z.png", "a/z/b.tiff", "b.gif"]
    for name in [*kept, ".a.jpg", ".git/a.jpg", "a/.cache/b.jpg", "a/notes.txt", "jpg"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "broken link.jpg").symlink_to(tmp_path / "lost.jpg")
    assert photo.find(tmp_path) == [tmp_path / name for name in kept]
    assert photo.find(str(tmp_path / ".git")) == [tmp_path / ".git" / "a.jpg"]


def test_find_gives_a_file_itself(tmp_path):
    (tmp_path / "scan").touch()
    assert photo.find(tmp_path / "scan") == [tmp_path / "scan"]


def test_find_names_a_missing_path(tmp_path):
    with pytest.raises(ValueError, match="lost is neither a file nor a folder"):
        photo.find(tmp_path / "lost")


def test_find_names_a_folder_without_photos_and_lists_the_suffixes(tmp_path):
    with pytest.raises(ValueError, match=rf"{tmp_path.name} holds no photograph .*\.png"):
        photo.find(tmp_path)
