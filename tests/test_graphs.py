"""Photographs through a generator in TensorFlow ops, held against colorizing in Python."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import colorful_photo, random_rgb
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import color as skcolor

from tfcolor import images
from tfcolor.color import cielab
from tfcolor.colorizing import graphs, reduction, rendering
from tfcolor.colorizing.graphs import reducing
from tfcolor.data import samples
from tfcolor.evaluation import metrics
from tfcolor.images import searching
from tfcolor.models import shipped

ARGUMENTS = [
    tf.TensorSpec((None, None, 3), tf.uint8),
    tf.TensorSpec((), tf.int32),
    tf.TensorSpec((), tf.float32),
    tf.TensorSpec((), tf.float32),
]


def swirl(l, training):
    """A stand-in for a generator: strong colors, most of them outside sRGB."""
    return {"ab": tf.concat([tf.sin(7.0 * l), tf.cos(5.0 * l)], axis=-1)}


def pastel(l, training):
    """A stand-in for a generator: colors that sRGB has for all but the darkest and the lightest."""
    return {"ab": 0.1 * swirl(l, training)["ab"]}


class InPython:
    """A generator as `rendering.colorize` takes it."""

    def __init__(self, generator, size, stride):
        self.size, self.stride, self.takes_hints = size, stride, False
        self._graph = tf.function(
            lambda l: generator(l, training=False)["ab"],
            input_signature=[tf.TensorSpec((1, None, None, 1), tf.float32)],
        )

    def __call__(self, l):
        return self._graph(l[None, ..., None])[0].numpy()


def graph_of(generator, image_size, stride):
    """`graphs.colorize` traced once for all photographs and numbers."""

    def colored(rgb, size, strength, saturation):
        numbers = {"size": size, "strength": strength, "saturation": saturation}
        return graphs.colorize(generator, rgb, image_size=image_size, stride=stride, **numbers)

    return tf.function(colored, input_signature=ARGUMENTS)


def both_ways(generator, image_size, stride):
    """A function: pixels, and the numbers of `rendering.colorize` -> in the graph, in Python."""
    graph = graph_of(generator, image_size, stride)
    net = InPython(generator, image_size, stride)

    def colored(rgb, size=0, strength=1.0, saturation=1.0):
        gray = rgb[..., 0] if (rgb == rgb[..., :1]).all() else rgb
        expected = rendering.colorize(
            gray, net, size=size or None, strength=strength, saturation=saturation
        )
        return graph(rgb, size, strength, saturation).numpy(), expected

    return colored


@pytest.fixture(scope="module")
def ways():
    """Stand-ins and a small random network, both ways."""
    keras.utils.set_random_seed(3)
    l = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(8, 3, 2, "same", activation="relu")(l)
    x = keras.layers.Conv2DTranspose(2, 4, 2, "same", activation="tanh")(x)
    generators = {"swirl": swirl, "pastel": pastel, "network": keras.Model(l, {"ab": x})}
    return {name: both_ways(generator, 32, 8) for name, generator in generators.items()}


def picture(kind, height, width):
    if kind == "noise":
        return random_rgb(height, width, height * 300 + width)
    smooth = colorful_photo(height * 300 + width, height, width)
    return np.repeat(smooth[..., :1], 3, -1) if kind == "gray" else smooth


def levels_apart(one, other):
    return np.abs(one.astype(int) - other).max(axis=-1)


def lightness_error(rgb, gray):
    return np.abs(skcolor.rgb2lab(rgb)[..., 0] - skcolor.rgb2lab(gray)[..., 0])


COLORIZERS = {
    sizes: graphs.from_generator(swirl, *sizes) for sizes in [(32, 8), (32, 32), (64, 16)]
}
SIDES = st.integers(8, 300)
SIZES = st.sampled_from([0, 0, 1, 7, 16, 50, 100, 200])


@settings(max_examples=60)
@given(
    st.sampled_from(["pastel", "network"]),
    st.sampled_from(["gray", "smooth", "noise"]),
    SIDES,
    SIDES,
    SIZES,
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.0, 0.5, 1.0]),
)
def test_the_graph_gives_the_pixels_of_python(
    ways, generator, kind, height, width, size, strength, saturation
):
    rgb = picture(kind, height, width)
    ours, expected = ways[generator](rgb, size, strength, saturation)
    assert ours.dtype == np.uint8 and ours.shape == rgb.shape
    assert levels_apart(ours, expected).max() <= 1


@settings(max_examples=60)
@given(
    st.sampled_from(["gray", "smooth", "noise"]),
    SIDES,
    SIDES,
    SIZES,
    st.sampled_from([0.5, 1.0]),
    st.sampled_from([0.5, 1.0, 2.0]),
)
def test_colors_outside_srgb_are_those_of_python(
    ways, kind, height, width, size, strength, saturation
):
    rgb = picture(kind, height, width)
    ours, expected = ways["swirl"](rgb, size, strength, saturation)
    assert levels_apart(ours, expected).max() <= 1


@settings(max_examples=80)
@given(SIDES, SIDES, st.integers(1, 300))
def test_the_network_sees_the_lightness_that_it_sees_in_python(height, width, size):
    rgb = random_rgb(height, width, height)
    l = reducing.reduce(tf.constant(rgb[None]), tf.constant(size))[0, ..., 0]
    # TensorFlow's op rounds where a pixel begins; another rounding of a level would be 0.003.
    np.testing.assert_allclose(l, reduction.reduce(rgb, size), atol=1e-4)


@pytest.mark.slow
def test_the_bundled_networks_colors_are_those_of_python():
    colored = both_ways(shipped.build(), 128, shipped.card().stride)
    for path in searching.search(samples.FOLDER)[:12]:
        ours, expected = colored(images.read_rgb(path))
        assert levels_apart(ours, expected).max() <= 1
        assert np.ptp(ours.astype(int), axis=-1).max() > 20


@pytest.mark.slow
@settings(max_examples=25)
@given(st.integers(8, 90), st.integers(8, 90), st.sampled_from(list(COLORIZERS)))
def test_any_size_keeps_its_shape_and_its_lightness(height, width, sizes):
    gray = cielab.without_color(colorful_photo(height * 100 + width, height, width)[None]).numpy()
    colored = COLORIZERS[sizes](gray)
    assert colored.dtype == np.uint8
    assert colored.shape == gray.shape
    # Rounding to 8 bits moves the L* of a strong color by up to about 0.6.
    assert lightness_error(colored, gray).max() < 0.7
    assert np.ptp(colored.astype(int), axis=-1).mean() > 20


@pytest.mark.parametrize(
    ("height", "width", "size", "seen"),
    [
        (64, 64, 0, (64, 64)),
        (100, 100, 0, (64, 64)),
        (20, 40, 0, (64, 128)),
        (48, 60, 0, (64, 96)),  # 64 x 80, mirrored up to the stride of 32
        (300, 20, 0, (256, 64)),  # squeezed: more than 4 short sides
        (300, 20, 96, (384, 96)),
        (100, 100, 8, (32, 32)),  # mirrored more than once
    ],
)
def test_the_network_sees_the_size_that_is_asked_for(height, width, size, seen):
    sizes = []

    def generator(l, training):
        sizes.append(tuple(l.shape[1:3]))
        return {"ab": tf.zeros_like(tf.concat([l, l], -1))}

    numbers = {"size": size, "strength": 1.0, "saturation": 1.0}
    black = tf.zeros((height, width, 3), tf.uint8)
    graphs.colorize(generator, black, image_size=64, stride=32, **numbers)
    assert sizes == [seen]


def test_at_the_networks_own_size_nothing_is_resampled():
    rgb = random_rgb(64, 64)
    ab = cielab.rgb_to_planes(rgb[None])[1]
    colored = graphs.from_generator(lambda seen, training: {"ab": ab}, 64, 32)(rgb[None])
    assert levels_apart(colored[0], rgb).max() <= 1


@pytest.mark.parametrize("strength", [0.1, 1.0])  # weak colors, and ones that sRGB lacks
def test_at_the_networks_own_size_a_batch_is_colorized_at_once(strength):
    seen = []

    def generator(l, training):
        seen.append(tuple(l.shape))
        return {"ab": strength * swirl(l, training)["ab"]}

    truth = np.stack([colorful_photo(seed, 32, 32) for seed in range(3)])
    gray = cielab.without_color(truth).numpy()
    fake = graphs.at_own_size(generator, gray.shape[1])(gray)
    assert seen == [(None, 32, 32, 1)]
    expected = graphs.from_generator(generator, 32, 8)(gray)
    apart = levels_apart(fake, expected)
    # Colors at the border of sRGB are found by bisection: the last bit of a float can move a level.
    assert apart.max() <= 1 and apart.mean() < 0.01
    for name, metric in metrics.PER_PHOTOGRAPH.items():
        figures = [np.mean(metric(truth, each)) for each in (fake, expected)]
        assert figures[0] == pytest.approx(figures[1], rel=1e-3), name


def test_of_a_color_photograph_the_lightness_alone_is_seen_and_kept():
    rgb = colorful_photo(6)[None]
    gray = cielab.without_color(rgb).numpy()
    plain = graphs.from_generator(lambda l, training: {"ab": 0.0 * tf.concat([l, l], -1)}, 32, 8)
    assert levels_apart(plain(rgb), gray).max() <= 1
    assert np.abs(COLORIZERS[32, 8](rgb).astype(int) - COLORIZERS[32, 8](gray)).mean() < 1


def test_a_batch_is_its_photographs_and_one_gray_channel_is_three():
    batch = np.stack([colorful_photo(seed, 50, 70) for seed in range(3)])
    batch[1] = batch[1, ..., :1]
    colorized = COLORIZERS[32, 8]
    alone = graph_of(swirl, 32, 8)
    for each, expected in zip(colorized(batch), batch, strict=True):
        np.testing.assert_array_equal(each, alone(expected, 0, 1.0, 1.0))
    np.testing.assert_array_equal(colorized(batch[1:2, ..., :1]), colorized(batch[1:2]))


@pytest.mark.slow
def test_frozen_weights_stay_as_they_were():
    l = keras.Input((None, None, 1))
    layer = keras.layers.Conv2D(2, 1)
    model = keras.Model(l, {"ab": layer(l)})
    rgb = colorful_photo(1)[None]
    live, frozen = (graphs.from_generator(model, 32, 8, frozen=each) for each in (False, True))
    before = live(rgb)
    layer.set_weights([0.3 + weights for weights in layer.get_weights()])
    assert levels_apart(frozen(rgb), before).max() <= 1
    assert levels_apart(live(rgb), before).max() > 10


def test_what_a_generator_of_rgb_painted_is_shown_as_it_is():
    def paints(l, training):
        return {"rgb": tf.concat([l, -l, tf.ones_like(l)], -1)}

    gray = cielab.without_color(colorful_photo(2, 60, 40)[None]).numpy()
    raw = graphs.raw_rgb(paints, tf.constant(gray), 32, 8).numpy()
    assert raw.shape == gray.shape
    assert (raw[..., 2] == 255).all()
    painted = 2.55 * skcolor.rgb2lab(gray)[..., 0]
    assert np.abs(raw[..., 0] - painted).mean() < 10  # reduced and brought back
    assert np.abs(raw[..., 0].astype(int) + raw[..., 1] - 255).max() <= 1


def test_strips_of_a_large_photograph_have_no_seams():
    flat = np.full((1100, 900, 3), 120, np.uint8)  # four strips
    flat[:, 450:] = 60
    colored = graph_of(pastel, 32, 8)(flat, 0, 1.0, 1.0).numpy()
    assert (colored == colored[:1]).all()


def operations(graph):
    """Names of all kinds of operation in a graph and in the functions that it calls."""
    definition = graph.graph.as_graph_def()
    bodies = [definition.node, *(each.node_def for each in definition.library.function)]
    return {node.op for nodes in bodies for node in nodes}


@pytest.mark.slow
def test_the_graph_needs_no_python_and_no_tfcolor(tmp_path):
    graph = graph_of(swirl, 32, 8)
    kinds = operations(graph.get_concrete_function())
    assert "While" in " ".join(kinds) and not [kind for kind in kinds if "PyFunc" in kind]
    rgb = colorful_photo(4, 90, 70)
    module = tf.Module()
    module.run = graph
    tf.saved_model.save(module, str(tmp_path), signatures={"run": graph})
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path))
        signature = loaded.signature_def["run"]
        values = {"rgb": rgb, "size": 0, "strength": 0.5, "saturation": 1.0}
        feed = {signature.inputs[name].name: value for name, value in values.items()}
        (output,) = signature.outputs.values()
        colored = session.run(output.name, feed)
    np.testing.assert_array_equal(colored, graph(rgb, 0, 0.5, 1.0))
