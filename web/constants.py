"""Prints as JSON the constants that the page shares with Python: those named below, by file."""

import array
import ast
import json
import sys
import zipfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "tfcolor"
WANTED = {
    "color/constants.py": None,  # all
    "colorizing/likelihood.py": ("ALIKE",),
    "colorizing/local_hints.py": tuple("SIGMA FLOOR PRIOR HINT HELD MAX_SIDE".split()),
    "colorizing/marks.py": ("RADIUS", "NEAR"),
    "colorizing/reduction.py": ("MAX_ASPECT", "MIN_SIDE"),
    "colorizing/transfer.py": tuple(
        "COMPARED FEATURES CORNER RATIO ASTRAY INLIERS WINDOW CORRELATED TEXTURE OFF BACK MARGIN "
        "LEAST GRAY TONES".split()
    ),
    "colorizing/tone.py": ("SIDE", "GROUPS", "SHARE", "DIFFERENCE", "ALONG"),
    "colorizing/upsample.py": ("NOISE", "TRUST"),
    "colorizing/variants.py": ("TILT", "DIRECTIONS", "FIRST_ANGLE", "SEED_ANGLE"),
    "runtimes/lite.py": ("SIZE", "STRIDE"),
}


def constants(path: Path) -> dict[str, object]:
    """A module's numeric constants by name, read without running the module or its imports."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                code = compile(ast.Expression(node.value), str(path), "eval")
                found[node.targets[0].id] = eval(code, {"__builtins__": {}})
            except NameError:  # made of other names
                continue
    return found


def bins() -> list[list[float]]:
    """a* and b* of the color classes, read without NumPy."""
    with zipfile.ZipFile(PACKAGE / "color/ab_classes.npz") as archive:
        stored = archive.read("bins.npy")
    start = 10 + int.from_bytes(stored[8:10], "little")  # of the numbers, after the header
    assert b"'<f4', 'fortran_order': False" in stored[:start]
    numbers = array.array("f", stored[start:])
    return [list(pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]


def main() -> None:
    shared: dict[str, object] = {"BINS": bins()}
    for file, names in WANTED.items():
        found = constants(PACKAGE / file)
        shared |= {name: found[name] for name in names or found}
    json.dump(shared, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
