"""Sets prepared from folders and TFDS sets, read back by TFDS."""

import csv
import dataclasses
import io
import json
import os
import re
from collections import Counter
from pathlib import Path

import cv2
import dask_cluster
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from click.testing import CliRunner
from PIL import Image

from tfcolor import config, data
from tfcolor.cli import main
from tfcolor.data import batches, files, samples
from tfcolor.images import searching
from tfcolor.prepare import parts, pipeline, run, set_options, shrink

SETTINGS = set_options.SetOptions(short_side=80, part_size=10)


def sample(number):
    """A photograph of 100 x 120; uint8 (100, 120, 3)."""
    with Image.open(searching.search(samples.FOLDER)[number]) as image:
        return np.asarray(image.convert("RGB").resize((120, 100)))


@pytest.fixture
def folder(tmp_path):
    """25 good photographs of 100 x 120, one of each kind that is dropped, and odd formats."""
    folder = tmp_path / "photos"
    (folder / "album").mkdir(parents=True)
    for seed in range(25):
        Image.fromarray(sample(seed)).save(folder / f"album/{seed:02}.jpg")
    (folder / "broken.jpg").write_bytes((folder / "album/00.jpg").read_bytes()[:300])
    Image.fromarray(np.zeros((30, 200, 3), np.uint8)).save(folder / "tiny.png")
    gray = np.repeat(sample(51)[..., :1], 3, axis=-1)
    Image.fromarray(gray).save(folder / "gray.png")
    Image.fromarray(sample(3)).resize((180, 150)).save(folder / "copy.webp")
    Image.fromarray(sample(60)).convert("CMYK").save(folder / "cmyk.jpg")
    return folder


def plan(source, to, settings=SETTINGS, **test):
    tests = {name: config.DataConfig(source=str(path)) for name, path in test.items()}
    sources = source if isinstance(source, list) else [source]
    return run.plan([config.DataConfig(source=str(one)) for one in sources], to, settings, **tests)


def kept(to, split="train"):
    """name -> RGB of a prepared set, by TFDS alone."""
    examples = tfds.builder_from_directory(to).as_dataset(split=split)
    return {e["image/filename"].numpy().decode(): e["image"].numpy() for e in examples}


def test_a_folder_becomes_a_set_that_tfds_reads_back(folder, tmp_path):
    report = run.prepare(plan(folder, tmp_path / "set"))
    dropped = {"broken": 1, "tiny": 1, "gray": 1, "duplicate": 1}
    assert report == {"train": {"kept": 25, **dropped}, "validation": {"kept": 1}}
    assert json.loads((tmp_path / "set/report.json").read_text()) == report
    photos = kept(tmp_path / "set") | kept(tmp_path / "set", "validation")
    names = {f"album/{seed:02}.jpg" for seed in range(25)} | {"cmyk.jpg", "copy.webp"}
    assert len(photos) == 26 and set(photos) < names
    assert photos["cmyk.jpg"].shape == (80, 96, 3)
    rows = list(csv.DictReader((tmp_path / "set/dropped.csv").read_text().splitlines()))
    kinds = {row["name"]: row["kind"] for row in rows if row["kind"] != "duplicate"}
    assert kinds == {"broken.jpg": "broken", "tiny.png": "tiny", "gray.png": "gray"}
    (copy,) = (row["reason"] for row in rows if row["kind"] == "duplicate")
    assert set(copy.split(": a copy of ")) == {"album/03.jpg", "copy.webp"}


def test_a_photograph_is_downscaled_as_for_colorizing(folder):
    best = set_options.SetOptions(short_side=80, quality=100)
    made = shrink.shrink(folder / "album/07.jpg", "07.jpg", best)
    with Image.open(folder / "album/07.jpg") as image:
        truth = cv2.resize(np.asarray(image), (96, 80), interpolation=cv2.INTER_AREA)
    with Image.open(io.BytesIO(made.jpeg)) as image:
        assert np.abs(np.asarray(image).astype(int) - truth).mean() < 0.5


def test_a_small_plain_jpeg_keeps_its_bytes(folder, tmp_path):
    run.prepare(plan(folder, tmp_path / "set", set_options.SetOptions(short_side=100)))
    photos = data.open_part(config.DataConfig(source=str(tmp_path / "set")), "all")
    encoded = {record["bytes"] for record in photos.records.as_numpy_iterator()}
    assert (folder / "album/07.jpg").read_bytes() in encoded
    assert (folder / "cmyk.jpg").read_bytes() not in encoded


