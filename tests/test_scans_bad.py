"""Broken, huge and odd files: a scan or an error of one line, and never half a file."""

import contextlib
import io
import os
import resource
import struct
import subprocess
import sys
import time
import warnings
from concurrent import futures
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import tifffile
from conftest import random_rgb
from hypothesis import strategies as st
from PIL import Image

import tfcolor
from tfcolor import images
from tfcolor.images import decoding

SAMPLE = sorted(Path(tfcolor.__file__).parent.glob("data/samples/*.jpg"))[0]


def encodings():
    """A real photograph, reduced, as files of every format: {name: bytes}."""
    with Image.open(SAMPLE) as image:
        small = image.convert("RGB").resize((96, 64))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    notes = {"exif": exif.tobytes(), "dpi": (300.0, 300.0)}
    rgb = np.asarray(small)
    deep = rgb.astype(np.uint16) * 257
    files = {"sample": SAMPLE.read_bytes()}

    def add(name, image, format, **options):
        file = io.BytesIO()
        image.save(file, format, **options)
        files[name] = file.getvalue()

    for mode in ("RGB", "L", "CMYK"):
        add(f"jpeg {mode}", small.convert(mode), "JPEG", exif=exif)
    for mode in ("RGBA", "L", "P", "1"):
        add(f"png {mode}", small.convert(mode), "PNG", exif=exif)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        add(f"tiff {compression}", small, "TIFF", compression=compression)
    add("webp", small, "WEBP", exif=exif)
    add("bmp", small, "BMP")
    add("gif", small.convert("P"), "GIF", save_all=True, append_images=[small.convert("P")])
    for order in "<>":
        file = io.BytesIO()
        tifffile.imwrite(file, np.dstack([deep, deep]), bigtiff=True, byteorder=order)
        files[f"tiff big {order}"] = file.getvalue()
    for format in ("PNG", "TIFF"):
        for pixels in (rgb, deep):
            file = io.BytesIO()
            images.encode(file, images.Photograph(pixels, pixels[..., 0], **notes), format)
            files[f"{format} {pixels.dtype}"] = file.getvalue()
    return files


FILES = encodings()

# A place counts from the beginning, where headers are, or from the end.
place = st.one_of(st.integers(0, 200), st.integers(-200, -1), st.integers(0, 10**4))
edit = st.one_of(
    st.tuples(st.just("flip"), place, st.integers(1, 255)),
    st.tuples(st.just("put"), place, st.sampled_from([0, 1, 127, 255])),
    st.tuples(st.just("cut"), place, st.integers(1, 60)),
    st.tuples(st.just("add"), place, st.binary(min_size=1, max_size=20)),
    st.tuples(st.just("splice"), place, st.sampled_from(sorted(FILES))),
    st.tuples(st.just("end"), place, st.none()),
)


def edited(encoded, edits):
    encoded = bytearray(encoded)
    for kind, at, value in edits:
        at %= max(1, len(encoded))
        if kind in ("flip", "put") and encoded:
            encoded[at] = encoded[at] ^ value if kind == "flip" else value
        elif kind == "cut":
            del encoded[at : at + value]
        elif kind == "add":
            encoded[at:at] = value
        elif kind == "splice":
            encoded[at : at + 40] = FILES[value][at : at + 40]
        elif kind == "end":
            del encoded[at:]
    return bytes(encoded)


@hypothesis.settings(max_examples=800)
@hypothesis.given(name=st.sampled_from(sorted(FILES)), edits=st.lists(edit, max_size=6))
def test_damaged_file_is_a_scan_or_one_line(name, edits):
    begun = time.monotonic()
    try:
        scan = images.read(io.BytesIO(edited(FILES[name], edits)), "the file")
    except ValueError as error:
        assert str(error).startswith("the file ") and "\n" not in str(error)
        assert edits
    else:
        assert scan.pixels.dtype in (np.uint8, np.uint16) and scan.pixels.size
        assert scan.pixels.ndim == 2 or scan.pixels.shape[2:] == (3,)
        if scan.alpha is not None:
            assert scan.alpha.shape == scan.pixels.shape[:2]
            assert scan.alpha.dtype == scan.pixels.dtype
        assert scan.format.lower() in name.lower() or name == "sample" or edits
    assert time.monotonic() - begun < 10


@hypothesis.settings(max_examples=60)
@hypothesis.given(
    name=st.sampled_from(["jpeg RGB", "png RGBA", "webp", "PNG uint16", "TIFF uint8"]),
    edits=st.lists(st.tuples(st.just("flip"), st.integers(20, 400), st.integers(1, 255))),
    format=st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF"]),
)
def test_what_is_read_of_a_damaged_file_can_be_written(name, edits, format):
    try:
        scan = images.read(io.BytesIO(edited(FILES[name], edits)))
    except ValueError:
        return
    hypothesis.assume(scan.pixels.size < 10**6 and scan.pixels.ndim == 3)
    file = io.BytesIO()
    images.encode(file, scan, format)
    again = images.read(file)
    assert again.pixels.shape == scan.pixels.shape
    if format != "WEBP" and scan.dpi:
        assert again.dpi == pytest.approx(scan.dpi, abs=0.51)  # whole numbers in a JPEG


def fails_in_one_line(path, error, match):
    with pytest.raises(error, match=match) as caught:
        images.read(path)
    assert path.name in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"Dear diary,\ntoday", b"\0" * 50, b"%PDF-1.4", b"\xff\xd8"])
def test_other_file_is_refused(tmp_path, content):
    path = tmp_path / "diary.jpg"
    path.write_bytes(content)
    fails_in_one_line(path, ValueError, "is not a photograph .*convert it")


