"""What `import tfcolor` gives a program."""

import pkgutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import colorful_photo
from PIL import Image

import tfcolor

EVERY_SUBMODULE = """
import importlib, pkgutil
import tfcolor
for module in pkgutil.walk_packages(tfcolor.__path__, "tfcolor."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:  # of an extra that is not installed
        assert not error.name.startswith("tfcolor"), error
assert not {name for name in tfcolor.__all__ if not callable(getattr(tfcolor, name))}
print(len(tfcolor.__all__))
"""


def test_a_photograph_is_read_colorized_and_written(tmp_path):
    Image.fromarray(colorful_photo(0, 80, 120)).convert("L").save(
        tmp_path / "gray.tif", dpi=(300,) * 2
    )
    photograph = tfcolor.read(tmp_path / "gray.tif")
    color = tfcolor.colorize(photograph, hints=[tfcolor.Hint(5, 5, (200, 30, 30))])
    tfcolor.write(tmp_path / "color.tif", color)
    again = tfcolor.read(tmp_path / "color.tif")
    assert again.dpi == (300, 300) and again.pixels.shape == (80, 120, 3)
    assert np.ptp(again.pixels.astype(int), axis=-1).max() > 20
    np.testing.assert_array_equal(again.pixels, color.pixels)
    network = tfcolor.load()
    np.testing.assert_array_equal(
        tfcolor.colorize(photograph.pixels, network),
        tfcolor.colorize(tfcolor.Photograph(photograph.pixels)).pixels,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("photograph", "error", "message"),
    [
        ("a.jpg", TypeError, "give what tfcolor.read returns, or pixels; got 'a.jpg'"),
        (np.zeros((9, 9)), ValueError, "uint8 or uint16"),
        (np.zeros((9, 9, 4), np.uint8), ValueError, r"\(9, 9, 4\)"),
    ],
)
def test_what_is_no_photograph_is_named(photograph, error, message):
    with pytest.raises(error, match=message):
        tfcolor.colorize(photograph)


@pytest.mark.parametrize("rgb", ["#c03028", (1, 2), (0, 0, 256), (0.5, 0, 0)])
def test_what_is_no_color_of_a_hint_is_named(rgb):
    with pytest.raises(ValueError, match="three numbers of 0 to 255"):
        tfcolor.Hint(1, 2, rgb)


@pytest.mark.slow
def test_no_submodule_hides_a_public_name():
    done = subprocess.run(
        [sys.executable, "-c", EVERY_SUBMODULE], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(len(tfcolor.__all__))
    assert not {m.name for m in pkgutil.iter_modules(tfcolor.__path__)} & set(tfcolor.__all__)


def test_colorizing_imports_no_tensorflow():
    program = """
import sys, tfcolor
import numpy as np
tfcolor.colorize(np.zeros((20, 20), np.uint8))
assert not {"tensorflow", "keras"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'colourize'"):
        _ = tfcolor.colourize
    assert set(tfcolor.__all__) <= set(dir(tfcolor))
