"""Shared by all tests: two logical CPUs, so that distribution is tested everywhere."""

import contextlib
import gc
import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import tfcolor  # noqa: F401 - before TensorFlow, whose oneDNN it turns on

# isort: split
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import settings
from PIL import Image
from skimage import color as reference
from tensorflow.python.autograph.core import ag_ctx

# Tracing makes millions of objects, few of them garbage: looking for it took a tenth of the time.
gc.freeze()
gc.set_threshold(50_000)

# The same examples in every run. No deadlines: an example that traces a graph, or a busy machine,
# is slow and not wrong.
settings.register_profile("tfcolor", deadline=None, derandomize=True)
settings.load_profile("tfcolor")

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

CHROMIUM = shutil.which("chromium")  # Debian's; tests in a browser are skipped without it


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    if not CHROMIUM:
        pytest.skip("needs Debian's chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def rng():
    """A generator of random numbers, the same in every run."""
    return np.random.default_rng(0)


def colorful_photo(seed, height=48, width=64):
    """A picture of smooth random colors; uint8 (h, w, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def random_rgb(h=6, w=9, seed=0):
    """A picture of noise; uint8 (h, w, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (h, w, 3), dtype=np.uint8)


def gray_of(rgb):
    """The gray photograph with the L* of a color one, uint8 (..., h, w, 3); uint8 (..., h, w)."""
    lab = reference.rgb2lab(rgb)
    lab[..., 1:] = 0
    return np.rint(255 * reference.lab2rgb(lab)[..., 0]).astype(np.uint8)


def saved(path, image, **options):
    """The path, after a Pillow image was saved there."""
    image.save(path, **options)
    return path


def lines_of(run):
    """What the metrics.jsonl of a run says, every line of it."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


@contextlib.contextmanager
def without_graphs():
    """Every tf.function runs one operation after another: a few calls end before it is traced."""
    tf.config.run_functions_eagerly(True)
    try:
        # `tf.map_fn` would rewrite what it calls. Functions of tf.data are traced all the same, of
        # which TensorFlow warns.
        with warnings.catch_warnings(), ag_ctx.ControlStatusCtx(ag_ctx.Status.DISABLED):
            warnings.filterwarnings("ignore", "Even though the `tf.config.experimental_run_func")
            yield
    finally:
        tf.config.run_functions_eagerly(False)


# Runs every program that it is sent, and answers with what was printed and what went wrong.
JAX_RUNNER = """
import contextlib, io, json, os, sys, traceback
answers = sys.stdout
for line in sys.stdin:
    asked, printed, error = json.loads(line), io.StringIO(), ""
    os.chdir(asked["folder"])
    try:
        with contextlib.redirect_stdout(printed):
            exec(asked["program"], {"__name__": "__main__"})
    except BaseException:
        error = traceback.format_exc()
    print(json.dumps([printed.getvalue(), error]), file=answers, flush=True)
"""


@pytest.fixture(scope="session")
def under_jax():
    """A function that runs a program in a folder, under Keras's JAX backend; gives what it printed.

    All programs share one interpreter: its imports take longer than they do.
    """
    # Most of the time is compiling, which takes a third without optimizations.
    settings = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    settings |= {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", JAX_RUNNER],
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as runner:

        def run(program, folder):
            asked = {"program": program, "folder": str(folder)}
            print(json.dumps(asked), file=runner.stdin, flush=True)
            printed, error = json.loads(runner.stdout.readline())
            assert not error, error
            return printed

        yield run


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory):
    """A folder of 40 small color photographs, in subfolders; not to be changed."""
    folder = tmp_path_factory.mktemp("photos")
    for index in range(40):
        path = folder / f"album{index % 3}" / f"photo{index:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(colorful_photo(index)).save(path)
    return folder


@pytest.fixture(scope="session")
def mirrored():
    """One strategy over two logical CPUs for all tests: two of them in a process collide."""
    from tfcolor.training import device

    return device.strategy("mirrored")


class Stripes:
    """A network whose color depends on lightness; it takes multiples of 8."""

    size, stride, takes_hints = 32, 8, False

    def __call__(self, l):
        assert l.dtype == np.float32 and not any(side % 8 for side in l.shape)
        return 0.2 * np.stack([np.sin(7 * l), np.cos(5 * l)], -1)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel of the package, built from a copy: building writes beside the sources."""
    root, folder = Path(__file__).parent.parent, tmp_path_factory.mktemp("wheel")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, folder)
    shutil.copytree(
        root / "tfcolor", folder / "tfcolor", ignore=shutil.ignore_patterns("__pycache__")
    )
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", "dist", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next((folder / "dist").glob("*.whl"))