def test_a_prepared_set_trains_and_has_its_parts(folder, tmp_path):
    run.prepare(plan(folder, tmp_path / "set"))
    settings = config.DataConfig(source=str(tmp_path / "set"))
    ids = {}
    for part in ("train", "validation", "all"):
        photos = data.open_part(settings, part)
        ids[part] = [int(record["image_id"]) for record in photos.records]
    assert ids["train"] + ids["validation"] == ids["all"] and len(ids["validation"]) >= 1
    stream = batches.train_batches(data.open_part(settings, "train"), settings, 64, 4, seed=0)
    assert next(iter(stream))["ab"].shape == (4, 64, 64, 2)
    with pytest.raises(ValueError, match="has no test part; it has train"):
        data.open_part(settings, "test")
    assert data.default_part(settings) == "all"


def test_a_set_and_its_folder_have_the_same_parts(folder, tmp_path):
    for number, name in enumerate(("02.jpg", "a/02.jpg", "IMG_7.jpg", "photo.jpg", "z.jpg")):
        path = folder / "more" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sample(30 + number)).save(path)
    run.prepare(plan(folder, tmp_path / "set"))
    dropped = {"broken.jpg", "tiny.png", "gray.png", "album/03.jpg", "copy.webp"}
    for part in ("train", "validation"):
        in_set = set(kept(tmp_path / "set", part))
        in_folder = set(files.from_folder(folder, part).names.values())
        assert in_set <= in_folder and in_folder - in_set <= dropped
    assert {"album/02.jpg", "more/02.jpg", "more/a/02.jpg"} <= in_set  # by the name of the file
    settings = config.DataConfig(source=str(tmp_path / "set"))
    validation = data.open_part(settings, "validation")
    assert validation.count == len(in_set)
    sets_ids = {int(record["image_id"]) for record in validation.records}
    assert sets_ids == {files.image_id(name) for name in in_set}


def test_several_folders_become_one_set(folder, tmp_path):
    second = tmp_path / "elsewhere" / folder.name  # of the same name, with files of the same names
    (second / "album").mkdir(parents=True)
    for number in range(6):
        Image.fromarray(sample(40 + number)).save(second / f"album/{number:02}.jpg")
    Image.fromarray(sample(12)).save(second / "twin.png")
    third = tmp_path / "third"
    third.mkdir()
    Image.fromarray(sample(50)).save(third / "other.png")
    report = run.prepare(plan([folder, second, third], tmp_path / "set"))
    assert report["train"]["duplicate"] == 2
    assert report["train"]["kept"] + report["validation"]["kept"] == 26 + 6 + 1
    train, validation = (set(kept(tmp_path / "set", part)) for part in ("train", "validation"))
    assert {"photos/album/02.jpg", "photos-2/album/02.jpg"} == validation
    assert {"photos/album/01.jpg", "photos-2/album/01.jpg", "third/other.png"} < train
    rows = csv.DictReader((tmp_path / "set/dropped.csv").read_text().splitlines())
    reasons = {row["reason"] for row in rows}
    assert reasons & {
        "photos-2/twin.png: a copy of photos/album/12.jpg",
        "photos/album/12.jpg: a copy of photos-2/twin.png",
    }


def test_photographs_count_as_often_as_they_are_told_to(folder, tmp_path):
    Image.fromarray(sample(3)).save(folder / "twin.png")  # of album/03, which is left out
    times = (("album/0*", 0), ("album/1*", 3), ("album/12.jpg", 1))
    mixed = dataclasses.replace(SETTINGS, times=times)
    report = run.prepare(plan(folder, tmp_path / "set", mixed))
    assert report["validation"] == {"left out": 1}  # of training alone N is the number
    examples = tfds.builder_from_directory(tmp_path / "set").as_dataset(split="train")
    counts = Counter(example["image/filename"].numpy().decode() for example in examples)
    assert len(counts) == report["train"]["kept"]
    assert len({"twin.png", "copy.webp"} & set(counts)) == 1  # they are copies of each other
    for name, count in counts.items():
        assert not name.startswith("album/0")
        assert count == (3 if name.startswith("album/1") and name != "album/12.jpg" else 1)
    rows = csv.DictReader((tmp_path / "set/dropped.csv").read_text().splitlines())
    left_out = {row["name"] for row in rows if row["kind"] == "left out"}
    assert left_out == {f"album/{seed:02}.jpg" for seed in range(10)}
    settings = config.DataConfig(source=str(tmp_path / "set"))
    assert data.open_part(settings, "all").count == sum(counts.values())


def test_a_pattern_that_fits_nothing_is_an_error(folder, tmp_path):
    for pattern, told in (("albums/*=2", "has a name like 'albums"), ("album", "PATTERN=N")):
        done = CliRunner().invoke(
            main.cli, ["prepare", str(folder), str(tmp_path / "set"), "--times", pattern]
        )
        assert done.exit_code == 2 and re.search(told, done.output)
    assert not (tmp_path / "set").exists()


