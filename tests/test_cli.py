"""The commands as a person types them: results, and mistakes told in one line."""

import importlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import tfcolor
from tfcolor import data, images
from tfcolor.cli import main, options
from tfcolor.config import fields, recipes
from tfcolor.data import samples
from tfcolor.evaluation import scores

QUICK = ["--protocol", "center-32", "--features", "none"]
TINY = [
    *("--recipe", "pix2pix", "--image-size", "32", "--width", "2", "--batch-size", "4"),
    *("--set", "depth=2", "--set", "gan_weight=0"),  # quicker to trace
]


def run(*arguments):
    """Runs `tfcolor` in this process; gives exit code and output."""
    result = CliRunner().invoke(main.cli, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def fails(*arguments):
    """Runs `tfcolor`, which must fail with one line; gives that line."""
    code, output = run(*arguments)
    lines = output.strip().splitlines()
    assert code in (1, 2), output
    assert lines[-1].startswith("Error: ")
    assert "Traceback" not in output
    return lines[-1]


def start(*arguments, **options):
    """Starts `tfcolor` in a process of its own."""
    program = "from tfcolor.cli.main import main; main()"
    command = [sys.executable, "-c", program, *(str(argument) for argument in arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )


@pytest.fixture(scope="module")
def workdir(tmp_path_factory, photo_folder):
    """A run of 4 steps; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    code, output = run(
        "train", "--data", photo_folder, "--workdir", folder, *TINY, "--steps", 4, "--log-every", 2
    )
    assert code == 0, output
    assert "trained 4 steps" in output
    return folder


@pytest.fixture(scope="module")
def model(workdir, tmp_path_factory):
    """Its SavedModel."""
    folder = tmp_path_factory.mktemp("saved_models") / "tiny"
    code, output = run("export", workdir, folder)
    assert (code, output) == (0, f"exported {folder / '1'}\n")
    return folder


def heads(output):
    """The names of the rows of a table that was printed."""
    table = output.splitlines()[
        [line.startswith("SSIM") for line in output.splitlines()].index(1) - 1
    ]
    return re.split(r"\s{2,}", table.strip())


@pytest.mark.slow
def test_two_models_of_one_name_have_two_rows(model, tmp_path):
    copy = tmp_path / model.name
    copy.symlink_to(model)
    _, output = run("evaluate", model, copy, *QUICK, "--all-metrics")
    assert heads(output)[:2] == [str(model), str(copy)]


def test_figures_that_cannot_be_written_are_told_before_measuring(model, tmp_path):
    line = fails("evaluate", model, "--json", tmp_path / "missing" / "figures.json")
    assert "missing is no folder that can be written" in line


def test_recipes_are_listed_with_source_and_cost(monkeypatch):
    monkeypatch.setattr(options, "load_tensorflow", None)  # it takes ten seconds
    code, output = run("recipes")
    assert code == 0
    assert "tfcolor (default): " in output and max(map(len, output.splitlines())) <= 80
    # The published sizes of pix2pix, see tests/test_models.py; 2 x 6.0 G multiply-adds.
    assert "cost    54.4 M parameters, 12.0 GFLOP a photograph; discriminator 2.8 M" in output
    for source in ("1611.07004", "1803.05400", "1805.08318", "1603.08511"):
        assert f"arXiv:{source}" in output or f", {source}" in output


def test_a_recipe_shows_every_field():
    code, output = run("recipes", "capstone")
    assert code == 0
    assert fields.from_json(output) == recipes.get("capstone")


@pytest.mark.slow
def test_fields_of_one_stage_can_be_set(photo_folder, tmp_path):
    sizes = ["--set", "pretrain.steps=1", "--set", "adversarial.steps=2", "--image-size", 32]
    arguments = ["--data", photo_folder, "--workdir", tmp_path / "run", "--recipe", "capstone"]
    quicker = ["--set", "generator=unet", "--set", "depth=2", "--set", "gan_weight=0"]
    quicker += ["--set", "weights=random", "--width", 2, "--batch-size", 2]
    code, output = run("train", *arguments, *sizes, *quicker)
    assert code == 0, output
    assert "trained 3 steps" in output
    settings = fields.from_json((tmp_path / "run" / "config.json").read_text())
    assert [stage.steps for stage in settings.stages] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["train"], "Missing option '--workdir'"),
        (["train", "--workdir", "run", "--stepz", 3], "--stepz"),
        (["tain"], "No such command 'tain'"),
        (["--foo"], "--foo"),
    ],
)
def test_a_mistyped_command_is_told_in_one_line(arguments, named):
    code, output = run(*arguments)
    assert code == 2
    (line,) = output.splitlines()
    assert named in line
    assert line.endswith(" --help")


def test_help_and_version_answer():
    for command in ([], ["train"], ["recipes"], ["evaluate"], ["export"], ["colorize"]):
        code, output = run(*command, "--help")
        assert code == 0
        assert "Usage:" in output
    assert run("--version")[1] == f"tfcolor, version {tfcolor.__version__}\n"


@pytest.mark.slow
def test_colorizing_prints_its_progress_and_nothing_else(model, tmp_path):
    # TensorFlow's remapper fails on an exported U-Net, which changes nothing.
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    photographs = Path(tfcolor.__file__).parent / "data" / "samples" / "gray"
    process = start("colorize", photographs, "-o", tmp_path, "-m", model, env=environment)
    *progress, total = process.communicate()[0].splitlines()
    assert progress == ["colorizing: 1 of 2", "colorizing: 2 of 2"]
    assert total.endswith(" s: 2 made")


def test_a_reader_that_goes_away_is_no_error():
    read, write = os.pipe()
    os.close(read)
    program = "from tfcolor.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "recipes", "tfcolor"], stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert done.returncode == 1 and not done.stderr


def test_help_shows_whole_sentences_everyday_commands_first_and_an_example_each():
    code, output = run("--help")
    listed = output.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed[:3]] == ["colorize", "app", "video"]
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)
    for name, command in main.cli.commands.items():
        _, example = run(name, "--help")[1].rsplit("Example:", 1)
        typed = " ".join(example.split())
        assert typed.startswith(f"tfcolor {name}")
        command.make_context(name, typed.split()[2:])  # raises if the options are none of its own


def test_help_imports_nothing_large():
    large = {"tensorflow", "keras", "numpy", "cv2", "PIL", "scipy", "tqdm"}
    program = f"import sys; import tfcolor.cli.main; print({large} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_what_takes_time_and_is_not_used_cannot_be_imported_inside(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "unused_by_us.py").touch()
    with options.without("unused_by_us", "json"):
        importlib.import_module("json")  # imported before
        with pytest.raises(ImportError):
            importlib.import_module("unused_by_us")
    importlib.import_module("unused_by_us")
    assert sys.modules["json"] is json


@pytest.mark.slow
def test_evaluate_prints_a_table_and_writes_json(model, tmp_path):
    path = tmp_path / "figures.json"
    code, output = run("evaluate", model, "gray", "--protocol", "stretch-64", "--json", path)
    assert code == 0
    assert "16 photographs (samples, part test), stretch-64" in output
    assert "Closest to the truth: " in output and max(map(len, output.splitlines())) <= 80
    rows = json.loads(path.read_text())["rows"]
    assert list(rows) == ["tiny", *scores.CONTROLS]
    assert rows["truth"]["ssim"]["value"] == pytest.approx(1.0)
    assert rows["gray"]["colorfulness"]["value"] == 0
    assert "score_efficientnet_lite0" in rows["tiny"]

    code, output = run(
        *("evaluate", "--protocol", "stretch-64", "--features", "none"),
        *("--beside", path, "--all-metrics"),
    )
    assert code == 0 and heads(output)[:2] == ["tiny", "tfcolor"]
    assert "tiny - tfcolor" in output
    line = fails("evaluate", "--protocol", "stretch-32", "--features", "none", "--beside", path)
    assert "its protocol is stretch-64, here it is stretch-32" in line


def test_the_controls_alone_are_measured_where_nothing_else_is_named():
    code, output = run("evaluate", "gray", "truth", *QUICK, "--all-metrics")
    assert code == 0 and heads(output) == list(scores.CONTROLS)


@pytest.mark.slow
def test_evaluate_writes_both_pages(model, tmp_path):
    code, output = run("evaluate", model, "--limit", 4, *QUICK, "--report", tmp_path, "--human")
    assert code == 0
    for name in ("evaluation.html", "human.html"):
        assert (tmp_path / name).is_file() and f"open {tmp_path / name}" in output


@pytest.mark.parametrize("name", ["evaluation.html", "human.html"])
def test_a_page_of_others_is_not_replaced(tmp_path, name):
    (tmp_path / name).write_text("mine")
    line = fails("evaluate", "gray", *QUICK, "--report", tmp_path, "--human")
    assert f"{tmp_path / name} was not made by tfcolor; give another folder" in line


@pytest.fixture
def unmeasured(monkeypatch):
    """Nothing may be measured."""

    def measure(*_, **__):
        raise AssertionError("it was measured")

    monkeypatch.setattr("tfcolor.evaluation.run.run", measure)


def test_answers_about_other_photographs_are_refused_before_anything_is_measured(
    tmp_path, unmeasured
):
    answers = {"tfcolor_human": 1, "photographs_sha256": "another", "answers": []}
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    line = fails("evaluate", *QUICK, "--human-answers", tmp_path / "answers.json")
    assert "answers.json is about other photographs" in line


def test_figures_of_the_same_photographs_stand_beside_though_one_cannot_be_read(tmp_path):
    for name in ("a.png", "b.png"):
        shutil.copy(samples.FOLDER / "01f824264783f58d.jpg", tmp_path / name)
    (tmp_path / "c.png").write_bytes(b"broken")
    source, path = ["--data", tmp_path, "--part", "all"], tmp_path / "figures.json"
    assert run("evaluate", "gray", *QUICK, *source, "--json", path)[0] == 0
    assert run("evaluate", "gray", *QUICK, *source, "--beside", path)[0] == 0
    (tmp_path / "b.png").unlink()
    line = fails("evaluate", "gray", *QUICK, *source, "--beside", path)
    assert "its photographs is 2, here it is 1" in line


@pytest.mark.parametrize(
    "arguments",
    [["train", "--workdir", "run"], ["evaluate"], ["analyze", "--out", "out"]],
    ids=lambda arguments: arguments[0],
)
def test_photographs_that_are_not_there_are_refused_before_tensorflow_starts(
    monkeypatch, arguments
):
    monkeypatch.setattr(options, "load_tensorflow", None)
    line = fails(*arguments, "--data", "coco/2017", "--data-dir", "/nowhere")
    assert "'coco/2017' is neither a folder nor a TFDS set in /nowhere; give an existing" in line


def test_a_missing_converter_is_named_before_tensorflow_starts(monkeypatch, tmp_path):
    monkeypatch.setattr(options, "load_tensorflow", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    line = fails("export", "bundled", tmp_path / "mine.onnx")
    assert "need tf2onnx; install it with: pip install 'tfcolor[onnx]'" in line


def test_evaluate_refuses_options_that_do_not_go_together(tmp_path):
    assert "give --report DIR" in fails("evaluate", "--human")
    assert "needs --features inception" in fails("evaluate", "--inception-weights", tmp_path)
    line = fails("evaluate", "--features", "inception", "--inception-weights", tmp_path / "none")
    assert str(tmp_path / "none") in line
    assert "center-SIZE" in fails("evaluate", "--protocol", "middle")


@pytest.mark.slow
def test_evaluate_warns_when_it_measures_on_training_photographs(model, photo_folder):
    code, output = run("evaluate", model, "--data", photo_folder, *QUICK)
    assert code == 0
    assert "trained on" in output
    _, output = run("evaluate", model, "--data", photo_folder, *QUICK, "--part", "validation")
    assert "trained on" not in output


def test_colorize_takes_a_folder(model, tmp_path):
    code, output = run("colorize", samples.FOLDER / "gray", "-o", tmp_path, "-m", model)
    assert code == 0
    made = sorted(tmp_path.iterdir())
    assert [p.name for p in made] == sorted(p.name for p in (samples.FOLDER / "gray").iterdir())
    assert output.endswith(" s: 2 made\n")
    assert images.read_rgb(made[0]).shape == (256, 256, 3)


def test_without_a_model_the_bundled_one_is_used(tmp_path):
    photograph = samples.FOLDER / "gray" / "35d67f3f70aeef92.jpg"
    assert run("colorize", photograph, "-o", tmp_path / "out.png")[0] == 0
    assert images.read_rgb(tmp_path / "out.png").std(axis=-1).mean() > 5
    code, output = run("evaluate", *QUICK, "--all-metrics")
    assert code == 0
    assert heads(output)[:3] == ["tfcolor", "gray", "truth"]


def test_colorize_tells_what_failed_and_exits_with_1(model, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "text.jpg").write_text("no picture")
    Image.fromarray(np.full((20, 20), 99, np.uint8)).save(tmp_path / "in" / "good.png")
    last = fails("colorize", tmp_path / "in", "-o", tmp_path / "out", "-m", model)
    assert last.startswith("Error: 1 of 2 photographs failed; they are in ")
    assert (tmp_path / "out" / "good.png").is_file()


@pytest.mark.slow
def test_epochs_are_counted_in_photographs(photo_folder, tmp_path):
    arguments = ["--data", photo_folder, "--workdir", tmp_path / "run", *TINY]
    code, output = run("train", *arguments, "--epochs", 0.3)
    assert code == 0
    assert "trained 3 steps" in output  # 0.3 of 38 or so training photographs, 4 a step
    for epochs in ("nan", "-1"):
        assert "epochs must be greater than 0" in run("train", *arguments, "--epochs", epochs)[1]
    assert "not both" in run("train", *arguments, "--epochs", 1, "--steps", 2)[1]


def test_a_recipe_of_ones_own_is_a_file(photo_folder, tmp_path):
    path = tmp_path / "mine.json"
    code, output = run("recipes", "pix2pix")
    path.write_text(output.replace('"seed": 0', '"seed": 7'))
    folder = tmp_path / "run"
    given = ["--recipe", path, *TINY[2:], "--steps", 2, "--data", photo_folder]
    code, output = run("train", "--workdir", folder, *given)
    assert code == 0, output
    config = json.loads((folder / "config.json").read_text())
    assert (config["recipe"], config["seed"]) == (str(path), 7)
    assert json.loads(run("recipes", path)[1])["seed"] == 7
    path.write_text('{"colour": 1}')
    assert "mine.json: data is missing" in fails("train", "--workdir", folder, *given)
    assert "No such file" in fails("train", "--workdir", folder, "--recipe", tmp_path / "no.json")


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "/no/such/folder"], "neither a folder nor a TFDS set"),
        (["--data", "no_such_set"], "neither a folder nor a TFDS set"),
        (["--data", "coco/2017", "--data-dir", "/nowhere"], "tfds build coco/2017"),
        (
            ["--recipe", "pix2pix", "--image-size", "200"],
            "image_size must be a multiple of 128 (2**depth), got 200",
        ),
        (["--image-size", "16"], "image_size must be at least 32"),
        (["--batch-size", "0"], "batch_size must be greater than 0, got 0"),
        (["--image-size", "200"], "image_size must be a multiple of 32, got 200; use 192 or 224"),
        (["--set", "size_weight=1", "--image-size", "33"], "got 33; use 64 or 96"),
        (["--recipe", "pix3pix"], "no recipe named 'pix3pix'; there are tfcolor, pix2pix, "),
        (["--set", "colour=1"], "unknown config field colour"),
        (["--set", "model=unet"], "model is not a field but a part of the config"),
        (["--set", "stages=3"], "stages is not a field but a part"),
        (["--set", "recipe=x"], "unknown config field recipe"),
        (["--set", "encoder=AlexNet"], "encoder must be one of efficientnet-lite0, DenseNet121"),
        (
            ["--set", "encoder=MobileNetV2"],
            "need the encoder efficientnet-lite0, got MobileNetV2",
        ),
        (["--set", "refine.steps=x"], "steps must be of type int, got 'x'"),
        (["--set", "steps"], "--set takes FIELD=VALUE, got 'steps'"),
        (["--steps", "1"], "total_steps must be 2 or more, one for each stage, got 1"),
        (["--seed", "9999999999"], "seed must be 0 to 4000000, got 9999999999"),
        (["--learning-rate", "-1"], "learning_rate must be greater than 0, got -1.0"),
    ],
)
def test_bad_options_of_train_are_one_line(tmp_path, arguments, message):
    assert message in fails("train", "--workdir", tmp_path / "run", *arguments)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_an_empty_folder_is_one_line(tmp_path):
    (tmp_path / "photos").mkdir()
    line = fails("train", "--data", tmp_path / "photos", "--workdir", tmp_path / "run")
    assert "holds no photograph" in line


def test_a_folder_without_a_usable_photograph_is_one_line(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "text.jpg").write_text("no picture")
    Image.new("RGB", (1, 1)).save(tmp_path / "photos" / "dot.png")
    line = fails("train", "--data", tmp_path / "photos", "--workdir", tmp_path / "run", *TINY)
    assert "nothing to train on" in line
    assert "0 gray, 2 broken or too small" in line


def test_a_tiny_photograph_cannot_be_colorized(model, tmp_path):
    Image.new("L", (1, 1)).save(tmp_path / "dot.png")
    code, output = run("colorize", tmp_path / "dot.png", "-o", tmp_path / "out.png", "-m", model)
    assert code == 2
    assert "dot.png: 1 x 1 pixels are too few to colorize" in output
    assert not (tmp_path / "out.png").exists()


def test_a_workdir_of_another_config_is_one_line_and_stays(workdir, photo_folder):
    before = (workdir / "config.json").read_text()
    line = fails("train", "--data", photo_folder, "--workdir", workdir, *TINY, "--seed", 5)
    assert "seed 0 (now 5)" in line and "another --workdir" in line
    line = fails("train", "--data", photo_folder, "--workdir", workdir, "--recipe", "sagan")
    assert line.endswith(
        f"{workdir} holds a run of recipe pix2pix, not sagan; give another --workdir"
    )
    many = [f"--set={name}=0.5" for name in ("l1_weight", "beta_2", "learning_rate", "ema")]
    line = fails("train", "--data", photo_folder, "--workdir", workdir, *TINY, *many)
    assert line.endswith("1 more fields that differ; give its values or another --workdir")
    assert (workdir / "config.json").read_text() == before


@pytest.mark.parametrize("place", ["under a file", "read only"])
def test_a_place_that_cannot_be_written_is_one_line(workdir, model, photo_folder, tmp_path, place):
    if place == "under a file":
        (tmp_path / "taken").write_text("")
        folder = tmp_path / "taken" / "new"
    else:
        if os.geteuid() == 0:
            pytest.skip("nothing is read only to root")
        tmp_path.chmod(0o500)
        folder = tmp_path / "new"
    line = fails("train", "--data", photo_folder, "--workdir", folder, *TINY)
    assert str(folder) in line and "choose another workdir" in line
    line = fails("export", workdir, folder)
    assert str(folder) in line and "choose another folder" in line
    assert fails("colorize", samples.FOLDER / "gray", "-o", folder, "-m", model)


def test_what_is_no_model_and_no_run_is_one_line(tmp_path):
    assert "TFLite or ONNX file or folder" in fails("evaluate", tmp_path / "model")
    assert "is not a training run" in fails("export", tmp_path, tmp_path / "model")


def test_the_traceback_can_be_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("TFCOLOR_TRACEBACK", "1")
    with pytest.raises(ValueError, match="is not a training run"):
        run("export", tmp_path, tmp_path / "model")


# Interruption


@pytest.mark.parametrize(
    ("work", "arguments", "note"),
    [
        ("colorizing.folder.colorize_files", ["colorize", samples.FOLDER, "-o", "out"], "goes on"),
        ("prepare.run.prepare", ["prepare", "samples", "out"], "goes on"),
        ("evaluation.run.run", ["evaluate", "gray", *QUICK], "nothing was written"),
        ("analysis.study.analyze", ["analyze", "--out", "out"], "nothing was written"),
    ],
)
def test_ctrl_c_says_what_became_of_the_work(tmp_path, monkeypatch, work, arguments, note):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(f"tfcolor.{work}", interrupted)
    code, output = run(*arguments)
    assert code == 130
    assert "stopped; " in output and note in output.splitlines()[-1]


def train_arguments(folder, photo_folder, steps):
    every = ["--log-every", 5, "--checkpoint-every", 5, "--validate-every", 1000]
    return ["train", "--data", photo_folder, "--workdir", folder, *TINY, *every, "--steps", steps]


def wait_for_step(folder, step, process):
    """Waits until a run has logged a step; it must be running still."""
    for _ in range(600):
        path = folder / "metrics.jsonl"
        if path.exists() and f'"step": {step},' in path.read_text():
            assert process.poll() is None
            return
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.1)
    raise AssertionError("the run did not get going")


@pytest.mark.slow
def test_killed_at_any_moment_a_run_goes_on_from_its_last_checkpoint(photo_folder, tmp_path):
    folder = tmp_path / "run"
    process = start(*train_arguments(folder, photo_folder, 100_000))
    wait_for_step(folder, 20, process)
    process.kill()
    process.wait()
    process.stdout.close()
    last = max(int(p.stem[5:]) for p in (folder / "checkpoints").glob("step-*.index"))
    code, output = run(*train_arguments(folder, photo_folder, last + 7))
    assert code == 0
    assert f"trained {last + 7} steps" in output
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == sorted(steps)
    assert steps.count(last) == 1


@pytest.mark.slow
def test_ctrl_c_leaves_a_checkpoint_of_the_last_step(photo_folder, tmp_path):
    folder = tmp_path / "run"
    arguments = train_arguments(folder, photo_folder, 100_000)
    arguments[arguments.index("--checkpoint-every") + 1] = 100_000
    process = start(*arguments)
    wait_for_step(folder, 10, process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    stopped = int(output.split("stopped at step ")[1].split(";")[0])
    assert (folder / "checkpoints" / f"step-{stopped}.index").is_file()


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_leaves_the_last_checkpoint(workdir, photo_folder, tmp_path):
    folder = shutil.copytree(workdir, tmp_path / "run")
    before = {p.name: p.read_bytes() for p in (folder / "checkpoints").iterdir()}
    limit = 10_000  # bytes a file: less than a checkpoint, more than the small files

    def small_files_only():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = start(*train_arguments(folder, photo_folder, 10), preexec_fn=small_files_only)
    output, _ = process.communicate(timeout=120)
    last = output.strip().splitlines()[-1]
    assert process.returncode == 1, output
    assert last.startswith("Error: cannot write a checkpoint to")
    assert "make room" in last
    assert last.endswith("step-4")
    after = {p.name: p.read_bytes() for p in (folder / "checkpoints").iterdir()}
    assert after == before
    assert run(*train_arguments(folder, photo_folder, 10))[0] == 0


def test_a_long_run_without_a_terminal_says_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr(options, "PAUSE_S", 0.0)
    with options.bar("preparing") as progress:
        for done in range(1, 101):
            progress(done * 1000, 100_000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 20
    assert lines[0] == "preparing: 5000 of 100000" and lines[-1] == "preparing: 100000 of 100000"


def test_a_short_run_without_a_terminal_prints_its_end_alone_after_its_start(capsys):
    with options.bar("colorizing") as progress:
        for done in range(1, 101):
            progress(done, 100)
    assert capsys.readouterr().err == "colorizing: 5 of 100\ncolorizing: 100 of 100\n"


def test_what_needs_tensorflow_says_so_where_it_is_missing(monkeypatch):
    monkeypatch.setattr(options.importlib.util, "find_spec", lambda name: None)
    line = fails("train", "--workdir", "run")
    assert "this needs TensorFlow, which is not installed" in line and "pip install ." in line


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_terminal_shows_what_takes_its_time(capsys, monkeypatch, is_terminal):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    with options.status("exporting"):
        shown = capsys.readouterr().err
    assert shown == ("exporting ..." if is_terminal else "")
    assert capsys.readouterr().err == ("\r\033[K" if is_terminal else "")


@pytest.mark.parametrize("kind", [ValueError, KeyError, UnicodeError])
def test_a_fault_of_the_program_is_not_told_as_the_users(monkeypatch, photo_folder, kind):
    def fault(*_, **__):
        raise kind("of the program")

    monkeypatch.setattr(data, "open_part", fault)
    with pytest.raises(kind, match="of the program"):
        run("evaluate", "--data", photo_folder, *QUICK)
