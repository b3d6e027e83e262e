"""Sources, parts and batches."""

import dataclasses
import math
import os

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from conftest import colorful_photo
from PIL import Image
from skimage import color as skcolor

from tfcolor import config, data
from tfcolor.data import augment, batches, files, samples, squares, tfds_sets
from tfcolor.prepare import parts

SETTINGS = config.DataConfig()
SLOW = pytest.mark.slow


def ids(photos):
    return [int(record["image_id"]) for record in photos.records]


def first_batches(photos, count, settings=SETTINGS, seed=0, position=0):
    stream = batches.train_batches(photos, settings, 32, 4, seed, position)
    return [{key: value.numpy() for key, value in batch.items()} for batch in stream.take(count)]


# Folders


def test_a_folder_gives_its_photographs_in_order_of_their_path(photo_folder):
    photos = files.from_folder(photo_folder)
    assert photos.count == 40
    assert list(photos.names.values())[:2] == ["album0/photo00.png", "album0/photo03.png"]
    first = next(iter(photos.examples()))
    np.testing.assert_array_equal(first["rgb"], colorful_photo(0))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".gif"])
def test_a_folder_takes_every_format(tmp_path, suffix):
    Image.fromarray(colorful_photo(1)).save(tmp_path / f"a photo{suffix.upper()}")
    (example,) = files.from_folder(tmp_path).examples()
    assert example["rgb"].shape == (48, 64, 3)


def test_broken_and_tiny_photographs_are_named_counted_and_skipped(tmp_path, caplog):
    (tmp_path / "text.jpg").write_text("not a picture")
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    Image.fromarray(colorful_photo(1)).save(tmp_path / "good.png")
    photos = files.from_folder(tmp_path)
    assert photos.count == 3
    for _ in range(2):  # named once, however often they come by
        assert len(list(photos.examples())) == 1
    assert len(photos.skipped) == 2
    text, dot = sorted(record.getMessage() for record in caplog.records)[::-1]
    assert "text.jpg is not a photograph" in text
    assert "dot.png: 1 x 1 pixels" in dot