def test_a_set_of_before_is_parted_by_position(folder, tmp_path):
    whole = run.Plan(
        tmp_path / "set", {"train": ([config.DataConfig(source=str(folder))], "all")}, SETTINGS
    )
    run.prepare(whole)
    settings = config.DataConfig(source=str(tmp_path / "set"))
    counts = [data.open_part(settings, part).count for part in ("train", "validation", "all")]
    assert counts == [25, 1, 26]


def test_a_stopped_run_goes_on_and_gives_the_same_set(folder, tmp_path):
    class StopError(Exception):
        pass

    def stop(done, total):
        assert total == 30
        if done == 15:
            raise StopError

    todo = plan(folder, tmp_path / "stopped")
    with pytest.raises(StopError):
        run.prepare(todo, progress=stop)
    with pytest.MonkeyPatch.context() as patch:
        calls = []
        shrink = parts.shrink.shrink
        patch.setattr(parts.shrink, "shrink", lambda *a: calls.append(a) or shrink(*a))
        run.prepare(todo)
    assert len(calls) == 20  # the first part was there
    run.prepare(plan(folder, tmp_path / "whole"))
    stopped, whole = kept(tmp_path / "stopped"), kept(tmp_path / "whole")
    assert stopped.keys() == whole.keys()
    for name, rgb in whole.items():
        np.testing.assert_array_equal(stopped[name], rgb)
    assert not (tmp_path / "stopped/parts").exists()
    assert run.prepare(todo) == run.prepare(plan(folder, tmp_path / "whole"))  # nothing to do


def test_a_second_run_in_one_folder_is_refused(folder, tmp_path):
    todo = plan(folder, tmp_path / "set")

    def second(done, total):
        if done == 5:
            with pytest.raises(ValueError, match="is being prepared by another process"):
                run.prepare(todo)

    assert run.prepare(todo, progress=second)["train"]["kept"] == 25


def test_other_options_or_a_folder_in_use_are_refused(folder, tmp_path):
    run.prepare(plan(folder, tmp_path / "set"))
    with pytest.raises(ValueError, match="begun with other photographs or options"):
        run.prepare(plan(folder, tmp_path / "set", set_options.SetOptions(short_side=90)))
    with pytest.raises(ValueError, match="is not an empty folder"):
        run.prepare(plan(folder, folder))


def test_a_run_stopped_goes_on_with_the_same_photographs_only(folder, tmp_path):
    todo = plan(folder, tmp_path / "set")
    with pytest.raises(ZeroDivisionError):
        run.prepare(todo, progress=lambda done, total: 1 // (20 - done))
    (folder / "album/00.jpg").rename(folder / "album/renamed.jpg")
    with pytest.raises(ValueError, match="begun with other photographs or options"):
        run.prepare(todo)
    (folder / "album/renamed.jpg").rename(folder / "album/00.jpg")
    assert run.prepare(todo)["train"]["kept"] == 25


def test_names_that_are_no_unicode_are_kept(folder, tmp_path):
    odd = os.fsencode(folder) + b"/latin\xe9.jpg"
    os.rename(folder / "album/00.jpg", odd)
    os.rename(folder / "broken.jpg", os.fsencode(folder) + b"/broken\xe9.jpg")
    assert run.prepare(plan(folder, tmp_path / "set"))["train"]["kept"] == 25
    examples = tfds.builder_from_directory(tmp_path / "set").as_dataset(split="train")
    assert b"latin\xe9.jpg" in {e["image/filename"].numpy() for e in examples}
    assert b"broken\xe9.jpg" in (tmp_path / "set/dropped.csv").read_bytes()


def test_a_set_without_a_test_split_needs_none(tmp_path, monkeypatch):
    builder = tfds.builder("imagenet_v2", data_dir=tmp_path / "tfds", try_gcs=False)

    def examples():
        for number in range(12):
            yield number, {"image": sample(number), "label": 0, "file_name": f"{number}.jpeg"}

    kind = type(builder)
    monkeypatch.setattr(kind, "_split_generators", lambda self, manager: {"test": examples()})
    builder.download_and_prepare()
    where = ["--data-dir", str(tmp_path / "tfds")]
    arguments = ["prepare", "imagenet_v2", str(tmp_path / "set"), *where]
    wrong = CliRunner().invoke(main.cli, arguments)
    assert wrong.exit_code == 2 and "it has test: choose with" in wrong.output
    done = CliRunner().invoke(main.cli, [*arguments, "--train-split", "test"])
    assert done.exit_code == 0, done.output
    assert "train: 12 kept" in done.output and "test:" not in done.output


def test_a_photograph_of_the_test_part_among_those_for_training_is_an_error(folder, tmp_path):
    tests = tmp_path / "tests"
    tests.mkdir()
    Image.fromarray(sample(7)).resize((96, 80)).save(tests / "seven.png")
    Image.fromarray(sample(70)).save(tests / "other.png")
    todo = plan(folder, tmp_path / "set", test=tests)
    with pytest.raises(ValueError, match=r"album/07.jpg of the training part is seven.png of the"):
        run.prepare(todo)
    report = run.prepare(todo, drop_leaks=True)
    assert report["train"]["leak"] == 1 and report["test"] == {"kept": 2}
    assert "album/07.jpg" not in kept(tmp_path / "set")
    assert set(kept(tmp_path / "set", "test")) == {"seven.png", "other.png"}
    settings = config.DataConfig(source=str(tmp_path / "set"))
    assert data.default_part(settings) == "test"
    assert data.open_part(settings, "test").count == 2


def test_nothing_left_is_an_error(tmp_path):
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (100, 100), "gray").save(tmp_path / "photos/gray.png")
    with pytest.raises(ValueError, match="nothing is left of the train part") as caught:
        run.prepare(plan(tmp_path / "photos", tmp_path / "set"))
    named = str(caught.value).partition("see ")[2]
    assert "gray.png" in Path(named).read_text()


