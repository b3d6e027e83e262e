"""Protocols, folders of pictures, TFLite files, and the record of an evaluation."""

import json
import shutil

import cv2
import numpy as np
import pytest
import tensorflow as tf
from conftest import colorful_photo
from PIL import Image

from tfcolor import config, data
from tfcolor.color import cielab
from tfcolor.colorizing import rendering
from tfcolor.evaluation import candidates, metrics, pictures, protocol, record, run, scores, table
from tfcolor.runtimes import lite


@pytest.fixture
def folder(tmp_path):
    """Five color photographs of several sizes and a gray one."""
    folder = tmp_path / "photos"
    (folder / "album").mkdir(parents=True)
    for index in range(5):
        rgb = colorful_photo(index, 40 + index, 56)
        Image.fromarray(rgb).save(folder / "album" / f"photo{index}.png")
    gray = cielab.without_color(colorful_photo(7, 48, 48)).numpy()
    Image.fromarray(gray).save(folder / "gray.png")
    return folder


def opened(folder):
    return data.open_part(config.DataConfig(source=str(folder)), "all")


def evaluated(folder, name="center-32", painters=None, **options):
    painters = {"copy": scores.from_colorizer(lambda gray: gray)} if painters is None else painters
    return run.run(painters, opened(folder), protocol.parse(name), 4.0, batch_size=4, **options)


def half(gray, batch):
    """A painter that knows the answer at half its chroma."""
    l, ab = cielab.rgb_to_planes(batch["rgb"])
    return cielab.to_uint8(cielab.planes_to_rgb(l, 0.5 * ab)).numpy()


def test_stretch_squeezes_center_crops_and_full_keeps(folder):
    photos = opened(folder)
    whole = {
        int(batch["image_id"][0]): batch["rgb"][0]
        for batch in protocol.parse("full").batches(photos, 4)
    }
    for name, crop in (("stretch-32", False), ("center-32", True)):
        for batch in protocol.parse(name).batches(photos, 4):
            for rgb, image_id, size in zip(
                batch["rgb"].numpy(), batch["image_id"].numpy(), batch["size"].numpy(), strict=True
            ):
                photo = whole[image_id].numpy()
                assert photo.shape == (*size, 3)
                if crop:
                    side, (top, left) = min(size), (size - min(size)) // 2
                    photo = photo[top : top + side, left : left + side]
                expected = cv2.resize(photo, (32, 32), interpolation=cv2.INTER_AREA)
                np.testing.assert_allclose(rgb, expected, atol=1)  # halves are rounded either way


@pytest.mark.parametrize("name", ["center", "center-0", "stretch-x", "fit-256", ""])
def test_another_protocol_is_an_error(name):
    with pytest.raises(ValueError, match="protocol must be full, center-SIZE or stretch-SIZE"):
        protocol.parse(name)


@pytest.mark.slow
def test_gray_photographs_are_left_out_of_the_figures_and_reported_apart(folder):
    result = evaluated(folder)
    assert (
        result.is_gray.sum() == 1 and result.names[list(result.is_gray).index(True)] == "gray.png"
    )
    values = result.rows["copy"].scores["ab_error"][~result.is_gray]
    mean, low, high = result.figures()["copy"]["ab_error"]
    assert mean == pytest.approx(values.mean()) and low < mean < high
    assert result.of_gray()["copy"]["ab_error"] == pytest.approx(0, abs=1e-3)
    assert "1 gray photographs, apart" in table.all_metrics(result)


def test_delta_cf_is_told_both_ways(folder):
    result = evaluated(folder, painters={"half": half})
    own, truth = (result.rows[r].scores["colorfulness"][~result.is_gray] for r in ("half", "truth"))
    figures = result.figures()["half"]
    assert figures["delta_cf_of_means"][0] == pytest.approx(own.mean() - truth.mean(), rel=1e-5)
    assert figures["delta_colorfulness"][0] == pytest.approx(np.abs(own - truth).mean(), rel=1e-5)


def test_a_pair_differs_by_the_mean_of_its_differences(folder):
    result = evaluated(folder, painters={"half": half, "copy": lambda gray, batch: gray})
    differences = result.differences()
    assert list(differences) == [("half", "copy"), ("half", "gray"), ("copy", "gray")]
    difference, low, high = differences["half", "copy"]["delta_e00"]
    of = {name: row.scores["delta_e00"][~result.is_gray] for name, row in result.rows.items()}
    assert difference == pytest.approx((of["half"] - of["copy"]).mean(), rel=1e-5)
    assert low < difference < high < 0
    assert differences["copy", "gray"]["delta_e00"] == (0, 0, 0)