def test_a_name_that_is_no_unicode_is_read(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.png"
    with open(path, "wb") as file:
        Image.fromarray(colorful_photo(1)).save(file, "PNG")
    (example,) = files.from_folder(tmp_path).examples()
    np.testing.assert_array_equal(example["rgb"], colorful_photo(1))


def test_parts_are_disjoint_and_cover_the_folder(photo_folder):
    whole, train, validation = (
        set(ids(files.from_folder(photo_folder, part))) for part in ("all", "train", "validation")
    )
    assert train | validation == whole
    assert not train & validation
    assert 1 <= len(validation) <= 6


def test_about_one_photograph_in_twenty_is_for_validation():
    share = np.mean([files.is_validation(f"IMG_{index:04d}.JPG") for index in range(10_000)])
    assert share == pytest.approx(1 / 20, rel=0.15)  # 3 sigma of a binomial is 13 %


def test_adding_photographs_moves_none(photo_folder, tmp_path):
    before = {name: i for i, name in files.from_folder(photo_folder, "train").names.items()}
    Image.fromarray(colorful_photo(99)).save(tmp_path / "aaa.png")
    for path in photo_folder.rglob("*.png"):
        target = tmp_path / path.relative_to(photo_folder)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    after = {name: i for i, name in files.from_folder(tmp_path, "train").names.items()}
    assert before.items() <= after.items()


@pytest.mark.parametrize(
    ("part", "message"),
    [("test", "has no test part"), ("everything", "part must be one of train")],
)
def test_a_part_that_a_folder_lacks_is_an_error(photo_folder, part, message):
    settings = config.DataConfig(source=str(photo_folder))
    with pytest.raises(ValueError, match=message):
        data.open_part(settings, part)


@pytest.mark.parametrize(
    ("part", "limit"), [("train", "train_limit"), ("validation", "validation_limit")]
)
def test_a_limit_takes_photographs_of_all_folders_and_always_the_same(sorted_folder, part, limit):
    settings = config.DataConfig(source=str(sorted_folder), **{limit: 100})
    photos = data.open_part(settings, part)
    assert photos.count == 100
    assert len({photos.name(image_id).split("/")[0] for image_id in ids(photos)}) >= 17
    assert ids(data.open_part(settings, part)) == ids(photos)
    more = data.open_part(dataclasses.replace(settings, **{limit: 150}), part)
    assert set(ids(photos)) < set(ids(more))


def test_a_limit_of_a_folder_has_nothing_to_do_with_the_order_of_names(photo_folder):
    settings = config.DataConfig(source=str(photo_folder), train_limit=5, validation_limit=1)
    train = data.open_part(settings, "train")
    assert (train.count, len(ids(train))) == (5, 5)
    assert data.open_part(settings, "validation").count == 1


# Samples


def test_sample_parts_are_disjoint_and_hold_no_gray_photograph():
    parts = {part: set(ids(samples.from_package(part))) for part in ("train", "validation", "test")}
    assert sum(len(part) for part in parts.values()) == len(set().union(*parts.values())) == 96
    assert len(parts["test"]) == 16
    assert parts["validation"]
    assert set(ids(samples.from_package("all"))) == set().union(*parts.values())


# TFDS


@pytest.fixture(scope="module")
def tfds_dir(tmp_path_factory):
    """A coco/2017 of 60 and 20 photographs on disk, written by TFDS's own writer."""
    folder = tmp_path_factory.mktemp("tfds")
    builder = tfds.builder("coco/2017", data_dir=folder)

    def examples(first, count):
        for image_id in range(first, first + count):
            yield (
                image_id,
                {
                    "image": colorful_photo(image_id),
                    "image/filename": f"{image_id:012d}.jpg",
                    "image/id": image_id,
                    "objects": [],
                },
            )

    with pytest.MonkeyPatch.context() as patch:
        parts = {"train": examples(100, 60), "validation": examples(500, 20)}
        patch.setattr(type(builder), "_split_generators", lambda self, manager: parts)
        builder.download_and_prepare()
    return folder


def test_tfds_parts_are_the_default_splits_shortened_to_what_is_there(tfds_dir):
    settings = config.DataConfig(source="coco/2017", data_dir=str(tfds_dir))
    train, validation, test, everything = (
        ids(data.open_part(settings, part)) for part in ("train", "validation", "test", "all")
    )
    assert everything == train + validation
    assert sorted(everything) == list(range(100, 160))
    assert len(validation) == 3
    assert sorted(test) == list(range(500, 520))


def test_tfds_records_hold_encoded_bytes_and_load_to_pixels(tfds_dir):
    photos = tfds_sets.from_tfds("coco/2017", "validation", data_dir=str(tfds_dir))
    assert photos.records.element_spec["bytes"].dtype == tf.string
    example = next(iter(photos.examples()))
    assert example["rgb"].dtype == tf.uint8
    truth = colorful_photo(int(example["image_id"]))
    assert np.abs(example["rgb"].numpy().astype(int) - truth).mean() < 3  # JPEG


def test_tfds_batches_train(tfds_dir):
    settings = config.DataConfig(source="coco/2017", data_dir=str(tfds_dir))
    seen = first_batches(data.open_part(settings, "train"), 20, settings)
    assert len({int(i) for batch in seen[:14] for i in batch["image_id"]}) >= 50


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("no_such_set/2017", "train", "neither a folder nor a TFDS set"),
        ("/no/such/folder", "train", "'/no/such/folder' is neither a folder nor a TFDS set"),
        ("coco/2999", "train", "neither a folder nor a TFDS set"),
        ("coco/2017", "holdout", "no split 'holdout'; it has train, validation"),
        ("mnist", "train", "is not in .*tfds build mnist --data_dir"),
        ("imdb_reviews", "train", "no 'image' feature"),
    ],
)
def test_a_tfds_set_that_cannot_be_used_is_one_line_with_the_remedy(tfds_dir, name, split, message):
    with pytest.raises(ValueError, match=message) as caught:
        tfds_sets.from_tfds(name, split, data_dir=str(tfds_dir))
    assert "\n" not in str(caught.value)


