"""Manifests: what was made of which photograph, by what, complete or absent."""

import csv
import hashlib
import json

import pytest
from click.testing import CliRunner
from test_folder import gray_file

import tfcolor
from tfcolor import images, runtimes
from tfcolor.cli import main
from tfcolor.colorizing import folder, likelihood
from tfcolor.runtimes import bundled


@pytest.fixture
def album(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        gray_file(tmp_path / "in" / name)
    (tmp_path / "in" / "c.jpg").write_bytes(b"broken")
    return tmp_path / "in"


def colorize(album, *options):
    arguments = ["colorize", album, "-o", album.parent / "out", "--size", 32, *options]
    done = CliRunner().invoke(main.cli, [str(each) for each in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def read(path):
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_every_photograph_has_a_row(album, suffix):
    path = album.parent / f"made{suffix}"
    assert colorize(album, "--manifest", path)[0] == 1
    first, second, broken = read(path)
    assert [row["outcome"] for row in (first, second, broken)] == ["made", "made", "failed"]
    assert first["source"] == str(album / "a.png")
    assert first["source_sha256"] == sha256(album / "a.png")
    assert first["result"] == str(album.parent / "out" / "a.png")
    assert (first["model"], first["model_sha256"]) == ("bundled", sha256(bundled.PATH))
    assert first["tfcolor"] == tfcolor.__version__
    chosen = first["options"] if suffix == ".jsonl" else json.loads(first["options"])
    assert chosen == {
        **{"size": 32, "strength": 1.0, "saturation": 1.0, "provenance": True},
        **{"variant": 1, "variants": 1},
    }
    gray = images.read(album / "a.png").pixels
    certain = likelihood.certainty_map(runtimes.load(), gray, size=32)
    assert float(first["certainty"]) == pytest.approx(certain.mean(), abs=0.01)
    assert float(first["seconds"]) > 0 and int(first["width"]) > 1
    assert "c.jpg is not a photograph" in broken["reason"] and not broken["model"]
    assert not list(album.parent.glob(".made*"))


def test_a_stopped_run_has_no_manifest_and_the_next_has_all(album, monkeypatch):
    path = album.parent / "made.csv"
    colorize_files = folder.colorize_files

    def stopped(net, pairs, options, workers, record):
        for result in colorize_files(net, pairs, options, 1, record):
            yield result
            if result.is_new:
                raise KeyboardInterrupt

    monkeypatch.setattr(folder, "colorize_files", stopped)
    assert colorize(album, "--manifest", path)[0] == 130
    assert not path.exists()
    monkeypatch.setattr(folder, "colorize_files", colorize_files)
    colorize(album, "--manifest", path)
    assert [row["outcome"] for row in read(path)] == ["made", "made", "failed"]
    before = read(path)[:2]
    colorize(album, "--manifest", path)
    assert read(path)[:2] == before
    colorize(album, "--manifest", path, "--overwrite", "--saturation", "0.5")
    assert [json.loads(row["options"])["saturation"] for row in read(path)[:2]] == [0.5, 0.5]


def test_what_was_made_before_is_there_already(album):
    colorize(album)
    colorize(album, "--manifest", album.parent / "made.csv")
    assert [row["outcome"] for row in read(album.parent / "made.csv")][:2] == 2 * ["there already"]


def test_a_file_of_others_is_left_alone(album):
    path = album.parent / "notes.csv"
    path.write_text("a,b\n1,2\n")
    code, output = colorize(album, "--manifest", path)
    assert code == 2 and f"{path} is no manifest of tfcolor; give another file" in output
    assert path.read_text() == "a,b\n1,2\n" and not (album.parent / "out").exists()
    code, output = colorize(album, "--manifest", album.parent / "made.txt")
    assert code == 2 and "made.txt must end in .csv or .jsonl" in output
