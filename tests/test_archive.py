"""An archive colorized by a Beam pipeline, beside the same on one machine."""

import csv
from concurrent import futures
from pathlib import Path

import dask_cluster
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import colorful_photo
from PIL import Image

from tfcolor import images, runtimes
from tfcolor.cli import main
from tfcolor.colorizing import beam_pipeline, failures, folder, planning
from tfcolor.images import searching

FLAGS = ["--runner=DirectRunner", "--direct_num_workers=1"]


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """200 photographs, 6 of them broken, and one more of a name; not to be changed."""
    album = tmp_path_factory.mktemp("album")
    for index in range(200):
        path = album / f"year{index % 3}" / f"photo{index:03}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(colorful_photo(index, 32, 40)[..., 0]).save(path)
        if index % 40 == 7:
            path.write_bytes(path.read_bytes()[:60])
    Image.fromarray(colorful_photo(0, 32, 40)).save(album / "year0" / "color.jpg")
    (album / "year0" / "text.jpg").write_text("no photograph")
    (album / "year0" / "text.heic").write_text("would become text.jpg, too")
    return album


@pytest.mark.slow
def test_a_pipeline_makes_the_same_and_lists_what_failed(album, tmp_path):
    options = folder.FileOptions(size=32, saturation=1.2)
    pairs = planning.plan([album], tmp_path / "beam")
    assert beam_pipeline.colorize_files(None, pairs, options, tmp_path / "beam", FLAGS) == 1
    here = planning.plan([album], tmp_path / "here")
    alone = list(folder.colorize_files(runtimes.load(threads=1), here, options))

    made = searching.search(tmp_path / "beam")
    assert len(made) == sum(each.is_new for each in alone) == 195
    for path in made:
        beside = tmp_path / "here" / path.relative_to(tmp_path / "beam")
        np.testing.assert_array_equal(images.read_rgb(path), images.read_rgb(beside))
    with open(tmp_path / "beam" / failures.NAME, newline="") as file:
        listed = {row["file"]: row["reason"] for row in csv.DictReader(file)}
    reasons = {str(each.source): each.reason for each in alone if each.reason}
    assert listed == {name: reason.replace("/here/", "/beam/") for name, reason in reasons.items()}
    assert "as " in listed[str(album / "year0" / "text.heic")]
    assert len(listed) == 7
    (passed_over,) = [each for each in alone if each.passed_over]
    assert passed_over.source == album / "year0" / "color.jpg"


@pytest.mark.slow
def test_the_command_runs_a_pipeline_and_a_rerun_makes_the_rest(album, tmp_path):
    def run(*arguments):
        done = CliRunner().invoke(main.cli, ["colorize", *map(str, arguments), "--size", "32"])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    one, flags = album / "year1", ["--runner", "DirectRunner", "--beam-option", FLAGS[1]]
    code, output = run(one, "-o", tmp_path / "out", *flags)
    assert code == 1 and "failures.csv" in output and "of 67 photographs are done" in output
    (kept := searching.search(tmp_path / "out")[0]).write_bytes(b"mine")
    (again := searching.search(tmp_path / "out")[1]).unlink()
    run(one, "-o", tmp_path / "out", *flags)
    assert kept.read_bytes() == b"mine" and again.exists()
    (tmp_path / "out" / "failures.csv").write_text("mine")
    code, output = run(one, "-o", tmp_path / "out", *flags)
    assert code == 1 and "tfcolor-failures.csv" in output
    code, output = run(one, "-o", tmp_path / "out", "--manifest", tmp_path / "list.csv", *flags)
    assert code == 2 and "do not go with --runner" in output


@pytest.mark.slow
def test_a_pipeline_writes_every_file_of_a_photograph(album, tmp_path):
    options = folder.FileOptions(size=32, variants=2, layer=True)
    pairs = planning.plan(sorted((album / "year2").glob("*.png"))[:2], tmp_path)
    pairs = [(source, planning.variant(target, 1)) for source, target in pairs]
    beam_pipeline.colorize_files(None, pairs, options, tmp_path, FLAGS)
    assert len(searching.search(tmp_path)) == 2 * 3
    for _, target in pairs:
        assert all(path.exists() for path in options.outputs(target).values())


@pytest.mark.slow
def test_a_cluster_makes_every_photograph_though_a_worker_is_killed(album, tmp_path, monkeypatch):
    options = folder.FileOptions(size=32)
    monkeypatch.chdir(tmp_path)  # the workers are elsewhere
    pairs = planning.plan([album], "out")

    def results():
        return list((tmp_path / "out").glob("year*/photo*.png"))

    (tmp_path / "cluster").mkdir()
    with dask_cluster.cluster(tmp_path / "cluster", 2) as (address, workers):
        flags = [dask_cluster.RUNNER, f"--dask_client_address={address}", "--dask_partition_size=5"]
        with futures.ThreadPoolExecutor() as pool:
            made = pool.submit(
                beam_pipeline.colorize_files, None, pairs, options, Path("out"), flags
            )
            while len(results()) < 40:
                assert not made.done()
            workers[0].kill()
            before = {path: path.stat() for path in results()}
            assert made.result() is None  # this runner does not count
    assert len(before) < 195 == len(results())
    assert all(path.stat() == stat for path, stat in before.items())  # none was made twice
    with open(tmp_path / "out" / failures.NAME, newline="") as file:
        assert len(list(csv.DictReader(file))) == 7