@pytest.fixture
def small_coco(monkeypatch):
    """TFDS's coco with a download of nothing and four photographs."""
    kind = type(tfds.builder("coco/2017", data_dir="/nowhere", try_gcs=False))

    def examples():
        for number in range(4):
            picture = {"image": colorful_photo(number), "image/filename": f"{number}.jpg"}
            yield number, {**picture, "image/id": number, "objects": []}

    parts = {"train": examples(), "validation": examples()}
    monkeypatch.setattr(kind, "_split_generators", lambda self, manager: parts)
    return kind


def test_a_download_says_its_size_first_and_is_done_once(small_coco, tmp_path, caplog, monkeypatch):
    usage = type("Usage", (), {"free": 100e9})
    monkeypatch.setattr(tfds_sets.shutil, "disk_usage", lambda path: usage)
    settings = config.DataConfig(source="coco/2017", data_dir=str(tmp_path / "new"))
    with caplog.at_level("INFO", "tfcolor"):
        data.download(settings)
        data.download(settings)
    told = [record.getMessage() for record in caplog.records if "to download" in record.message]
    assert told == [
        "coco/2017 is about 27.9 GB to download and takes 84 GB of the 100 GB free in "
        f"{tmp_path / 'new'}"
    ]
    assert data.open_part(settings, "all").count == 4


def test_a_download_that_cannot_fit_or_fails_is_one_line(small_coco, tmp_path, monkeypatch):
    settings = config.DataConfig(source="coco/2017", data_dir=str(tmp_path))
    usage = type("Usage", (), {"free": 50e9})
    monkeypatch.setattr(tfds_sets.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ValueError, match="has 50 GB free; give a --data-dir with more space"):
        data.download(settings)

    def fail(self):
        raise RuntimeError("no such\nhost")

    usage.free = 500e9
    monkeypatch.setattr(small_coco, "download_and_prepare", fail)
    with pytest.raises(OSError, match="coco/2017 cannot be fetched .no such host.; run the"):
        data.download(settings)


def test_folders_and_samples_need_no_download(photo_folder):
    for source in ("samples", str(photo_folder)):
        data.download(config.DataConfig(source=source))


# Batches


def test_training_batches_are_planes_in_range(photo_folder):
    (batch,) = first_batches(files.from_folder(photo_folder), 1)
    assert batch["l"].shape == (4, 32, 32, 1)
    assert batch["ab"].shape == (4, 32, 32, 2)
    assert batch["l"].dtype == batch["ab"].dtype == np.float32
    assert np.abs(batch["l"]).max() <= 1
    assert np.abs(batch["ab"]).max() <= 1
    assert batch["ab"].std() > 0.05


def test_a_seed_makes_the_stream_repeat_and_another_seed_changes_it(photo_folder):
    photos = files.from_folder(photo_folder)
    first, same, other = (first_batches(photos, 3, seed=seed) for seed in (1, 1, 2))
    for a, b in zip(first, same, strict=True):
        for key in a:
            np.testing.assert_array_equal(a[key], b[key])
    assert any(not np.array_equal(a["l"], b["l"]) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("seed", [0, pytest.param(5, marks=SLOW)])
def test_the_stream_does_not_depend_on_the_seed_of_the_program(photo_folder, seed):
    photos = files.from_folder(photo_folder)
    before = first_batches(photos, 3)
    tf.random.set_seed(seed)
    try:
        after = first_batches(photos, 3)
    finally:
        tf.random.set_seed(None)
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a["position"], b["position"])
        np.testing.assert_array_equal(a["l"], b["l"])


