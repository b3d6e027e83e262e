"""Folders as people have them: failures of any type, odd names, files that are no photographs."""

import errno
import os
import struct

import pytest
from conftest import Stripes
from PIL import Image
from test_folder import colorize_all, gray_file
from test_tiff import GRAY16, tiff

from tfcolor import images
from tfcolor.colorizing import compare, folder, planning
from tfcolor.data import files
from tfcolor.images import decoding, searching


@pytest.mark.parametrize("error", [struct.error("x"), MemoryError(), RecursionError(), KeyError(1)])
def test_a_failure_of_any_type_in_reading_is_listed(tmp_path, monkeypatch, error):
    for name in ("a.png", "b.png"):
        gray_file(tmp_path / "in" / name)
    decode = decoding._decode

    def fragile(file, name, enough):
        if name.endswith("a.png"):
            raise error
        return decode(file, name, enough)

    monkeypatch.setattr(decoding, "_decode", fragile)
    results = {each.source.name: each for each in colorize_all([tmp_path / "in"], tmp_path / "out")}
    assert results["b.png"].is_new
    if isinstance(error, MemoryError):
        assert "a.png takes more memory than there is" in results["a.png"].reason
    else:
        assert "a.png cannot be read" in results["a.png"].reason


@pytest.mark.parametrize("wanted", [True, False])
def test_the_traceback_of_a_photograph_can_be_asked_for(tmp_path, monkeypatch, capsys, wanted):
    gray_file(tmp_path / "in" / "a.png")

    def paint(*arguments):
        raise KeyError("a bug")

    monkeypatch.setattr(folder.FileOptions, "paint", paint)
    monkeypatch.setenv("TFCOLOR_TRACEBACK", "1" if wanted else "")
    (result,) = colorize_all([tmp_path / "in"], tmp_path / "out")
    assert "a bug" in result.reason
    assert ("in paint" in capsys.readouterr().err) == wanted


def test_a_name_that_is_too_long_for_its_suffix_fails_alone(tmp_path):
    gray_file(tmp_path / "a.png")
    gray_file(tmp_path / f"{'x' * 251}.png")
    results = {each.source.name[0]: each for each in colorize_all([tmp_path])}
    assert results["a"].is_new and "File name too long" in results["x"].reason


def test_a_source_that_vanishes_is_told_as_the_source(tmp_path, monkeypatch):
    gray_file(tmp_path / "in" / "a.png")
    read = images.read

    def read_and_remove(path):
        photograph = read(path)
        path.unlink()
        return photograph

    monkeypatch.setattr(images, "read", read_and_remove)
    (result,) = colorize_all([tmp_path / "in"], tmp_path / "out")
    assert result.reason == f"{tmp_path / 'in' / 'a.png'}: No such file or directory"
    assert not (tmp_path / "out" / "a.png").exists()


