"""What `tfcolor export` writes: versions, complete or absent, and what stands beside them."""

import json
import shutil
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from conftest import colorful_photo
from tensorflow_serving.apis import prediction_log_pb2

from tfcolor import config, runtimes
from tfcolor.cli import main
from tfcolor.colorizing import rendering
from tfcolor.config import fields
from tfcolor.evaluation import record, scores
from tfcolor.export import lite_onnx, modelcard, saved_model
from tfcolor.models import shipped
from tfcolor.runtimes import saved_models, workdirs
from tfcolor.serving import contract
from tfcolor.training import loop


@pytest.fixture(scope="module")
def run(photo_folder, tmp_path_factory):
    """The workdir of a run of 4 steps; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    tiny = {"source": str(photo_folder), "image_size": 32, "width": 2, "depth": 3}
    tiny |= {"total_steps": 4, "validate_every_steps": 2, "film": 0.25}
    tiny |= {"gan_weight": 0.0, "colorfulness_weight": 1.0}  # quicker to trace
    loop.train(fields.override(config.TrainConfig(), **tiny), folder)
    return folder


@pytest.fixture(scope="module")
def version(run, tmp_path_factory):
    """Its SavedModel; not to be changed."""
    return saved_model.export(run, tmp_path_factory.mktemp("saved_models") / "tiny")


@pytest.fixture
def quick(monkeypatch):
    """Exports that write no network, only what stands for one, and take their time for it."""
    trained = workdirs.TrainedGenerator(None, 32, 8, None, None)
    monkeypatch.setattr(workdirs, "generator_of", lambda run, checkpoint: trained)

    def write(trained, folder, name, figures):
        folder.mkdir()
        time.sleep(0.2)
        (folder / "saved_model.pb").write_text(name)

    monkeypatch.setattr(saved_model, "_write", write)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# Versions


def test_versions_count_up_and_the_newest_is_loaded(quick, tmp_path):
    folder = tmp_path / "m"
    assert [saved_model.export("a run", folder).name for _ in range(2)] == ["1", "2"]
    (folder / "10").mkdir()  # half a version: no saved_model.pb
    assert saved_models.newest_version(folder) == folder / "2"
    assert saved_models.newest_version(folder / "1") == folder / "1"
    assert saved_model.export("a run", folder).name == "11"
    assert saved_model.export("a run", folder, version=7).name == "7"
    assert names(folder) == [".lock", "1", "10", "11", "2", "7"]


@pytest.mark.parametrize("there", ["3", "003"])
def test_a_version_that_is_there_is_an_error(quick, tmp_path, there):
    (tmp_path / there).mkdir()
    with pytest.raises(ValueError, match="has a version 3 already; give another --version"):
        saved_model.export("a run", tmp_path, version=3)
    assert names(tmp_path) == [there]


def test_what_a_killed_export_left_goes_with_the_next(quick, tmp_path):
    (tmp_path / ".partial-0123abcd" / "variables").mkdir(parents=True)
    (tmp_path / ".partial-0123abcd" / "saved_model.pb").write_text("half")
    saved_model.export("a run", tmp_path)
    assert names(tmp_path) == [".lock", "1"]


def test_exports_at_once_each_get_a_version(quick, tmp_path):
    threads = [
        threading.Thread(target=saved_model.export, args=("run", tmp_path)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(tmp_path) == [".lock", "1", "2", "3", "4"]
    assert all((tmp_path / each / "saved_model.pb").is_file() for each in "1234")


def test_an_export_that_fails_leaves_no_version(quick, tmp_path, monkeypatch):
    def write(trained, folder, name, figures):
        folder.mkdir()
        (folder / "saved_model.pb").write_text("half")
        raise OSError(28, "No space left on device", str(folder))

    monkeypatch.setattr(saved_model, "_write", write)
    with pytest.raises(OSError, match=r"No space left on device\); choose another folder"):
        saved_model.export("a run", tmp_path)
    assert names(tmp_path) == [".lock"]


def test_exporting_what_is_no_run_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="is not a training run"):
        saved_model.export(tmp_path, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_run_without_checkpoint_is_an_error(run, tmp_path):
    (tmp_path / "config.json").write_text((run / "config.json").read_text())
    with pytest.raises(ValueError, match="no best checkpoint yet; train it further"):
        saved_model.export(tmp_path, tmp_path / "m")


@pytest.mark.parametrize("damage", ["cut", "other layers"])
def test_a_checkpoint_that_does_not_fit_is_an_error(run, tmp_path, damage):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    if damage == "cut":
        for path in (folder / "best").glob("*.data*"):
            path.write_bytes(path.read_bytes()[:100])
    else:
        other = fields.override(workdirs.read_config(folder), width=8)
        (folder / "config.json").write_text(fields.to_json(other))
    with pytest.raises(ValueError, match="is damaged or of another version"):
        saved_model.export(folder, tmp_path / "m")
    assert not (tmp_path / "m").exists()


# What stands beside a network


def test_the_run_is_written_beside_the_model(run, version):
    assert saved_models.read_config(version) == workdirs.read_config(run)
    told = json.loads((version / "assets.extra" / "tfcolor.json").read_text())
    assert (told["image_size"], told["contract"]) == (32, contract.VERSION)


@pytest.mark.slow
def test_warm_up_requests_are_read_back_and_answered(version):
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    model, asked = tf.saved_model.load(str(version)), []
    for written in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(written).predict_log.request
        signature = request.model_spec.signature_name
        # Every input is given: older servers fill in none.
        assert request.inputs.keys() == contract.SIGNATURES[signature].inputs.keys()
        inputs = {name: tf.constant(tf.make_ndarray(t)) for name, t in request.inputs.items()}
        answer = model.signatures[signature](**inputs)
        assert answer.get("error", tf.constant([b""])).numpy().tolist() == [b""]
        asked.append(signature)
    assert set(asked) == {"serving_default", "jpeg", "planes_png"}
    assert len(asked) <= 1000  # TF Serving's limit


@pytest.fixture
def without_network(monkeypatch):
    """Exports that write all but the network."""

    def save(served, path, signatures):
        Path(path).mkdir()

    monkeypatch.setattr(tf.saved_model, "save", save)


def test_without_the_stubs_the_export_says_how_to_get_warm_up(
    without_network, run, tmp_path, monkeypatch, caplog
):
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    written = saved_model.export(run, tmp_path)
    assert "pip install 'tfcolor[serving]' and export again" in caplog.text
    assert names(written / "assets.extra") == ["README.md", "tfcolor.json"]


def test_the_card_tells_the_run_and_its_validation(run, version):
    text = (version / "assets.extra" / "README.md").read_text()
    assert text.startswith("# tiny\n")
    assert "the folder 'photos" in text and str(run.parent) not in text
    assert "Recipe: pix2pix; generator unet, which paints LAB; seed 0." in text
    assert "A share of 0.25 was shown as on old film." in text
    assert "| train | 4 | 32 | 4 | l1 100, colorfulness 1 |" in text
    best = workdirs.step_of(workdirs.checkpoints(run / "best")[-1])
    assert f"These weights are of step {best}." in text
    (line,) = [
        each
        for each in workdirs.read_metrics(run)
        if each["step"] == best and "val/ab_error" in each
    ]
    assert f"| ab_error | {line['val/ab_error']:.4g} |" in text
    assert "they lean to the good side, and they have no intervals" in text
    assert "`raw`" not in text and modelcard.signature_table() in text
    for head in ("Limits", "Licence"):
        assert f"\n## {head}\n" in text


def evaluation(*models):
    """An evaluation of so many models on four photographs, a quarter of them gray."""
    values = {"delta_e00": np.array([8.0, 9.0, 10.0, 99.0], np.float32)}
    values["colorfulness"] = values["delta_e00"] * 2
    rows = {name: record.RowScores(values) for name in models}
    rows |= {
        name: record.RowScores(values, is_control=True) for name in (scores.GRAY, scores.TRUTH)
    }
    protocol = {"protocol": "center-256", "photographs": 4, "gray_photographs": 1}
    is_gray = np.array([False, False, False, True])
    return record.Evaluation(protocol, ["a", "b", "c", "d"], {}, is_gray, rows)


def test_measured_figures_stand_in_the_card_with_their_intervals(without_network, run, tmp_path):
    (tmp_path / "figures.json").write_text(record.to_json(evaluation("mine/1")))
    version = saved_model.export(run, tmp_path / "mine", figures=tmp_path / "figures.json")
    text = (version / "assets.extra" / "README.md").read_text()
    assert "4 photographs (center-256), 1 of them gray and left out" in text
    assert "|  | mine/1 | gray | truth |" in text
    (line,) = [line for line in text.splitlines() if line.startswith("| delta_e00 |")]
    assert line.split(" | ")[1].startswith("9.0 ±")  # the mean of 8, 9 and 10
    assert "lean to the good side" not in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (record.to_json(evaluation("a", "b")), "must have the figures of one model, it has a, b"),
        ("{}", "no result of tfcolor evaluate"),
    ],
)
def test_figures_that_are_not_of_this_model_are_an_error(run, tmp_path, content, said):
    (tmp_path / "figures.json").write_text(content)
    with pytest.raises(ValueError, match=said):
        saved_model.export(run, tmp_path / "m", figures=tmp_path / "figures.json")
    assert not (tmp_path / "m").exists()


# The commands


def typed(*arguments):
    """Exit code and last line of `tfcolor export`."""
    result = CliRunner().invoke(main.cli, ["export", *map(str, arguments)])
    return result.exit_code, result.output.splitlines()[-1]


@pytest.mark.slow
def test_the_bundled_network_is_exported_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert typed("bundled", "base", "--version", 5) == (0, "exported base/5")
    assert typed("bundled", "base", "--version", 5)[0] == 2
    text = (tmp_path / "base" / "5" / "assets.extra" / "README.md").read_text()
    assert "The network that comes with tfcolor" in text
    assert f"## Figures\n\n{shipped.card().about}" in text
    saved, bundled = runtimes.load(tmp_path / "base"), runtimes.load()
    assert saved.size == bundled.size and saved_models.read_config(tmp_path / "base") is None
    rgb = colorful_photo(1, 96, 128)
    here, there = (rendering.colorize(rgb, each).astype(int) for each in (saved, bundled))
    assert np.abs(here - there).mean() < 0.5  # weights of 16 bits there
    assert np.ptp(here, -1).mean() > 5


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        (["mine.tflite", "--weights", "int8"], ("export_lite", {"weights": "int8"})),
        (["mine.bin", "--format", "tflite"], ("export_lite", {})),
        (["mine.onnx", "--checkpoint", "last"], ("export_onnx", {})),
    ],
)
def test_the_format_follows_from_the_name(monkeypatch, tmp_path, arguments, written):
    found = []
    for name in ("export_lite", "export_onnx"):

        def write(run, destination, checkpoint, name=name, **options):
            found.append((name, options))
            return destination

        monkeypatch.setattr(lite_onnx, name, write)
    assert typed(tmp_path, *arguments) == (0, f"exported {arguments[0]}")
    assert found == [written]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["m", "--weights", "int8"], "--weights does not go with the format saved_model"),
        (["m.tflite", "--version", "3"], "--version does not go with the format tflite"),
        (["m.onnx", "--figures", __file__], "--figures does not go with the format onnx"),
        (["m", "--version", "0"], "0 is not in the range x>=1"),
    ],
)
def test_options_that_do_not_fit_are_one_line(tmp_path, arguments, said):
    code, line = typed(tmp_path, *arguments)
    assert code == 2 and line.startswith("Error: ") and said in line