def test_every_photograph_comes_once_an_epoch_in_an_order_drawn_anew(photo_folder):
    photos = files.from_folder(photo_folder)
    seen = np.concatenate([batch["image_id"] for batch in first_batches(photos, 20)])
    epochs = seen.reshape(2, 40)
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(ids(photos))
    assert list(epochs[0]) != list(epochs[1])
    assert list(epochs[0]) != ids(photos)


@pytest.mark.parametrize("done", [1, pytest.param(7, marks=SLOW), pytest.param(13, marks=SLOW)])
def test_a_stream_entered_at_its_position_goes_on_as_if_never_stopped(photo_folder, tmp_path, done):
    # A gray and a broken photograph, so that positions run ahead of the photographs used.
    for path in photo_folder.rglob("*.png"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    Image.new("RGB", (40, 40), "gray").save(tmp_path / "gray.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    photos = files.from_folder(tmp_path)
    whole = first_batches(photos, done + 4)
    position = int(whole[done - 1]["position"][-1]) + 1
    rest = first_batches(photos, 4, position=position)
    for a, b in zip(whole[done:], rest, strict=True):
        for key in a:
            np.testing.assert_array_equal(a[key], b[key])


def test_gray_photographs_are_dropped_from_training(photo_folder, tmp_path):
    for index in range(6):
        gray = np.repeat(colorful_photo(index)[..., :1], 3, axis=2)
        Image.fromarray(gray).save(tmp_path / f"gray{index}.png")
        Image.fromarray(colorful_photo(index)).save(tmp_path / f"color{index}.png")
    photos = files.from_folder(tmp_path)
    seen = {int(i) for batch in first_batches(photos, 6) for i in batch["image_id"]}
    assert {photos.name(i) for i in seen} == {f"color{index}.png" for index in range(6)}


def test_mean_chroma_matches_skimage():
    rgb = colorful_photo(3, 40, 60)  # under 64 pixels a side every pixel is looked at
    lab = skcolor.rgb2lab(rgb)
    expected = np.hypot(lab[..., 1], lab[..., 2]).mean()
    assert float(squares.mean_chroma(tf.constant(rgb))) == pytest.approx(expected, rel=1e-4)


def test_nothing_to_train_on_is_an_error_and_not_an_endless_wait(tmp_path):
    Image.new("RGB", (40, 40), "gray").save(tmp_path / "gray.png")
    (tmp_path / "broken.jpg").write_text("no")
    with pytest.raises(
        ValueError, match="nothing to train on in .*: 1 gray, 1 broken or too small"
    ):
        batches.require_usable(files.from_folder(tmp_path), SETTINGS)


def test_evaluation_takes_every_photograph_once_and_drops_no_remainder(photo_folder):
    photos = files.from_folder(photo_folder)
    seen = list(batches.eval_batches(photos, 32, 16))
    assert [len(batch["rgb"]) for batch in seen] == [16, 16, 8]
    assert np.concatenate([batch["image_id"] for batch in seen]).tolist() == ids(photos)


# Order

CLASSES, OF_EACH, BATCH = 20, 400, 16
# Classes that a batch holds when each photograph is drawn by chance.
BY_CHANCE = CLASSES * (
    1 - math.comb((CLASSES - 1) * OF_EACH, BATCH) / math.comb(CLASSES * OF_EACH, BATCH)
)


@pytest.fixture(scope="module")
def sorted_folder(tmp_path_factory):
    """20 classes of 400 photographs, a folder each; those of a class are one file."""
    folder = tmp_path_factory.mktemp("sorted")
    for number in range(CLASSES):
        (folder / f"{number:02}").mkdir()
        first = folder / f"{number:02}/000.jpg"
        Image.fromarray(colorful_photo(number, 32, 32)).save(first)
        for copy in range(1, OF_EACH):
            os.link(first, folder / f"{number:02}/{copy:03}.jpg")
    return folder


@pytest.fixture(scope="module", params=[1, 5])
def sorted_set(sorted_folder, tmp_path_factory, request):
    """The same as a TFDS set, some shards for each class; ids are 1000 x class + number."""
    to = tmp_path_factory.mktemp("set")
    count = CLASSES * request.param
    template = tfds.core.ShardedFileTemplate(
        data_dir=to, dataset_name="photographs", filetype_suffix="tfrecord"
    )
    size = OF_EACH // request.param
    for shard in range(count):
        number, part = divmod(shard, request.param)
        jpeg = (sorted_folder / f"{number:02}/000.jpg").read_bytes()
        name = f"photographs-train.tfrecord-{shard:05}-of-{count:05}"
        with tf.io.TFRecordWriter(str(to / name)) as writer:
            for copy in range(part * size, part * size + size):
                example = {"image": jpeg, "image/filename": "x", "image/id": 1000 * number + copy}
                writer.write(
                    parts.FEATURES.serialize_example(parts.FEATURES.encode_example(example))
                )
    split = tfds.core.SplitInfo(
        name="train", shard_lengths=[size] * count, num_bytes=1, filename_template=template
    )
    tfds.folder_dataset.write_metadata(
        data_dir=to,
        features=parts.FEATURES,
        split_infos=[split],
        version="1.0.0",
        filename_template=template,
        check_data=False,
    )
    return to


def order_of(photos, epoch, start=0):
    """Ids in the order of an epoch, with the default shuffle buffer; int64 (n - start,)."""
    epoch, start = tf.constant(epoch, tf.int64), tf.constant(start, tf.int64)
    records = photos.store.shuffled(3, epoch, start, SETTINGS.shuffle_buffer)
    image_ids = records.map(lambda record: record["image_id"]).batch(1000)
    return np.concatenate(list(image_ids.as_numpy_iterator()))


def assert_mixed(epochs, class_of):
    """Whether batches of two epochs, int64 (2, 500, 16), are as if drawn by chance."""
    for epoch in epochs:
        assert len(np.unique(epoch)) == CLASSES * OF_EACH  # each once
        classes = [len({class_of(int(image_id)) for image_id in batch}) for batch in epoch]
        # A batch by chance has a standard deviation of 1.3: four times that of a mean of 500.
        assert np.mean(classes) == pytest.approx(BY_CHANCE, abs=0.24)
    assert (epochs[0] != epochs[1]).mean() > 0.99


@pytest.mark.slow
def test_batches_of_a_folder_hold_as_many_classes_as_chance_gives(sorted_folder):
    photos = files.from_folder(sorted_folder)
    stream = batches.train_batches(photos, SETTINGS, 16, BATCH, seed=0)
    count = photos.count // BATCH
    seen = np.array([batch["image_id"].numpy() for batch in stream.take(2 * count)])
    epochs = seen.reshape(2, count, BATCH)
    assert_mixed(epochs, lambda image_id: photos.name(image_id).split("/")[0])


def test_sorted_shards_of_a_set_are_read_in_an_order_as_by_chance(sorted_set):
    photos = tfds_sets.from_prepared(sorted_set)
    epochs = np.array([order_of(photos, epoch).reshape(-1, BATCH) for epoch in range(2)])
    assert_mixed(epochs, lambda image_id: image_id // 1000)


@pytest.mark.parametrize("place", [1, 4100, 7999])
def test_an_order_can_be_entered_anywhere(sorted_folder, sorted_set, place):
    for photos in (files.from_folder(sorted_folder), tfds_sets.from_prepared(sorted_set)):
        np.testing.assert_array_equal(order_of(photos, 4)[place:], order_of(photos, 4, place))


def test_workers_share_an_epoch(sorted_set):
    photos = tfds_sets.from_prepared(sorted_set).take(160)
    seen = []
    for worker in range(2):
        stream = batches.train_batches(photos, SETTINGS, 16, 16, seed=0, shard=(2, worker))
        seen += [image_id for batch in stream.take(5) for image_id in batch["image_id"].numpy()]
    assert len(seen) == len(set(seen)) == 160


# Augmentation


def test_center_crop_of_a_square_at_its_own_size_changes_nothing():
    rgb = colorful_photo(1, 32, 32)
    np.testing.assert_array_equal(augment.center_crop(tf.constant(rgb), 32), rgb)


def test_center_crop_takes_the_middle():
    rgb = np.zeros((20, 60, 3), np.uint8)
    rgb[:, 20:40] = 255
    assert augment.center_crop(tf.constant(rgb), 20).numpy().min() == 255


def test_reducing_is_antialiased():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    reduced = augment.center_crop(tf.constant(stripes), 16).numpy()
    assert np.abs(reduced.astype(int) - 127)[2:-2, 2:-2].max() <= 4


def test_crops_are_stateless_and_agree_in_a_dataset():
    rgb = tf.constant(colorful_photo(2, 40, 70))

    def spoil(draw):
        return augment.random_crop(rgb, 32, 0.6, draw)

    draws = tf.random.stateless_uniform((16, 3), (0, 1))
    eager = [spoil(draw).numpy() for draw in draws]
    mapped = list(tf.data.Dataset.from_tensor_slices(draws).map(spoil).as_numpy_iterator())
    np.testing.assert_array_equal(eager, mapped)
    assert len({picture.tobytes() for picture in eager}) == 16


def test_the_mirror_takes_those_it_is_told_and_their_planes(photo_folder):
    rgb = tf.constant(np.stack([colorful_photo(seed, 4, 6) for seed in range(3)]))
    seen = augment.mirror(rgb, tf.constant([False, True, False])).numpy()
    np.testing.assert_array_equal(seen[1], rgb.numpy()[1, :, ::-1])
    np.testing.assert_array_equal(seen[::2], rgb.numpy()[::2])


def test_half_of_the_training_photographs_are_mirrored(tmp_path):
    Image.fromarray(colorful_photo(2, 32, 32)).save(tmp_path / "one.png")
    settings = config.DataConfig(crop_min_fraction=1.0)
    stream = batches.train_batches(files.from_folder(tmp_path), settings, 32, 200, seed=0)
    batch = next(iter(stream))
    kinds, counts = np.unique(batch["l"].numpy(), axis=0, return_counts=True)
    assert len(kinds) == 2 and 70 < counts[0] < 130
    np.testing.assert_allclose(kinds[0], kinds[1][:, ::-1], atol=1e-5)
    pairs = np.concatenate([batch["l"], batch["ab"]], axis=-1)
    assert len(np.unique(pairs, axis=0)) == 2  # the colors go with the lightness


def test_random_crops_keep_their_side_within_the_fraction():
    # A ramp along both axes shows how many pixels a crop spans.
    ramp = np.arange(100, dtype=np.uint8)
    rgb = tf.constant(np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(0)), -1))
    spans = []
    for index in range(200):
        draw = tf.random.stateless_uniform((3,), (3, index))
        crop = augment.random_crop(rgb, 100, 0.5, draw).numpy().astype(int)
        spans.append(crop[-1, 0, 0] - crop[0, 0, 0] + 1)
        assert abs(spans[-1] - (crop[0, -1, 1] - crop[0, 0, 1] + 1)) <= 1
    assert 49 <= min(spans) < 55
    assert 95 < max(spans) <= 100


def test_folders_of_one_name_get_names_of_their_own(tmp_path):
    folders = [tmp_path / name for name in ("a/box", "b/box", "box-2")]
    for folder in folders:
        folder.mkdir(parents=True)
        Image.fromarray(colorful_photo(0)).save(folder / "1.png")
    names = set(files.from_folders(folders).names.values())
    assert names == {"box/1.png", "box-2/1.png", "box-2-2/1.png"}
