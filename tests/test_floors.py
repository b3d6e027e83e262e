"""The floors of docs/design.md: imports point down only, and rooms of a floor stay apart."""

import ast
from pathlib import Path

import pytest

import tfcolor

ROOT = Path(tfcolor.__file__).parent

FLOORS = [
    {"support"},
    {"color", "config", "pages"},
    {"images"},
    {"models", "serving"},
    {"data", "runtimes"},
    {"colorizing", "prepare"},
    {"app", "evaluation", "video"},
    {"analysis", "export", "training"},
    {"tune"},
    {"cli"},
]
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}


def imports(path):
    """Names that a file imports, with the names it takes from packages: "a.b", "a.b.c"."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


MODULES = [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "__init__.py"]


def test_the_listing_is_the_floors():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == LEVEL.keys() and len(LEVEL) == sum(map(len, FLOORS))
    assert [path.name for path in ROOT.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_down(path):
    room = room_of(path)
    for name in imports(path):
        first, *rest = name.split(".")
        if first == "tfcolor" and rest and rest[0] != room:
            assert rest[0] in LEVEL, f"{rest[0]} stands on no floor"
            assert LEVEL[rest[0]] < LEVEL[room], name


@pytest.mark.parametrize("room", ["models", "training/losses.py"])
def test_networks_and_losses_use_keras_alone(room):
    path = ROOT / room
    for file in path.rglob("*.py") if path.is_dir() else [path]:
        assert not [name for name in imports(file) if name.startswith("tensorflow")], file


def test_the_step_imports_only_state_and_losses():
    ours = {n for n in imports(ROOT / "training/step.py") if n.startswith("tfcolor")}
    below = {"tfcolor.config", "tfcolor.training.losses"}
    assert ours == below | {"tfcolor.training.objective", "tfcolor.training.states"}


def test_photographs_are_read_without_tensorflow():
    for file in (
        "images/__init__.py",
        "images/decoding.py",
        "config/__init__.py",
        "config/fields.py",
        "config/recipes.py",
        "cli/main.py",
    ):
        assert not [n for n in imports(ROOT / file) if n.split(".")[0] in ("tensorflow", "keras")]


def test_every_file_is_short():
    for path in MODULES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path