def test_the_record_is_read_back_as_it_was_written(folder):
    result = evaluated(folder)
    read = record.from_json(record.to_json(result))
    assert read.protocol == result.protocol and read.names == result.names
    np.testing.assert_array_equal(read.is_gray, result.is_gray)
    for name, row in result.rows.items():
        np.testing.assert_array_equal(read.rows[name].hues, row.hues)
        for metric, values in row.scores.items():
            np.testing.assert_allclose(read.rows[name].scores[metric], values, rtol=1e-5)
    for name, row in result.figures().items():
        for metric, interval in row.items():
            assert read.figures()[name][metric] == pytest.approx(interval, rel=1e-4)


def test_json_is_standard_and_says_how_it_was_measured(folder):
    written = json.loads(record.to_json(evaluated(folder)), parse_constant=pytest.fail)
    assert written["protocol"]["protocol"] == "center-32"
    assert written["protocol"]["photographs"] == 6
    assert written["protocol"]["gray_photographs"] == 1
    assert written["rows"]["truth"]["psnr"] == {"value": None, "low": None, "high": None}
    assert list(written["rows"]) == ["copy", *scores.CONTROLS]
    assert len(written["values"]["copy"]["scores"]["ssim"]) == 6


def test_an_earlier_result_stands_beside_only_if_it_is_of_the_same(folder):
    ours, theirs = evaluated(folder, painters={"half": half}), evaluated(folder)
    both = record.beside(ours, theirs)
    assert list(both.rows) == ["copy", "half", *scores.CONTROLS]
    assert ("copy", "half") in both.differences()
    with pytest.raises(ValueError, match="its protocol is stretch-32, here it is center-32"):
        record.beside(ours, evaluated(folder, "stretch-32"))
    with pytest.raises(ValueError, match="both have a row 'half'"):
        record.beside(ours, ours)
    Image.fromarray(colorful_photo(99, 40, 56)).save(folder / "album" / "photo1.png")
    with pytest.raises(ValueError, match=r"album/photo1\.png is another photograph there"):
        record.beside(ours, evaluated(folder))
    (folder / "gray.png").rename(folder / "other.png")
    with pytest.raises(ValueError, match="its photographs_sha256 is"):
        record.beside(ours, evaluated(folder))


def test_what_is_no_result_is_named(tmp_path):
    for text in ("{}", "[]", "nothing", '{"photographs": 3}'):
        (tmp_path / "result.json").write_text(text)
        with pytest.raises(ValueError, match=r"result\.json"):
            record.read(tmp_path / "result.json")


