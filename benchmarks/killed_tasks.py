"""The commands that `kills.py` kills, and what each must leave behind."""

import dataclasses
import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import tensorflow as tf
from tensorflow.python.saved_model import loader_impl

from tfcolor.data import samples
from tfcolor.runtimes import workdirs

TRAIN = (
    "--recipe pix2pix --image-size 32 --batch-size 4 --steps 60 --log-every 5 "
    "--checkpoint-every 5 --validate-every 20 --set width=2 --set depth=2 --set gan_weight=0 "
    "--set validation_limit=4"
).split()


def make_inputs(folder: Path) -> None:
    """Photographs and a film for the commands."""
    (folder / "photographs").mkdir()
    for path in sorted(samples.FOLDER.glob("*.jpg"))[:48]:
        shutil.copy(path, folder / "photographs")
    rng = np.random.default_rng(0)
    with av.open(str(folder / "film.mp4"), "w") as made:
        stream = made.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        wide = rng.integers(0, 256, (15, 120), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
        for index in range(300):
            rgb = np.repeat(wide[:, index : index + 160, None], 3, axis=-1)
            made.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb))))
        made.mux(stream.encode(None))


class FaultError(Exception):
    """What a kill must not cause."""


@dataclasses.dataclass(frozen=True)
class Task:
    """A command that is killed.

    Attributes:
      arguments: (output folder) -> those of `tfcolor`.
      inspect: (output folder, that of a run without kills) -> what a later `inspect` must not find
        to be less; called after every kill, raises `FaultError`.
      compare: (output folder, that of a run without kills); called at the end, raises `FaultError`.
    """

    arguments: Callable[[Path], list[str]]
    inspect: Callable[[Path, Path], int]
    compare: Callable[[Path, Path], None]


def tasks(inputs: Path) -> dict[str, Task]:
    """The commands, with what they leave."""
    photographs, film = inputs / "photographs", inputs / "film.mp4"
    return {
        "colorize": Task(
            lambda out: ["colorize", "--recolor", str(photographs), "-o", str(out / "color")],
            _whole_photographs,
            lambda out, right: _require_same(out / "color", right / "color"),
        ),
        "video": Task(
            lambda out: ["video", str(film), "-o", str(out / "color.mp4")],
            lambda out, right: len(list(out.glob(".color.mp4.parts/[0-9]*.nut"))),
            _require_same_film,
        ),
        "prepare": Task(
            lambda out: ["prepare", str(photographs), str(out / "set"), "--part-size", "8"],
            lambda out, right: len(list(out.rglob("*.npz"))),
            _require_same_set,
        ),
        "train": Task(
            lambda out: ["train", *TRAIN, "--data", "samples", "--workdir", str(out / "run")],
            _whole_checkpoints,
            _require_same_weights,
        ),
        "export": Task(
            lambda out: ["export", "bundled", str(out / "model")],
            _whole_versions,
            lambda out, right: None,  # compared after every kill
        ),
    }


def _whole_photographs(out: Path, right: Path) -> int:
    done = [path for path in out.glob("color/*") if not path.name.startswith(".")]
    for path in done:
        if path.read_bytes() != (right / "color" / path.name).read_bytes():
            raise FaultError(f"{path.name} is not what it should be")
    return len(done)


def _whole_checkpoints(out: Path, right: Path) -> int:
    steps = [0]
    for folder in (workdirs.LAST, workdirs.BEST):
        for path in workdirs.checkpoints(out / "run" / folder):
            try:
                saved = tf.train.load_checkpoint(str(path))
                for name in saved.get_variable_to_shape_map():
                    saved.get_tensor(name)
            except Exception as error:
                raise FaultError(f"{path.name} cannot be read: {error}") from error
            if folder == workdirs.LAST:
                steps.append(int(path.name.removeprefix("step-")))
    return max(steps)


def _whole_versions(out: Path, right: Path) -> int:
    """Whether each version that TF Serving would load has all its files."""
    versions = [path for path in out.glob("model/*") if path.name.isdigit()]
    for version in versions:
        if _sizes(version) != _sizes(right / "model" / "1"):
            raise FaultError(f"version {version.name} is incomplete")
        try:
            loader_impl.parse_saved_model(str(version))
        except OSError as error:
            raise FaultError(f"version {version.name} cannot be read: {error}") from error
    return len(versions)


def _sizes(folder: Path) -> dict[str, int]:
    """The files of a version and their sizes, 0 for those that differ from export to export."""
    return {
        str(path.relative_to(folder)): 0 if path.suffix == ".pb" else path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    }


def _require_same(out: Path, right: Path) -> None:
    made, expected = (
        {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }
        for folder in (out, right)
    )
    if made != expected:
        raise FaultError(f"{sorted(made.items() ^ expected.items())[:3]} differ")


def _require_same_film(out: Path, right: Path) -> None:
    def frames(folder: Path) -> tuple[list[float], np.ndarray]:
        with av.open(str(folder / "color.mp4")) as container:
            decoded = [(each.time, each.to_ndarray(format="gray")) for each in container.decode(0)]
        return [time_ for time_, _ in decoded], np.stack([picture for _, picture in decoded])

    (times, pictures), (expected_times, expected) = frames(out), frames(right)
    if times != expected_times:
        raise FaultError(f"{len(times)} of {len(expected_times)} frames, or other times")
    if np.abs(pictures.astype(int) - expected).mean() > 1:  # x264 is not always exact itself
        raise FaultError("other frames")


def _require_same_set(out: Path, right: Path) -> None:
    def photographs(folder: Path) -> list[str]:
        files = sorted((folder / "set").rglob("*.tfrecord*"))
        records = [bytes(each) for f in files for each in _records(f)]
        return sorted(hashlib.sha256(record).hexdigest() for record in records)

    if photographs(out) != photographs(right):
        raise FaultError("other photographs in the set")


def _records(path: Path) -> Iterator[bytes]:
    yield from tf.data.TFRecordDataset(str(path)).as_numpy_iterator()


def _require_same_weights(out: Path, right: Path) -> None:
    def weights(folder: Path) -> dict[str, np.ndarray]:
        newest = workdirs.checkpoints(folder / "run" / workdirs.LAST)[-1]
        saved = tf.train.load_checkpoint(str(newest))
        names = [name for name in saved.get_variable_to_shape_map() if "generator" in name]
        return {name: saved.get_tensor(name) for name in names}

    made, expected = weights(out), weights(right)
    for name, value in expected.items():
        if value.dtype.kind == "f" and not np.allclose(made[name], value, atol=1e-5):
            raise FaultError(f"{name} differs by {np.abs(made[name] - value).max():.2g}")
