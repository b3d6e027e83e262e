"""EfficientNet-Lite0 with the ImageNet weights that come with the package."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from skimage import data

from tfcolor.color import cielab
from tfcolor.evaluation.features import extractors
from tfcolor.models import colornet, efficientnet

CATS = range(281, 286)  # tabby, tiger cat, Persian, Siamese, Egyptian
COFFEE = (504, 967)  # coffee mug, espresso


def center(rgb, side=224):
    """The center square of a photograph, resized; float32 (1, side, side, 3) in [0, 255]."""
    short = min(rgb.shape[:2])
    square = tf.image.resize_with_crop_or_pad(rgb, short, short)
    square = tf.image.resize(square, (side, side), "bicubic", antialias=True)
    return np.clip(square, 0, 255)[None]


@pytest.fixture(scope="module")
def photographs():
    """The cat and the coffee of scikit-image; float32 (2, 224, 224, 3) in [0, 255]."""
    return np.concatenate([center(data.chelsea()), center(data.coffee())])


@pytest.fixture(scope="module")
def classifier():
    """The bundled classifier; not to be changed."""
    return efficientnet.build_classifier()


def test_every_weight_has_its_place(classifier):
    with np.load(efficientnet.WEIGHTS) as weights:
        assert set(weights) == {variable.path for variable in classifier.variables}
        assert all(weights[name].dtype == np.float16 for name in weights)
        assert all(np.isfinite(weights[name]).all() for name in weights)
    assert 4.6e6 < classifier.count_params() < 4.8e6
    assert efficientnet.WEIGHTS.stat().st_size < 20e6


def test_a_cat_and_a_cup_of_coffee_are_classified_rightly(classifier, photographs):
    cat, coffee = tf.nn.softmax(classifier(photographs, training=False)).numpy()
    assert cat.argmax() in CATS
    assert cat[list(CATS)].sum() > 0.8  # 0.88 measured
    assert coffee.argmax() in COFFEE
    assert coffee[list(COFFEE)].sum() > 0.8  # 0.94 measured


def test_lightness_alone_is_classified_rightly_too(classifier, photographs):
    l, _ = cielab.split(cielab.rgb_to_lab(photographs / 255))
    gray = 127 + 128 * np.repeat(l, 3, axis=-1)
    cat, coffee = classifier(gray, training=False).numpy()
    assert cat.argmax() in CATS and coffee.argmax() in COFFEE


def test_features_of_every_stride_and_of_the_whole(photographs):
    out = efficientnet.build_features()(photographs, training=False)
    channels = {2: 16, 4: 24, 8: 40, 16: 112, 32: 320}
    for stride in efficientnet.STRIDES:
        side = 224 // stride
        assert out[f"stride{stride}"].shape == (2, side, side, channels[stride])
    assert out["pooled"].shape == (2, efficientnet.FEATURES)


def test_one_channel_sees_what_three_equal_channels_see(rng):
    plane = rng.uniform(-1, 1, (2, 64, 96, 1)).astype(np.float32)
    outputs = []
    for channels in (1, 3):
        x = keras.Input((None, None, channels))
        model = keras.Model(x, efficientnet.encode(x))
        efficientnet.load_encoder(model)
        outputs.append(model(np.repeat(plane, channels, axis=-1), training=False))
    for stride in efficientnet.STRIDES:
        np.testing.assert_allclose(outputs[0][stride], outputs[1][stride], atol=1e-4)


def test_three_channels_are_the_classifiers_own(photographs):
    x = keras.Input((None, None, 3))
    model = keras.Model(x, efficientnet.encode(x))
    efficientnet.load_encoder(model)
    ours = model((photographs - 127) / 128, training=False)
    expected = efficientnet.build_features()(photographs, training=False)
    np.testing.assert_allclose(ours[32], expected["stride32"], atol=1e-4)


def test_the_encoder_loads_into_our_generator_and_leaves_the_rest():
    generator = colornet.build()
    before = {v.path: v.numpy() for v in generator.variables}
    efficientnet.load_encoder(generator)
    changed = {v.path for v in generator.variables if np.any(v.numpy() != before[v.path])}
    assert changed == {path for path in before if path.startswith("encoder_")}


def test_a_model_without_the_encoder_is_named():
    x = keras.Input((None, None, 1))
    model = keras.Model(x, keras.layers.Conv2D(2, 1)(x), name="other")
    with pytest.raises(ValueError, match="other has no EfficientNet-Lite0 encoder"):
        efficientnet.load_encoder(model)
    with pytest.raises(ValueError, match="imagenet"):
        efficientnet.build_classifier(weights="coco")


@pytest.mark.slow
def test_pooled_features_are_those_of_the_network_at_224(photographs):
    rgb = np.round(photographs).astype(np.uint8)
    expected = efficientnet.build_features()(rgb.astype(np.float32), training=False)["pooled"]
    pooled = extractors.efficientnet_lite0(rgb)
    np.testing.assert_allclose(pooled, expected, atol=1e-4)
    assert pooled.dtype == np.float32 and pooled.min() >= 0 and pooled.max() <= 6


def test_pooled_features_do_not_depend_on_the_batch():
    rgb = np.random.default_rng(0).integers(0, 256, (extractors.CHUNK + 2, 40, 56, 3), np.uint8)
    together = extractors.efficientnet_lite0(rgb)
    assert together.shape == (extractors.CHUNK + 2, efficientnet.FEATURES)
    np.testing.assert_allclose(together[-1:], extractors.efficientnet_lite0(rgb[-1:]), atol=1e-4)
    assert extractors.efficientnet_lite0(rgb[:0]).shape == (0, efficientnet.FEATURES)
    with pytest.raises(ValueError, match="uint8"):
        extractors.efficientnet_lite0(rgb / 255)


def test_logits_beside_the_features_are_those_of_the_classifier(classifier, photographs):
    rgb = np.round(photographs).astype(np.uint8)
    pooled, logits = extractors.network("efficientnet-lite0").extract(rgb)
    np.testing.assert_array_equal(pooled, extractors.efficientnet_lite0(rgb))
    expected = classifier(rgb.astype(np.float32), training=False)
    np.testing.assert_allclose(logits, expected, atol=1e-4)


@pytest.mark.slow
def test_the_classifier_gives_the_same_under_the_jax_backend(
    classifier, photographs, under_jax, tmp_path
):
    np.save(tmp_path / "rgb.npy", photographs)
    program = """
import numpy as np
from tfcolor.models import efficientnet
np.save("logits.npy", efficientnet.build_classifier()(np.load("rgb.npy"), training=False))
"""
    under_jax(program, tmp_path)
    logits = classifier(photographs, training=False)
    # float32, two libraries; logits reach 11
    np.testing.assert_allclose(np.load(tmp_path / "logits.npy"), logits, atol=1e-3)
