"""Scans written to files: every format, every name, complete or not at all."""

import errno
import os
import stat
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import skimage.data
from hypothesis import strategies as st
from PIL import Image

from tfcolor import images
from tfcolor.images import searching


def random_rgb(h=20, w=30):
    return np.random.default_rng(h * 1000 + w).integers(0, 256, (h, w, 3), dtype=np.uint8)


def write(path, rgb):
    images.write(path, images.Photograph(rgb))


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
        write(path, random_rgb(h, w))
        np.testing.assert_array_equal(images.read_rgb(path), random_rgb(h, w))
        assert searching.search(folder) == [path]


def test_jpeg_keeps_full_chroma(tmp_path):
    path = tmp_path / "a.jpg"
    write(path, skimage.data.coffee()[:128, :128])
    with Image.open(path) as image:
        assert [component[1:3] for component in image.layer] == [(1, 1)] * 3
    error = images.read_rgb(path).astype(float) - skimage.data.coffee()[:128, :128]
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 38


def test_gif_keeps_the_colors_of_a_flat_picture(tmp_path):
    flat = np.full((4, 5, 3), (200, 100, 50), np.uint8)
    write(tmp_path / "a.gif", flat)
    np.testing.assert_array_equal(images.read_rgb(tmp_path / "a.gif"), flat)


@pytest.mark.parametrize("name", ["a.txt", "a", ".png"])
def test_unknown_suffix_is_refused_with_the_known_ones(tmp_path, name):
    with pytest.raises(ValueError, match=rf"{name} must end in one of .*\.jpg, .*\.webp"):
        write(tmp_path / name, random_rgb())


def test_forbidden_folder_stays_a_permission_error(tmp_path, monkeypatch):
    def forbid(source, target):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), source)

    monkeypatch.setattr(os, "replace", forbid)  # Folder modes do not stop root.
    with pytest.raises(PermissionError, match=r"a\.png"):
        write(tmp_path / "a.png", random_rgb())
    assert os.listdir(tmp_path) == []


def test_file_where_a_folder_is_needed_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"file/a\.png"):
        write(tmp_path / "file" / "a.png", random_rgb())


def test_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").touch()
    write(tmp_path / "a.png", random_rgb())
    usual = stat.S_IMODE((tmp_path / "usual").stat().st_mode)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == usual