@pytest.mark.parametrize("name", sorted(set(FILES) - {"sample"}))
def test_truncated_file_is_refused(tmp_path, name):
    path = tmp_path / "half"
    path.write_bytes(FILES[name][: len(FILES[name]) // 2])
    fails_in_one_line(path, ValueError, "cannot be read .*copy it again|is not a photograph")


def test_missing_file_and_folder_are_os_errors(tmp_path):
    fails_in_one_line(tmp_path / "lost.jpg", FileNotFoundError, "No such file")
    fails_in_one_line(tmp_path, IsADirectoryError, "directory")


def test_numbers_beyond_16_bits_are_refused(tmp_path):
    for number in (np.float32(0.5), np.int32(70000)):
        path = tmp_path / "scan.tif"
        Image.fromarray(np.full((2, 2), number)).save(path)
        fails_in_one_line(path, ValueError, "cannot be read .*(beyond|not of 8 or) 16 bits")


def bomb(path, width, height):
    header = struct.pack("<IIiiHHIIiiII", 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    path.write_bytes(b"BM" + bytes(8) + header)
    return path


def test_decompression_bomb_is_refused(tmp_path):
    fails_in_one_line(bomb(tmp_path / "bomb.bmp", 30000, 30000), ValueError, "too many pixels")


def test_large_scan_is_opened_without_a_warning(tmp_path):
    # pytest makes errors of warnings: Pillow's would be in place of this file's own error.
    path = bomb(tmp_path / "large.bmp", 10000, 10000)
    fails_in_one_line(path, ValueError, "cannot be read .*truncated")


def test_pixels_are_counted_by_the_header(tmp_path):
    assert decoding.count_pixels(bomb(tmp_path / "large.bmp", 10000, 10000)) == 100_000_000
    for nothing in ("no photograph", "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n"):
        (tmp_path / "text.jpg").write_text(nothing)
        assert decoding.count_pixels(tmp_path / "text.jpg") == 0


COUNT = """
import sys
from pathlib import Path
from tfcolor.images import decoding
print(decoding.count_pixels(Path(sys.argv[1])))
"""


def test_pixels_of_heic_are_counted_before_one_is_read(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "a.heic"
    heif.from_pillow(Image.new("RGB", (64, 32))).save(path)
    # In a process of its own: in this one Pillow may have learned the format already.
    command = [sys.executable, "-c", COUNT, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2048"]


def test_threads_leave_the_filters_of_warnings_as_they_were(tmp_path):
    before = list(warnings.filters)
    with futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: images.read(io.BytesIO(FILES["png L"])), range(200)))
    assert warnings.filters == before


def test_broken_exif_is_left_out():
    file = io.BytesIO()
    Image.fromarray(random_rgb()).save(file, "PNG", exif=b"Exif\0\0XX*\0\1\2\3")
    scan = images.read(file)
    assert scan.exif == b"" and scan.pixels.shape == (6, 9, 3)


def test_exif_too_long_for_a_jpeg_is_left_out_of_it_alone():
    exif = Image.Exif()
    exif[0x010E] = "x" * 70000
    rgb = random_rgb()
    for format, kept in (("JPEG", False), ("PNG", True), ("TIFF", True)):
        file = io.BytesIO()
        images.encode(file, images.Photograph(rgb, exif=exif.tobytes()), format)
        assert (b"x" * 70000 in images.read(file).exif) == kept


# Writing


def test_failing_encoder_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "wide.webp"
    path.write_bytes(b"old")
    wide = np.zeros((1, 20000, 3), np.uint8)  # WebP ends at 16383.
    with pytest.raises(ValueError, match=r"wide\.webp cannot hold .*use \.png"):
        images.write(path, images.Photograph(wide))
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["wide.webp"]


def test_tiff_ends_at_4_gib(tmp_path):
    huge = np.broadcast_to(np.uint8(0), (40000, 40000, 3))
    with pytest.raises(ValueError, match="TIFF file ends at 4 GiB"):
        images.write(tmp_path / "a.tif", images.Photograph(huge))
    assert os.listdir(tmp_path) == []


@contextlib.contextmanager
def files_end_at(size):
    """A disk with too little room: writing past `size` bytes of a file fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".bmp", ".gif"])
def test_full_disk_is_an_os_error_and_leaves_the_old_file_alone(tmp_path, suffix, dtype):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")
    rgb = random_rgb(99, 99).astype(dtype) * dtype(257 if dtype == np.uint16 else 1)
    with files_end_at(4000), pytest.raises(OSError, match=rf"too large.*a\{suffix}"):
        images.write(path, images.Photograph(rgb))
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == [path.name]


MEMORY = """
import sys
import numpy as np
import tfcolor

def peak():  # MiB; `ru_maxrss` would count the parent's
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024

read_photograph, write_photograph = tfcolor.read, tfcolor.write  # imported now
before = peak()
photograph = read_photograph(sys.argv[1])
read = peak() - before
write_photograph(sys.argv[2], photograph)
print(read, peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_memory_is_little_more_than_the_pixels_and_what_pillow_holds(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    pixels = np.full((4000, 6000, 3), 100, np.uint8)
    images.write(path, images.Photograph(pixels))
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, path, tmp_path / f"b{suffix}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    # Pillow holds 4 bytes for 3. 30 MiB are for strips, LittleCMS, libvips and the encoder.
    pillow = 0 if suffix == ".tif" else 4 / 3
    for used in done.stdout.split():
        assert int(used) < pixels.nbytes / 2**20 * (1 + pillow) + 30
