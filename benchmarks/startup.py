"""How long does `tfcolor --help` take, beside an empty Python program?

Target: median under 0.5 s. Prints one JSON line.
"""

import json
import platform
import statistics
import subprocess
import sys
import time

import tfcolor

REPEATS = 15
PROGRAMS = {
    "python": "pass",
    "tfcolor_help": "from tfcolor.cli import main; main.cli(['--help'])",
}


def wall_seconds(program: str) -> float:
    """Seconds that a program takes in a process of its own."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Measures both in turn, so that a busy machine slows both."""
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(REPEATS):
        for name, program in PROGRAMS.items():
            seconds[name].append(wall_seconds(program))
    result = {f"{name}_median_s": statistics.median(times) for name, times in seconds.items()}
    result["target_s"] = 0.5
    result["device"] = platform.processor() or platform.machine()
    result["python"] = platform.python_version()
    result["tfcolor"] = tfcolor.__version__
    print(json.dumps(result))


if __name__ == "__main__":
    main()
