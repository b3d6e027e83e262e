"""Lines of README and docs can be pasted: all are parsed, and some pages are run as a whole."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import test_credentials
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image, ImageOps

from tfcolor.cli import main, options
from tfcolor.data import samples
from tfcolor.training import loop

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
RUN = ("README", "index", "colorize", "video", "guide")  # pages whose lines also run
# Lines that are not run, and why.
UNRUN = {
    r"\bpip install|-m venv|bin/activate": "installs; test_small_install.py and bin/test do so",
    r"^bin/(demo|test)|^python benchmarks/": "takes from minutes to hours",
    r"^bin/train-bundled": "trains for hours, for weights that replace the bundled ones",
    r"^bin/web|http\.server": "needs npm; test_web.py builds the page",
    r"^tfcolor app": "runs until it is stopped; test_app.py starts it",
    r"bin/serve|localhost|grpc://": "needs TF Serving; test_serving.py has a server of its own",
    r"^tfcolor launch|TF_CONFIG|TPU_NAME|strategy tpu": "needs other machines",
    r"--download": "downloads 28 GB",
    r"ddcolor": "needs the file of another project; test_described.py makes one",
    r"^saved_model_cli": "is a program of TensorFlow",
    r"\bwandb\b": "needs an account at Weights & Biases",
    r"--workdir runs/(prepared|pix2pix|film)": "trains again; its config is checked all the same",
    r"^dask |DaskRunner": "needs a cluster; test_archive.py and test_prepare.py start one",
    r"--json figures|^tfcolor export .*(--|mine\.|bundled)": "test_cli.py and test_export.py do so",
}
# Functions of the shell that shorten what takes hours, and a trainer that does not train.
SHORTER = """
tfcolor() {
  if [ "$1" = evaluate ]; then set -- "$@" --limit 4 --features none; fi
  command tfcolor "$@"
}
tfcolor-train() {
  command tfcolor-train "$@" --steps 2 --image-size 64 --set refine.image_size=64 --batch-size 2 \\
    --set classify.batch_size=2 --train-limit 8 --validate-every 2
}
"""
UNTRAINED = "import tfcolor\ntfcolor.train = lambda settings, workdir, **_: True\n"


def blocks(page):
    """Language and text of each block of shell or Python on a page."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```(sh|python)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def statements(block):
    """The lines of a block of shell; those that belong together are one, without comments."""
    statement = ""
    for line in block.splitlines():
        statement += re.sub(r"(^|\s+)#\s.*", "", line) + "\n"
        try:
            shlex.split(statement)
        except ValueError:  # a quotation goes on
            continue
        if not statement.rstrip().endswith(("\\", "|", "&&")):
            if statement.strip():
                yield statement.strip()
            statement = ""
    assert not statement, statement


def calls(statement):
    """The arguments of each call of `tfcolor` in a statement."""
    lexer = shlex.shlex(statement.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.commenters, lexer.whitespace_split = "", True
    call = []
    for word in [*lexer, "|"]:
        if not set(word) <= set("|&;<>"):
            call.append(os.path.expanduser(word))
            continue
        if call and call[0] in ("tfcolor", "tfcolor-train"):
            yield call[1:] if call[0] == "tfcolor" else ["train", *call[1:]]
        call = []


def unrun(line):
    """Whether a line is among those that are not run."""
    return any(re.search(pattern, line) for pattern in UNRUN)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files that the pages name; `~` is another."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    photographs = sorted(samples.FOLDER.glob("*.jpg"))
    for name, chosen in (("Pictures", photographs[:24]), ("OtherPictures", photographs[24:36])):
        (home / name).mkdir(parents=True)
        for path in chosen:
            shutil.copy(path, home / name)
    work = tmp_path / "tfcolor"
    (work / "saved_models").mkdir(parents=True)
    (work / "saved_models/tfcolor-base").symlink_to(ROOT / "saved_models/tfcolor-base")
    gray = sorted((samples.FOLDER / "gray").glob("*.jpg"))
    shutil.copy(gray[0], work / "grandmother.jpg")
    shutil.copy(gray[1], home / "Pictures")
    with Image.open(gray[0]) as image:
        ImageOps.colorize(image.convert("L"), "#201008", "#f0e8c0").save(work / "edited.png")
        hint = {"x": 5, "y": 6, "color": "#e0b000"}
        chosen = {"width": image.width, "height": image.height, "hints": [hint]}
    (work / "painted").mkdir()
    Image.new("RGB", (96, 64), "#a08060").save(work / "painted" / "0.png")
    (work / "grandmother.hints.json").write_text(json.dumps(chosen))
    signer = test_credentials.pem(work / "me.pem", ec.generate_private_key(ec.SECP256R1()))
    chain, mark, key = signer.read_text().rpartition("-----BEGIN")
    (work / "chain.pem").write_text(chain)
    (work / "key.pem").write_text(mark + key)
    with av.open(str(work / "film.avi"), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "gray"
        ramp = np.tile(np.arange(96, dtype=np.uint8) * 2, (64, 1))
        for shift in range(4):
            frame = av.VideoFrame.from_ndarray(np.roll(ramp, shift, 1), format="gray")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    monkeypatch.chdir(work)
    return work


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_are_parsed(page, folder, monkeypatch):
    monkeypatch.setattr(options, "load_tensorflow", lambda: None)
    monkeypatch.setattr(loop, "train", lambda settings, workdir: True)
    (folder / "figures.json").touch()
    (folder / "sets/mine").mkdir(parents=True)
    for language, block in blocks(page):
        for line in statements(block) if language == "sh" else ():
            found = list(calls(line))
            assert found or unrun(line) or page.stem in RUN, f"neither parsed nor run: {line}"
            for name, *arguments in found:
                main.cli.commands[name].make_context(name, list(arguments))
                if name == "train" and "--download" not in arguments:  # up to the first step
                    done = CliRunner().invoke(main.cli, [name, *arguments])
                    assert done.exit_code == 0, f"{line}\n{done.output}"


def script(page):
    """The lines of a page as one program of bash; Python blocks in a row share their names."""
    parts, python = [SHORTER], ""
    for language, block in [*blocks(page), ("sh", "")]:
        if language == "python":
            python += "" if unrun(block) else block
            continue
        if python:
            parts.append(f"python - <<'PYTHON'\n{UNTRAINED}{python}\nPYTHON")
            python = ""
        parts += [line for line in statements(block) if not unrun(line)]
    return "\n".join(parts)


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if p.stem in RUN], ids=lambda page: page.stem)
def test_lines_run_in_order(page, folder, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    command = ["bash", "-euxo", "pipefail", "-c", script(page)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_reason_is_needed():
    lines = [
        line
        for page in PAGES
        for language, block in blocks(page)
        for line in (statements(block) if language == "sh" else [block])
    ]
    for pattern in UNRUN:
        assert [line for line in lines if re.search(pattern, line)], pattern
