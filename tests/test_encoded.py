"""Photograph files in and out of a graph, against Pillow and `tfcolor.images`."""

import io
import struct
import subprocess
import sys
import zlib

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from conftest import colorful_photo, random_rgb
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tfcolor import images
from tfcolor.export import encoded
from tfcolor.export.encoded import headers
from tfcolor.serving import remote

SIGNATURE = [
    tf.TensorSpec((None,), dtype) for dtype in (tf.string, tf.int32, tf.float32, tf.float32)
]


def graph(format, paint=lambda rgb, *options: rgb[..., ::-1]):
    """A compiled `colorize_files`; it gives what it is given, red and blue exchanged."""
    return tf.function(
        lambda *inputs: encoded.colorize_files(paint, *inputs, format),
        input_signature=SIGNATURE,
    )


GRAPHS = {format: graph(format) for format in ("png", "jpeg")}


def colorize(files, format="png", size=(0,), strength=(1.0,), saturation=(1.0,)):
    """(files, errors) as lists of bytes."""
    files = tf.constant(files, tf.string, (len(files),))
    made, errors = GRAPHS[format](files, list(size), list(strength), list(saturation))
    return list(made.numpy()), list(errors.numpy())


def pixels_of(file):
    """The channels that the graph was given, out of the PNG that it made."""
    (made,), (error,) = colorize([file])
    assert not error
    channels = np.asarray(Image.open(io.BytesIO(made)))
    return np.concatenate([channels[..., 2::-1], channels[..., 3:]], -1)