def test_an_encoder_that_fails_without_a_number_says_what_it_said(tmp_path):
    def failing(*anything):
        raise OSError("encoder error -2")

    gray_file(tmp_path / "a.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "_small", failing)
        (result,) = colorize_all([tmp_path / "a.png"], tmp_path / "out.png", gif=True)
    target = tmp_path / "out-compare.gif"
    assert result.reason == f"{tmp_path / 'a.png'}: {target}: encoder error -2"


def test_comparisons_of_a_gif_stand_beside_the_gif_that_alternates(tmp_path):
    gray_file(tmp_path / "a.gif")
    (result,) = colorize_all([tmp_path / "a.gif"], tmp_path / "out.gif", compare="side", gif=True)
    assert result.is_new
    with Image.open(tmp_path / "out-compare.gif") as gif:
        assert gif.n_frames == 2 and gif.size == (60, 40)
    assert images.read_rgb(tmp_path / "out-compare.png").shape == (40, 121, 3)
    colorize_all([tmp_path / "a.gif"], tmp_path / "alone.gif", compare="side")
    assert images.read_rgb(tmp_path / "alone-compare.gif").shape == (40, 121, 3)
    gray_file(tmp_path / "in" / "a.gif")
    for _ in range(2):
        colorize_all([tmp_path / "in"], compare="side", gif=True)
    names = sorted(path.name for path in (tmp_path / "in").iterdir())
    assert names == ["a-color-compare.gif", "a-color-compare.png", "a-color.gif", "a.gif"]


# By content

RAW = tiff(GRAY16, 32803)


@pytest.fixture
def archive(tmp_path):
    """A folder as people have it: photographs of all names, and what is none."""
    for name in ("a.png", "b.jfif", "c.jpe", "d.avif", "e.jp2", "f.jpg"):
        format = {".jfif": "JPEG", ".jpe": "JPEG"}.get(name[1:])
        gray_file(tmp_path / name, format=format)
    for name, format in {
        "g": "JPEG",
        "h.jpg_original": "JPEG",
        "i.dat": "TIFF",
        "j.txt": "PNG",
        "k.jpg": "PNG",
        "deep/l.scan": "WEBP",
    }.items():
        gray_file(tmp_path / name, format=format)
    (tmp_path / "m.psd").write_bytes(b"8BPS\0\1" + bytes(50))
    (tmp_path / "deep" / "n.PSD").write_bytes(b"8BPS\0\1" + bytes(50))
    (tmp_path / "o.cr2").write_bytes(b"II*\0\x10\0\0\0CR\2\0" + bytes(50))
    (tmp_path / "p.nef").write_bytes(RAW.getvalue())
    (tmp_path / "q").write_text("BM: minutes of a meeting, which begin as bitmaps do")
    (tmp_path / ".hidden").write_text("nobody looks")
    os.mkfifo(tmp_path / "r.pipe")  # reading it would wait forever
    return tmp_path


def test_photographs_are_told_by_their_content_in_a_folder_too(archive, tmp_path_factory):
    out, rest = tmp_path_factory.mktemp("out"), searching.Leftovers()
    pairs = planning.plan([archive], out, rest=rest)
    results = list(folder.colorize_files(Stripes(), pairs, folder.FileOptions()))
    assert [each.reason for each in results if each.reason] == []
    made = {path.relative_to(out).as_posix() for path in out.rglob("*.*")}
    assert made == {
        *("a.png", "b.jfif", "c.jpe", "d.jpg", "e.png", "f.jpg", "g.png", "h.jpg_original.png"),
        *("i.dat.png", "j.txt.png", "k.jpg", "deep/l.scan.png"),
    }
    told = "6 files passed over: 2 .psd, 1 .cr2, 1 .nef, 1 .pipe, 1 without suffix"
    assert rest.describe() == told


def test_training_finds_the_same_photographs(archive):
    found = {path for path, _ in planning.plan([archive], archive.parent / "other")}
    assert set(searching.search(archive)) == found
    photos = files.from_folder(archive)
    assert sorted(photos.names.values()) == sorted(
        path.relative_to(archive).as_posix() for path in found
    )


def test_a_folder_without_photographs_says_what_is_in_it(tmp_path):
    (tmp_path / "a.psd").touch()
    with pytest.raises(
        ValueError, match=r"holds no photograph \(.*\.jpg.*\); 1 file passed over: 1"
    ):
        planning.plan([tmp_path], tmp_path / "out")


def test_results_in_the_output_folder_are_not_counted(tmp_path):
    gray_file(tmp_path / "a.png")
    (tmp_path / "b.psd").touch()
    (tmp_path / "color").mkdir()
    (tmp_path / "color" / "notes.txt").touch()
    rest = searching.Leftovers()
    planning.plan([tmp_path], tmp_path / "color", rest=rest)
    assert rest.describe() == "1 file passed over: 1 .psd"


@pytest.fixture
def closed(tmp_path, monkeypatch):
    """A subfolder that cannot be read; its mode would not stop root."""
    gray_file(tmp_path / "album" / "a.png")
    gray_file(tmp_path / "album" / "closed" / "b.png")
    scandir, path = os.scandir, tmp_path / "album" / "closed"

    def guarded(folder):
        if os.fspath(folder) == str(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    return path


def test_a_subfolder_that_cannot_be_read_is_named(closed, tmp_path, caplog):
    rest = searching.Leftovers()
    (pair,) = planning.plan([closed.parent], tmp_path / "out", rest=rest)
    assert pair[0].name == "a.png"
    assert [error.filename for error in rest.folders] == [str(closed)]
    assert [path.name for path in searching.search(closed.parent)] == ["a.png"]
    assert f"{closed}: Permission denied" in caplog.text
    with pytest.raises(PermissionError, match="closed"):
        planning.plan([closed], tmp_path / "out")


def test_links_are_photographs_where_they_lead_to_one_and_are_named_where_not(tmp_path):
    odd = tmp_path / "odd"
    odd.mkdir()
    gray_file(tmp_path / "a.png")
    (odd / "good.png").symlink_to(tmp_path / "a.png")
    (odd / "lost.png").symlink_to(tmp_path / "nowhere.png")
    (odd / "elsewhere").symlink_to(tmp_path)
    rest = searching.Leftovers()
    assert [path.name for path in searching.search(odd, rest)] == ["good.png", "lost.png"]
    assert rest.describe() == "1 file passed over: 1 link to a folder"
    with pytest.raises(OSError, match="lost"):
        images.read(odd / "lost.png")


def test_a_folder_whose_only_subfolder_cannot_be_read_says_so(closed):
    for path in closed.parent.iterdir():
        if path != closed:
            path.unlink()
    with pytest.raises(
        ValueError, match=rf"holds no photograph .*{closed.name}: Permission denied"
    ):
        searching.search(closed.parent, searching.Leftovers())