def painted_folder(folder, destination, resize=None, suffix=".png"):
    """What another colorizer might have made: half the chroma of every photograph."""
    for path in folder.rglob("*.png"):
        image = Image.open(path).convert("RGB")
        rgb = half(None, {"rgb": tf.constant(np.asarray(image)[None])})[0]
        painted = Image.fromarray(rgb)
        if resize:
            painted = painted.resize(resize)
        target = destination / path.relative_to(folder).with_suffix(suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        painted.save(target)
    return destination


@pytest.mark.slow
@pytest.mark.parametrize("name", ["full", "center-32", "stretch-32"])
def test_a_folder_of_pictures_is_measured_as_its_painter_would_be(folder, tmp_path, name):
    how, photos = protocol.parse(name), opened(folder)
    found = candidates.find([painted_folder(folder, tmp_path / "half")], photos, how)
    assert found["half"].source["formats"] == ["png"]
    result = evaluated(folder, name, {"folder": found["half"].painter, "half": half})
    for metric in metrics.PER_PHOTOGRAPH:
        ours, expected = (result.figures()[row][metric][0] for row in ("folder", "half"))
        # Painted before it was reduced, not after.
        assert ours == pytest.approx(expected, rel=0.1, abs=1e-3), metric


def test_pictures_at_the_size_of_the_protocol_are_taken_as_they_are(folder, tmp_path):
    how, photos = protocol.parse("stretch-32"), opened(folder)
    painted = painted_folder(folder, tmp_path / "half", (32, 32))
    row = candidates.find([painted], photos, how)["half"].painter
    batch = next(iter(how.batches(photos, 1)))
    expected = np.asarray(Image.open(painted / "album" / "photo0.png"))
    np.testing.assert_array_equal(row(None, batch)[0], expected)


def test_a_picture_of_another_shape_or_none_or_two_is_an_error(folder, tmp_path):
    how, photos = protocol.parse("center-32"), opened(folder)
    painted = painted_folder(folder, tmp_path / "half", (64, 32))
    row = candidates.find([painted], photos, how)["half"].painter
    with pytest.raises(ValueError, match=r"photo0\.png is 64 x 32 and its photograph 56 x 40"):
        row(None, next(iter(how.batches(photos, 1))))
    (painted / "album" / "photo0.jpg").write_bytes((painted / "album" / "photo0.png").read_bytes())
    with pytest.raises(ValueError, match="are of one photograph; keep one"):
        candidates.find([painted], photos, how)
    for path in (painted / "album").glob("photo0.*"):
        path.unlink()
    with pytest.raises(ValueError, match=r"half has no picture of album/photo0\.png"):
        candidates.find([painted], photos, how)


def test_a_broken_photograph_needs_no_picture(folder, tmp_path):
    painted = painted_folder(folder, tmp_path / "half")
    (folder / "broken.png").write_bytes(b"no picture")
    how, photos = protocol.parse("center-32"), opened(folder)
    found = candidates.find([painted], photos, how)
    assert len(run.run({"half": found["half"].painter}, photos, how, 4.0).names) == 6


def test_what_is_no_model_is_named(folder, tmp_path):
    with pytest.raises(ValueError, match="is no SavedModel, TFLite or ONNX file or folder"):
        candidates.find([tmp_path / "nothing"], opened(folder), protocol.parse("full"))
    (tmp_path / "broken.tflite").write_bytes(b"no model")
    with pytest.raises(ValueError, match=r"broken\.tflite is not a TFLite file"):
        candidates.find([tmp_path / "broken.tflite"], opened(folder), protocol.parse("full"))


@pytest.mark.parametrize("sides", [(None, None), (64, 64)])
def test_a_tflite_file_gives_the_colors_of_its_network(tmp_path, sides):
    module = tf.Module()
    module.paint = tf.function(
        lambda l: tf.concat([0.4 * l, -0.3 * l], -1),
        input_signature=[tf.TensorSpec((1, *sides, 1), tf.float32)],
    )
    graph = module.paint.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], module)
    (tmp_path / "flat.tflite").write_bytes(converter.convert())

    rgb = np.stack([colorful_photo(seed, 70, 90) for seed in range(2)])
    network = lite.LiteNetwork(tmp_path / "flat.tflite")
    painted = rendering.of_batches(network)(cielab.without_color(rgb).numpy())
    l, _ = cielab.rgb_to_planes(cielab.without_color(rgb))
    expected = cielab.to_uint8(cielab.planes_to_rgb(l, tf.concat([0.4 * l, -0.3 * l], -1)))
    # The network saw it reduced.
    assert np.abs(painted.astype(int) - expected.numpy()).mean() < 3


def test_pictures_are_in_the_order_of_the_batch(folder, tmp_path):
    photos = opened(folder)
    painted = painted_folder(folder, tmp_path / "half")
    how = protocol.parse("stretch-32")
    found = pictures.Pictures(painted, sorted(painted.rglob("*.png")), photos, how)
    (together,) = list(how.batches(photos, 6))
    alone = [found(None, batch)[0] for batch in how.batches(photos, 1)]
    np.testing.assert_array_equal(found(None, together), np.stack(alone))


def test_results_beside_their_photographs_are_found_by_their_names(folder, tmp_path):
    photos = opened(folder)
    how = protocol.parse("stretch-32")
    plain = painted_folder(folder, tmp_path / "plain")
    beside = painted_folder(folder, tmp_path / "beside")
    for path in sorted(beside.rglob("*.png")):
        path.rename(path.with_name(f"{path.stem}-color.png"))
        shutil.copy(folder / path.relative_to(beside), path)
    (batch,) = how.batches(photos, 6)
    painted = [
        pictures.Pictures(each, sorted(each.rglob("*.png")), photos, how)(None, batch)
        for each in (plain, beside)
    ]
    np.testing.assert_array_equal(*painted)
