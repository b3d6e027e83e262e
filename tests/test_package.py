"""What a user installs: the wheel has everything that runs, and the version is one."""

import zipfile
from importlib import metadata
from pathlib import Path

import tfcolor
from tfcolor.data import samples

ROOT = Path(__file__).parent.parent


def test_the_wheel_holds_every_module_and_every_sample(wheel):
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tfcolor").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= set(zipfile.ZipFile(wheel).namelist())
    own = [name for name in wanted if name.startswith("tfcolor/data/samples/")]
    assert sum(name.endswith(".jpg") for name in own) == 98
    assert wheel.name.startswith(f"tfcolor-{tfcolor.__version__}-")


def test_the_commands_are_installed():
    scripts = metadata.entry_points(group="console_scripts")
    assert {"tfcolor", "tfcolor-train"} <= {script.name for script in scripts}


def test_samples_lie_inside_the_package():
    assert samples.FOLDER.is_relative_to(Path(tfcolor.__file__).parent)