def require_same_set(folder, tmp_path, monkeypatch, flags):
    monkeypatch.chdir(tmp_path)  # workers may be elsewhere
    report = pipeline.prepare(plan(folder, "beam"), False, flags)
    assert report == run.prepare(plan(folder, tmp_path / "here"))
    here, beam = kept(tmp_path / "here"), kept(tmp_path / "beam")
    assert here.keys() == beam.keys()
    for name, rgb in here.items():
        np.testing.assert_array_equal(beam[name], rgb)


def test_a_beam_pipeline_makes_the_same_set(folder, tmp_path, monkeypatch):
    flags = ["--runner=DirectRunner", "--direct_num_workers=1"]
    require_same_set(folder, tmp_path, monkeypatch, flags)


@pytest.mark.slow
def test_a_dask_cluster_makes_the_same_set(folder, tmp_path, monkeypatch):
    (tmp_path / "cluster").mkdir()
    with dask_cluster.cluster(tmp_path / "cluster", 2) as (address, _):
        flags = [dask_cluster.RUNNER, f"--dask_client_address={address}", "--dask_partition_size=1"]
        require_same_set(folder, tmp_path, monkeypatch, flags)


def test_the_command_says_what_was_kept_and_dropped(folder, tmp_path):
    arguments = ["prepare", str(folder), str(tmp_path / "set"), "--short-side", "80"]
    done = CliRunner().invoke(main.cli, arguments)
    assert done.exit_code == 0, done.output
    assert (
        "train: 25 kept; dropped: 1 broken, 1 duplicate, 1 gray, 1 tiny\nvalidation: 1 kept"
        in done.output
    )
    wrong = CliRunner().invoke(main.cli, [*arguments, "--quality", "0"])
    assert wrong.exit_code == 2 and "quality must be 1 to 100, got 0" in wrong.output
    unknown = CliRunner().invoke(main.cli, [*arguments, "--no-such-option"])
    assert unknown.exit_code == 2 and "No such option" in unknown.output
    stray = CliRunner().invoke(main.cli, [*arguments, "--beam-option", "--x=1"])
    assert stray.exit_code == 2 and "--beam-option needs --runner" in stray.output
    mixed = CliRunner().invoke(main.cli, ["prepare", str(folder), "samples", str(tmp_path / "two")])
    assert mixed.exit_code == 2 and "several sources must be folders" in mixed.output


def test_the_command_hands_beam_its_options(folder, tmp_path):
    arguments = ["prepare", str(folder), str(tmp_path / "set"), "--runner", "DirectRunner"]
    done = CliRunner().invoke(main.cli, [*arguments, "--beam-option", "--direct_num_workers=1"])
    assert done.exit_code == 0, done.output
    assert "train: 25 kept" in done.output
    arguments[-1] = "NoRunner"
    unknown = CliRunner().invoke(main.cli, arguments)
    assert unknown.exit_code == 2 and "--runner NoRunner: Unexpected" in unknown.output


def test_ids_are_unique_and_scattered(folder, tmp_path):
    photos = plan(folder, tmp_path / "set").open("train")
    ids = [int(record["image_id"]) for record in photos.records]
    assert ids == sorted(set(ids)) and photos.count == 29
    names = [photos.name(image_id) for image_id in ids]
    assert names != sorted(names)
    assert tf.data.experimental.cardinality(photos.records) == 29


def test_what_training_does_with_photographs_makes_no_other_set(photo_folder, tmp_path):
    clean, filmed = (
        run.plan([config.DataConfig(source=str(photo_folder), film=film)], tmp_path)
        for film in (0.0, 0.5)
    )
    assert clean.to_json({}) == filmed.to_json({})
