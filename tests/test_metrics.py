"""Every metric against an independent implementation, and in the right direction."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import colorful_photo
from scipy import ndimage
from skimage import color as skcolor
from skimage import metrics as skmetrics

from tfcolor.color import ciede2000, cielab, classes
from tfcolor.evaluation import metrics
from tfcolor.evaluation.metrics import ab_error, colorfulness, delta_e, hues, mse, spill, ssim

# A selection of the 34 pairs of Sharma, Wu and Dalal 2005, table 1, with the published difference:
# hue arcs across 0 and 180 degrees, near gray, and the blue region.
SHARMA = [
    ((50.0000, 2.6772, -79.7751), (50.0000, 0.0000, -82.7485), 2.0425),
    ((50.0000, 2.8361, -74.0200), (50.0000, 0.0000, -82.7485), 3.4412),
    ((50.0000, 0.0000, 0.0000), (50.0000, -1.0000, 2.0000), 2.3669),
    ((50.0000, 2.4900, -0.0010), (50.0000, -2.4900, 0.0009), 7.1792),
    ((50.0000, 2.4900, -0.0010), (50.0000, -2.4900, 0.0011), 7.2195),
    ((50.0000, -0.0010, 2.4900), (50.0000, 0.0011, -2.4900), 4.7461),
    ((50.0000, 2.5000, 0.0000), (73.0000, 25.0000, -18.0000), 27.1492),
    ((50.0000, 2.5000, 0.0000), (56.0000, -27.0000, -3.0000), 31.9030),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
    ((35.0831, -44.1164, 3.7933), (35.0232, -40.0716, 1.5901), 1.8645),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.fixture
def pair(rng):
    """Two batches of pictures; uint8 (3, 40, 52, 3)."""
    truth = np.stack([colorful_photo(seed, 40, 52) for seed in range(3)])
    noise = rng.normal(0, 20, truth.shape)
    return truth, np.clip(truth + noise, 0, 255).astype(np.uint8)


def test_mse_and_psnr_match_skimage(pair):
    truth, fake = pair
    for index in range(len(truth)):
        a, b = truth[index] / 255.0, fake[index] / 255.0
        expected = skmetrics.mean_squared_error(a, b)
        assert float(mse.mse(truth, fake)[index]) == pytest.approx(expected, rel=1e-5)
        expected = skmetrics.peak_signal_noise_ratio(a, b, data_range=1)
        assert float(mse.psnr(truth, fake)[index]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("spoil", ["noise", "gray"])
def test_ssim_matches_skimage(pair, spoil):
    truth, fake = pair
    # White margins and gray fakes: flat bright areas are where rounding shows.
    truth[:, :, :20] = 255
    fake = fake if spoil == "noise" else cielab.without_color(truth).numpy()
    for index in range(len(truth)):
        expected = skmetrics.structural_similarity(
            truth[index] / 255.0,
            fake[index] / 255.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1,
            channel_axis=-1,
        )
        assert float(ssim.ssim(truth, fake)[index]) == pytest.approx(expected, abs=1e-6)


def test_ssim_uniform_matches_the_defaults_of_skimage(pair):
    truth, fake = pair
    for index in range(len(truth)):
        expected = skmetrics.structural_similarity(
            truth[index] / 255.0, fake[index] / 255.0, data_range=1, channel_axis=-1
        )
        ours = float(ssim.ssim_uniform(truth, fake)[index])
        # scikit-image averages over the picture without a border of 3, as ours does.
        assert ours == pytest.approx(expected, abs=1e-6)


def test_ssim_of_a_picture_under_its_window_is_an_error():
    with pytest.raises(ValueError, match="at least 11 pixels, got 10"):
        ssim.ssim(tf.zeros((1, 10, 40, 3)), tf.zeros((1, 10, 40, 3)))
    with pytest.raises(ValueError, match="at least 7 pixels, got 6"):
        ssim.ssim_uniform(tf.zeros((1, 6, 40, 3)), tf.zeros((1, 6, 40, 3)))


def test_ab_error_matches_skimage(pair):
    truth, fake = pair
    difference = skcolor.rgb2lab(truth)[..., 1:] - skcolor.rgb2lab(fake)[..., 1:]
    expected = np.linalg.norm(difference, axis=-1).mean(axis=(1, 2))
    np.testing.assert_allclose(ab_error.ab_error(truth, fake), expected, rtol=1e-4)


def test_ab_auc_is_near_the_sum_over_whole_thresholds(pair):
    truth, fake = pair
    difference = skcolor.rgb2lab(truth)[..., 1:] - skcolor.rgb2lab(fake)[..., 1:]
    error = np.linalg.norm(difference, axis=-1)
    under = (error[..., None] <= np.arange(151)).mean(axis=(1, 2, 3))
    ours = ab_error.ab_auc(truth, fake).numpy()
    # A step of 1 counts an error as up to 1 smaller, half of it on average: 0.5 of 151.
    np.testing.assert_allclose(ours, 100 * under, atol=0.4)
    exact = 100 * np.maximum(1 - error / 150, 0).mean(axis=(1, 2))
    np.testing.assert_allclose(ours, exact, rtol=1e-5)


def test_ab_auc_rebalanced_weighs_pixels_by_their_nearest_bin(pair):
    truth, fake = pair
    lab = skcolor.rgb2lab(truth)[..., 1:]
    error = np.linalg.norm(lab - skcolor.rgb2lab(fake)[..., 1:], axis=-1)
    bins, prior = classes.ab_bins(), classes.prior()
    nearest = np.linalg.norm(lab[..., None, :] - bins, axis=-1).argmin(axis=-1)
    weights = np.minimum(1 / (len(bins) * prior[nearest]), ab_error.MAX_RARITY)
    accuracy = 100 * np.maximum(1 - error / 150, 0)
    expected = (weights * accuracy).sum(axis=(1, 2)) / weights.sum(axis=(1, 2))
    # A color half way between two bins may fall to the other, by rounding in float32.
    np.testing.assert_allclose(ab_error.ab_auc_rebalanced(truth, fake), expected, rtol=2e-3)
    np.testing.assert_allclose(ab_error.rarity(truth), weights.mean(axis=(1, 2)), rtol=2e-3)


def test_gray_loses_by_rebalancing():
    truth = np.stack([colorful_photo(seed, 40, 52) for seed in range(3)])
    gray = cielab.without_color(truth)
    assert np.all(ab_error.ab_auc_rebalanced(truth, gray) < ab_error.ab_auc(truth, gray))


def test_delta_colorfulness_is_the_absolute_difference(pair):
    truth, fake = pair
    expected = [
        abs(reference_colorfulness(a, False) - reference_colorfulness(b, False))
        for a, b in zip(fake, truth, strict=True)
    ]
    np.testing.assert_allclose(colorfulness.delta_colorfulness(truth, fake), expected, atol=1e-3)


def test_delta_e_matches_skimage(pair):
    truth, fake = pair
    expected = skcolor.deltaE_ciede2000(skcolor.rgb2lab(truth), skcolor.rgb2lab(fake))
    np.testing.assert_allclose(delta_e.delta_e(truth, fake), expected.mean(axis=(1, 2)), rtol=1e-4)


def test_delta_e_matches_skimage_over_all_of_lab(rng):
    first, second = rng.uniform([0, -128, -128], [100, 127, 127], (2, 20000, 3))
    expected = skcolor.deltaE_ciede2000(first, second)
    tensors = tf.constant(first, tf.float32), tf.constant(second, tf.float32)
    ours = ciede2000.ciede2000(*tensors, keras.ops)
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(ciede2000.ciede2000(first, second, np), expected, atol=1e-9)


@pytest.mark.parametrize(("first", "second", "expected"), SHARMA)
def test_delta_e_gives_the_published_differences(first, second, expected):
    for a, b in ((first, second), (second, first)):
        ours = ciede2000.ciede2000(tf.constant([a]), tf.constant([b]), keras.ops)
        assert float(ours[0]) == pytest.approx(expected, abs=1e-3)  # float32; published 4 digits
        exact = ciede2000.ciede2000(np.array(a), np.array(b), np)
        assert exact == pytest.approx(expected, abs=1e-4)


def test_delta_e_of_neutral_colors_is_finite(rng):
    gray = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 16, 16, 3)
    other = rng.permutation(256).astype(np.uint8).repeat(3).reshape(1, 16, 16, 3)
    assert np.isfinite(delta_e.delta_e(gray, other)).all()


def reference_colorfulness(rgb, absolute):
    """Straight from the paper, in float64."""
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    rg, yb = red - green, (red + green) / 2 - blue
    if absolute:
        rg, yb = np.abs(rg), np.abs(yb)
    return np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())


def test_colorfulness_matches_the_formula_in_float64(pair):
    truth, _ = pair
    for index, rgb in enumerate(truth):
        signed = colorfulness.colorfulness(truth)[index]
        absolute = colorfulness.colorfulness_absolute(truth)[index]
        assert float(signed) == pytest.approx(reference_colorfulness(rgb, False), rel=1e-4)
        assert float(absolute) == pytest.approx(reference_colorfulness(rgb, True), rel=1e-4)


def test_gray_has_no_colorfulness_and_the_absolute_one_is_lower(pair):
    truth, _ = pair
    assert np.all(colorfulness.colorfulness(cielab.without_color(truth)).numpy() == 0.0)
    assert np.all(colorfulness.colorfulness_absolute(truth) < colorfulness.colorfulness(truth))


def scores(truth, fake):
    return {name: float(metric(truth, fake)[0]) for name, metric in metrics.PER_PHOTOGRAPH.items()}


def saturated(rgb, factor):
    """The same lightness and hue, chroma times `factor`, mapped to the gamut."""
    l, ab = cielab.rgb_to_planes(rgb)
    return cielab.to_uint8(cielab.planes_to_rgb(l, factor * ab))


def test_a_photograph_against_itself_is_perfect(pair):
    truth, _ = pair
    same = scores(truth, truth)
    assert same["ssim"] == pytest.approx(1.0, abs=1e-6)
    assert same["psnr"] == np.inf
    assert same["ssim_uniform"] == pytest.approx(1.0, abs=1e-6)
    assert same["mse"] == same["delta_colorfulness"] == 0.0
    assert same["ab_auc"] == pytest.approx(100.0, abs=1e-4)
    assert same["ab_auc_rebalanced"] == pytest.approx(100.0, abs=1e-4)
    # Two threads may round a power apart, in float32.
    assert same["ab_error"] == pytest.approx(0.0, abs=1e-5)
    assert same["delta_e00"] == pytest.approx(0.0, abs=1e-5)


def worse_pictures(truth, rng):
    """Ways to spoil a photograph, each mild and strong."""
    noise = rng.normal(0, 1, truth.shape)

    def noisy(sigma):
        return np.clip(truth + sigma * noise, 0, 255).astype(np.uint8)

    def turned(angle):
        l, ab = cielab.rgb_to_planes(truth)
        a, b = tf.unstack(ab, axis=-1)
        turned_ab = tf.stack(
            [a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)], -1
        )
        return cielab.to_uint8(cielab.planes_to_rgb(l, turned_ab))

    def blurred(sigma):
        return ndimage.gaussian_filter(truth, (0, sigma, sigma, 0))

    yield "noise", noisy(5), noisy(25)
    yield "wrong hue", turned(0.3), turned(2.0)
    yield "less chroma", saturated(truth, 0.8), saturated(truth, 0.0)
    yield "more chroma", saturated(truth, 1.1), saturated(truth, 1.6)
    yield "blur", blurred(1), blurred(4)


def test_worse_pictures_score_worse_by_every_distance(pair, rng):
    truth = pair[0][:1]
    for name, mild, strong in worse_pictures(truth, rng):
        better, worse = scores(truth, mild), scores(truth, strong)
        for metric in metrics.HIGHER_IS_BETTER:
            assert better[metric] > worse[metric], (name, metric)
        for metric in metrics.LOWER_IS_BETTER - {"delta_colorfulness"}:
            assert better[metric] < worse[metric], (name, metric)
        if name.endswith("chroma"):  # of which alone it knows
            assert better["delta_colorfulness"] < worse["delta_colorfulness"], name


def test_colorfulness_rises_with_chroma(pair):
    truth = pair[0]
    for metric in (colorfulness.colorfulness, colorfulness.colorfulness_absolute):
        values = [metric(saturated(truth, factor)).numpy() for factor in (0.0, 0.5, 1.0, 1.5)]
        assert all(np.all(a < b) for a, b in zip(values, values[1:], strict=False))


def test_metrics_treat_photographs_alone_and_run_in_a_graph(pair):
    truth, fake = pair
    for name, metric in metrics.PER_PHOTOGRAPH.items():
        together = tf.function(metric)(tf.constant(truth), tf.constant(fake)).numpy()
        alone = [metric(truth[i : i + 1], fake[i : i + 1]).numpy()[0] for i in range(len(truth))]
        assert together.dtype == np.float32
        np.testing.assert_allclose(together, alone, rtol=1e-5, err_msg=name)


def test_uint8_and_float_pictures_score_the_same(pair):
    truth, fake = pair
    as_float = [picture.astype(np.float32) / 255 for picture in pair]
    for name, metric in metrics.PER_PHOTOGRAPH.items():
        np.testing.assert_allclose(
            metric(truth, fake), metric(*as_float), rtol=1e-5, atol=1e-6, err_msg=name
        )


def edges_of_color(rng):
    """Flat patches of colors with a different lightness each; float64 (64, 64, 3) sRGB."""
    patches = rng.uniform(0, 1, (4, 4, 3))
    patches *= np.linspace(0.2, 1, 16).reshape(4, 4, 1)
    return np.kron(patches, np.ones((16, 16, 1)))[None]


def test_spill_is_nothing_at_sharp_edges_and_rises_with_blurred_color(rng):
    truth = edges_of_color(rng)
    l, ab = cielab.rgb_to_planes(truth)

    def blurred(sigma):
        soft = ndimage.gaussian_filter(ab.numpy(), (0, sigma, sigma, 0))
        return cielab.to_uint8(cielab.planes_to_rgb(l, soft))

    # Beside a corner of patches the far sides see another pair of colors than the near ones.
    assert float(spill.spill(truth, truth)[0]) < 0.1
    rising = [float(spill.spill(truth, blurred(sigma))[0]) for sigma in (1, 2, 4)]
    assert 0.1 < rising[0] < rising[1] < rising[2] < 1


def test_spill_knows_neither_hue_nor_chroma(pair):
    truth = cielab.to_uint8(0.25 + 0.5 * cielab.to_float(pair[0]))  # far from the gamut's ends
    full = spill.spill(truth, truth).numpy()
    np.testing.assert_allclose(spill.spill(truth, saturated(truth, 0.5)), full, atol=0.03)
    assert np.all(spill.spill(truth, cielab.without_color(truth)).numpy() == 0)


def test_hues_are_named_as_people_name_them():
    named = {
        "neutral": (120, 120, 120),
        "red": (220, 20, 30),
        "orange": (232, 190, 160),  # skin
        "yellow": (240, 220, 30),
        "green": (60, 140, 50),
        "cyan": (0, 200, 210),
        "blue": (120, 170, 230),  # sky
        "magenta": (220, 40, 200),
    }
    rgb = np.array([list(named.values())], np.uint8)[None]
    assert [hues.NAMES[index] for index in hues.classes(rgb).numpy().ravel()] == list(named)


def test_the_confusion_counts_every_pixel(pair):
    first, second = (hues.classes(rgb).numpy() for rgb in pair)
    counts = hues.confusion(first, second)
    expected = np.zeros_like(counts)
    np.add.at(expected, (first.ravel(), second.ravel()), 1)
    np.testing.assert_array_equal(counts, expected)
    assert counts.shape == (len(hues.NAMES),) * 2