def to_bytes(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def expected(file):
    """uint8 (h, w, 3 or 4), as scans reads a file: 16 bits rounded, gray in three channels."""
    scan = images.read(io.BytesIO(file))
    planes = [*np.moveaxis(np.atleast_3d(scan.pixels), -1, 0)]
    planes = planes * 3 if len(planes) == 1 else planes
    planes += [] if scan.alpha is None else [scan.alpha]
    pixels = np.stack(planes, -1)
    return np.rint(pixels / 257).astype(np.uint8) if pixels.dtype == np.uint16 else pixels


RGB = Image.fromarray(colorful_photo(0, 33, 47))
GRAY = RGB.convert("L")
RGBA = RGB.copy()
RGBA.putalpha(GRAY.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
DEEP = np.random.default_rng(0).integers(0, 65_536, (33, 47, 3), dtype=np.uint16)
NOISE = Image.fromarray(random_rgb(300, 301))


def deep_png(pixels, alpha=None):
    file = io.BytesIO()
    images.encode(file, images.Photograph(pixels, alpha), "PNG", provenance=False)
    return file.getvalue()


def masked_bmp():
    """32 bits with masks, alpha among them, from the top down (BITMAPV4HEADER)."""
    bgra = np.asarray(RGBA)[..., [2, 1, 0, 3]].tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    sides = struct.pack("<IiiHHIIiiII", 108, 47, -33, 1, 32, 3, len(bgra), 0, 0, 0, 0)
    start = struct.pack("<2sIHHI", b"BM", 122 + len(bgra), 0, 0, 122)
    return start + sides + masks + bytes(108 - 56) + bgra


FILES = {
    **{
        f"jpeg of {mode}{' progressive' * progressive}, subsampling {subsampling}": to_bytes(
            RGB.convert(mode), "JPEG", progressive=progressive, subsampling=subsampling
        )
        for mode in ("RGB", "L", "CMYK")
        for progressive in (False, True)
        for subsampling in (0, 1, 2)
    },
    **{f"png of {mode}": to_bytes(RGBA.convert(mode), "PNG") for mode in ("RGBA", "LA")},
    **{f"png of {mode}": to_bytes(RGB.convert(mode), "PNG") for mode in ("RGB", "L", "1")},
    **{f"png of {n} colors": to_bytes(RGB.quantize(n), "PNG") for n in (2, 4, 16, 200)},
    "png with a clear color": to_bytes(RGB, "PNG", transparency=RGB.getpixel((5, 5))),
    "png with a clear gray": to_bytes(GRAY, "PNG", transparency=GRAY.getpixel((5, 5))),
    "png with a clear number": to_bytes(RGB.quantize(9), "PNG", transparency=3),
    "png with half clear numbers": to_bytes(RGB.quantize(9), "PNG", transparency=bytes(range(9))),
    "png of 16 bits": deep_png(DEEP),
    "png of 16 bits with alpha": deep_png(DEEP, DEEP[::-1, :, 0]),
    "png of 16-bit gray": to_bytes(Image.fromarray(DEEP[..., 0]), "PNG"),
    **{f"bmp of {mode}": to_bytes(RGB.convert(mode), "BMP") for mode in ("RGB", "L", "1", "P")},
    "bmp of 16 colors": to_bytes(RGB.quantize(16), "BMP"),
    "bmp of 32 bits": to_bytes(RGBA, "BMP"),
    "bmp of 32 bits with masks": masked_bmp(),
    "gif": to_bytes(RGB.quantize(50), "GIF"),
    "gif interlaced": to_bytes(RGB.quantize(50), "GIF", interlace=1),
    "gif of gray": to_bytes(GRAY, "GIF"),
    "gif with a clear color": to_bytes(RGB.quantize(50), "GIF", transparency=7),
    "gif with a comment": to_bytes(RGB.quantize(50), "GIF", comment=b"long" * 500),
    "gif of many blocks": to_bytes(NOISE.convert("L"), "GIF"),
    "gif that moves": to_bytes(
        RGB.quantize(50), "GIF", save_all=True, append_images=[GRAY.quantize(9)], transparency=2
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_pixels_and_alpha_are_those_that_scans_reads(name):
    np.testing.assert_array_equal(pixels_of(FILES[name]), expected(FILES[name]))


@hypothesis.given(
    mode_format=st.sampled_from(
        [("RGB", "JPEG"), ("L", "JPEG"), ("RGBA", "PNG"), ("1", "PNG"), ("P", "PNG")]
        + [("1", "BMP"), ("P", "BMP"), ("RGB", "BMP"), ("P", "GIF")]
    ),
    height=st.integers(8, 40),
    width=st.integers(8, 40),
)
@hypothesis.settings(max_examples=60)
def test_every_size_is_read(mode_format, height, width):
    mode, format = mode_format
    file = to_bytes(Image.fromarray(random_rgb(height, width)).convert(mode), format)
    np.testing.assert_array_equal(pixels_of(file), expected(file))


def exif(orientation, order):
    """EXIF with an orientation behind another tag, in the byte order "<" or ">"."""
    start = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    maker = struct.pack(order + "HHI4s", 0x010F, 2, 4, b"abc\0")
    turned = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return start + struct.pack(order + "H", 2) + maker + turned + bytes(4)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", range(10))  # 0 and 9 mean nothing
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_exif_orientation_is_applied(format, orientation, order):
    told = (b"Exif\0\0" if format == "JPEG" else b"") + exif(orientation, order)
    file = to_bytes(RGB, format, exif=told)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    np.testing.assert_array_equal(pixels_of(file), np.asarray(upright))


def png_in_pieces(file, size):
    """A PNG file whose pixels lie in chunks of a size."""
    start, end = file.index(b"IDAT") - 4, len(file) - 12
    body = file[start + 8 : end - 4]
    pieces = [body[place : place + size] for place in range(0, len(body), size)]
    return file[:start] + b"".join(chunk(b"IDAT", piece) for piece in pieces) + file[end:]


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@pytest.mark.parametrize("size", [10**6, 700, 100, 13, 1])
def test_exif_that_follows_the_pixels_is_applied(size):
    """As ImageMagick writes it."""
    file = png_in_pieces(to_bytes(RGB, "PNG"), size)
    turned = file[:-12] + chunk(b"tEXt", b"a\0b") + chunk(b"eXIf", exif(6, "<")) + file[-12:]
    np.testing.assert_array_equal(pixels_of(file), np.asarray(RGB))
    np.testing.assert_array_equal(pixels_of(turned), np.rot90(np.asarray(RGB), -1))
    np.testing.assert_array_equal(pixels_of(turned), expected(turned))


def test_opacity_that_is_told_behind_the_pixels_is_none():
    file = to_bytes(RGB, "PNG")
    late = file[:-12] + chunk(b"tRNS", bytes(6)) + file[-12:]
    np.testing.assert_array_equal(pixels_of(late), np.asarray(RGB))


def test_a_png_of_many_chunks_is_looked_through_at_once():
    noise = to_bytes(Image.fromarray(random_rgb(600, 600)), "PNG")
    file = png_in_pieces(noise, 20)  # 54,000 chunks, more than steps
    turned = file[:-12] + chunk(b"eXIf", exif(6, ">")) + file[-12:]
    header = headers.read(tf.constant(turned))
    assert (int(header.orientation), int(header.height)) == (6, 600)


def test_what_looks_like_exif_elsewhere_turns_nothing():
    told = b"\xff\xe1\0\x40Exif\0\0" + exif(6, "<")
    files = [to_bytes(RGB, "JPEG", comment=text) for text in (told, told[4:])]
    files += [to_bytes(RGB, "JPEG", icc_profile=told)]
    files += [to_bytes(RGB, "JPEG") + told]
    files += [to_bytes(RGB, "JPEG", exif=b"Exif\0\0" + exif(6, "<")[:20])]
    assert all(pixels_of(file).shape == (33, 47, 3) for file in files)


@pytest.mark.parametrize("name", ["png of RGBA", "png of 16 bits with alpha", "jpeg of L", "gif"])
def test_a_jpeg_has_the_bytes_that_scans_writes(name):
    file = next(FILES[key] for key in FILES if key.startswith(name))
    (made,), _ = colorize([file], "jpeg")
    channels = expected(file)
    alpha = channels[..., 3] if channels.shape[-1] == 4 else None
    written = io.BytesIO()
    swapped = np.ascontiguousarray(channels[..., 2::-1])
    images.encode(written, images.Photograph(swapped, alpha), "JPEG", provenance=False)
    assert made == written.getvalue()


def test_options_reach_what_paints():
    def paint(rgb, size, strength, saturation):
        levels = tf.stack([tf.cast(size, tf.float32), strength * 100, saturation * 100])
        return tf.zeros_like(rgb) + tf.cast(levels, tf.uint8)

    files = tf.constant([FILES["gif"], FILES["jpeg of L, subsampling 0"]])
    made, _ = graph("png", paint)(files, [1, 2], [0.5], [1.0, 0.25])
    colors = [Image.open(io.BytesIO(file)).getpixel((0, 0)) for file in made.numpy()]
    assert colors == [(1, 50, 100), (2, 50, 25)]


def test_an_empty_batch_gives_an_empty_one():
    assert colorize([]) == ([], [])


def planes(l):
    """Colors by a formula; some of them lie beyond what a PNG holds."""
    return tf.concat([l / 2, -1.5 * l], -1)


@tf.function(input_signature=SIGNATURE[:1])
def planes_of_files(files):
    return encoded.planes_of_files(planes, files)


def test_planes_go_through_png_files_of_16_bits(rng):
    levels = [rng.integers(0, 65_536, shape, dtype=np.uint16) for shape in ((9, 20), (31, 8))]
    made = planes_of_files([to_bytes(Image.fromarray(each), "PNG") for each in levels]).numpy()
    for given, file in zip(levels, made, strict=True):
        l = given / 32_767.5 - 1
        ab = np.concatenate([l / 2, np.clip(-1.5 * l, -1, 1)])
        image = Image.open(io.BytesIO(file))
        assert image.mode == "I;16"
        # Half a level, and what float32 rounds away.
        np.testing.assert_allclose(np.asarray(image), (ab + 1) * 32_767.5, atol=0.51)


def test_hints_go_through_png_files_of_16_bits_beside_the_lightness(rng):
    def told(l, hints):
        return hints[..., :2] * hints[..., 2:] + (1 - hints[..., 2:]) * l

    graph = tf.function(lambda *files: encoded.planes_of_files(told, *files))
    l = [rng.uniform(-1, 1, shape).astype(np.float32) for shape in ((9, 20), (31, 8))]
    hints = [
        np.stack([*rng.uniform(-1, 1, (2, *each.shape)), rng.uniform(size=each.shape)], -1)
        for each in l
    ]
    files = [remote.encode_l(each) for each in l], [remote.encode_hints(each) for each in hints]
    for file, *each in zip(graph(*map(tf.constant, files)).numpy(), l, hints, strict=True):
        ab = remote.decode_ab(file, each[0].shape)
        np.testing.assert_allclose(ab, told(each[0][..., None], each[1]), atol=1e-4)
    for wrong, said in (
        (remote.encode_l(l[0]), "three times as high"),
        (to_bytes(RGB, "PNG"), "hints_bytes must hold PNG files of 16-bit gray"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=said):
            graph(tf.constant(files[0][:1]), tf.constant([wrong]))


PROGRAM = """
import sys
sys.modules["tfcolor"] = None  # cannot be imported
import tensorflow as tf
folder, *names = sys.argv[1:]
files = [open(name, "rb").read() for name in names]
with tf.compat.v1.Session(graph=tf.Graph()) as session:
    loaded = tf.compat.v1.saved_model.load(session, ["serve"], folder)
    signature = loaded.signature_def["serving_default"]
    feeds = {"files": files, "size": [0], "strength": [1.0], "saturation": [1.0]}
    feeds = {signature.inputs[name].name: value for name, value in feeds.items()}
    made = session.run(signature.outputs["made"].name, feeds)
for name, file in zip(names, made):
    open(name + ".made", "wb").write(file)
"""


class Saved(tf.Module):
    """A SavedModel with what is tested as its only signature."""

    @tf.function
    def serve(self, files, size, strength, saturation):
        def paint(rgb, *options):
            return rgb[..., ::-1]

        made, _ = encoded.colorize_files(paint, files, size, strength, saturation, "png")
        return {"made": made}


@pytest.mark.slow
def test_a_session_without_this_package_gives_the_same_bytes(tmp_path):
    names = ["files", "size", "strength", "saturation"]
    specs = [
        tf.TensorSpec(spec.shape, spec.dtype, name)
        for spec, name in zip(SIGNATURE, names, strict=True)
    ]
    saved = Saved()
    serve = saved.serve.get_concrete_function(*specs)
    tf.saved_model.save(saved, tmp_path / "model", {"serving_default": serve})
    paths = [tmp_path / str(index) for index in range(len(FILES))]
    for path, file in zip(paths, FILES.values(), strict=True):
        path.write_bytes(file)
    program = [sys.executable, "-c", PROGRAM, tmp_path / "model", *paths]
    done = subprocess.run(program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = [path.with_suffix(".made").read_bytes() for path in paths]
    assert made == colorize(list(FILES.values()))[0]


def test_the_graph_holds_no_python():
    definition = GRAPHS["png"].get_concrete_function().graph.as_graph_def()
    nodes = [node for function in definition.library.function for node in function.node_def]
    kinds = {node.op for node in [*definition.node, *nodes]}
    assert "DecodeJpeg" in kinds and not [kind for kind in kinds if "Py" in kind]
