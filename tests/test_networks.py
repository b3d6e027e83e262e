import keras
import numpy as np
import pytest
import tensorflow as tf

from tfcolor.color import classes, constants
from tfcolor.models import attention, cdcgan, colorful, sagan, spectral_norm

# Small ones; each takes sides that are multiples of 32.
GENERATORS = {
    "sagan": lambda **options: sagan.build_generator(width=4, **options),
    "cdcgan": lambda **options: cdcgan.build_generator(width=4, depth=4, **options),
    "colorful": lambda **options: colorful.build(width=4, **options),
}
DISCRIMINATORS = {
    "sagan": lambda **options: sagan.build_discriminator(width=4, **options),
    "cdcgan": lambda **options: cdcgan.build_discriminator(width=4, depth=4, **options),
}
NETWORKS = [*GENERATORS.values(), *DISCRIMINATORS.values()]
all_generators = pytest.mark.parametrize("name", GENERATORS)
all_discriminators = pytest.mark.parametrize("name", DISCRIMINATORS)
all_networks = pytest.mark.parametrize(
    "build", NETWORKS, ids=[*GENERATORS, *(f"{name}-judge" for name in DISCRIMINATORS)]
)


def trainable_count(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def planes(rng, n=1, height=32, width=32, channels=1):
    return tf.constant(rng.uniform(-1, 1, (n, height, width, channels)), tf.float32)


def used_kernel(layer, training=False):
    """The matrix (inputs, filters) that a "valid" layer multiplies with, by one-hot inputs."""
    shape = layer.kernel.shape[:3]
    one_hot = tf.reshape(tf.eye(int(np.prod(shape))), (-1, *shape))
    return tf.reshape(layer(one_hot, training=training), (one_hot.shape[0], -1)).numpy()


def spectral_layer(channels=3, filters=5, **options):
    layer = spectral_norm.SpectralConv2D(filters, 3, **options)
    layer.build((None, None, None, channels))
    return layer


def test_the_largest_singular_value_becomes_one():
    layer = spectral_layer()
    largest = np.linalg.svd(layer.kernel.numpy().reshape(27, 5), compute_uv=False)[0]
    assert abs(largest - 1) > 0.1  # there is something to do
    for _ in range(30):
        layer(tf.zeros((1, 3, 3, 3)), training=True)
    used = used_kernel(layer)
    assert np.linalg.svd(used, compute_uv=False)[0] == pytest.approx(1, abs=1e-2)
    np.testing.assert_allclose(used, layer.kernel.numpy().reshape(27, 5) / largest, atol=1e-2)


def test_a_training_call_is_one_power_iteration():
    layer = spectral_layer()
    matrix, u = layer.kernel.numpy().reshape(27, 5).astype(np.float64), layer.u.numpy()
    v = matrix @ u / np.linalg.norm(matrix @ u)
    after = matrix.T @ v / np.linalg.norm(matrix.T @ v)
    used = used_kernel(layer, training=True)
    np.testing.assert_allclose(layer.u.numpy(), after, atol=1e-6)
    np.testing.assert_allclose(used, matrix / (v @ matrix @ after), atol=1e-6)


def test_the_scale_of_a_spectral_kernel_does_not_matter(rng):
    x, layer = planes(rng, 2, 8, 8, 3), spectral_layer()
    before = layer(x)
    layer.kernel.assign(10 * layer.kernel)
    np.testing.assert_allclose(layer(x), before, atol=1e-5)
    layer.kernel.assign(0 * layer.kernel)
    np.testing.assert_array_equal(layer(x), tf.zeros_like(before))  # and no NaN


def test_the_gradient_goes_through_the_singular_value_as_in_the_paper(rng):
    layer, x, weights = spectral_layer(), planes(rng, 1, 3, 3, 3), rng.normal(size=5)
    u, matrix = layer.u.numpy(), layer.kernel.numpy().reshape(27, 5).astype(np.float64)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x, training=True) * tf.constant(weights, tf.float32))
    gradient = tape.gradient(loss, layer.kernel.value).numpy().reshape(27, 5)
    v = matrix @ u / np.linalg.norm(matrix @ u)
    u = matrix.T @ v / np.linalg.norm(matrix.T @ v)
    sigma = v @ matrix @ u
    through = np.outer(x.numpy().ravel(), weights)  # of the loss by the normalized kernel
    expected = (through - np.sum(through * matrix / sigma) * np.outer(v, u)) / sigma
    np.testing.assert_allclose(gradient, expected, atol=1e-5)


def test_inference_leaves_the_power_iteration_alone(rng):
    layer, x = spectral_layer(), planes(rng, 1, 8, 8, 3)
    before = layer.u.numpy()
    layer(x, training=False)
    layer(x)
    np.testing.assert_array_equal(layer.u, before)
    layer(x, training=True)
    assert not np.allclose(layer.u, before)


@pytest.mark.parametrize("jit", [False, True])
def test_spectral_convolution_in_a_graph_is_the_eager_one(rng, jit):
    x, eager, layer = planes(rng, 1, 8, 8, 3), spectral_layer(), spectral_layer()
    compiled = tf.function(lambda x: layer(x, training=True), jit_compile=jit)
    for _ in range(2):
        np.testing.assert_allclose(compiled(x), eager(x, training=True), atol=1e-5)
    np.testing.assert_allclose(layer.u, eager.u, atol=1e-6)


def test_spectral_convolution_is_rebuilt_from_its_config():
    layer = spectral_norm.SpectralConv2D(5, 3, seed=7, strides=2)
    again = spectral_norm.SpectralConv2D.from_config(layer.get_config())
    for each in (layer, again):
        each.build((None, None, None, 3))
    np.testing.assert_array_equal(layer.kernel, again.kernel)
    np.testing.assert_array_equal(layer.u, again.u)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
def test_saved_networks_keep_the_power_iteration(rng, tmp_path):
    model, other, l = GENERATORS["sagan"](), GENERATORS["sagan"](seed=1), planes(rng)
    model(l, training=True)
    model.save_weights(tmp_path / "sagan.weights.h5")
    other.load_weights(tmp_path / "sagan.weights.h5")
    for a, b in zip(model.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_replicas_agree_on_the_power_iteration(rng, mirrored):
    alone = spectral_layer()
    with mirrored.scope():
        layer = spectral_layer()

    @tf.function  # as the train step has it
    def replica_step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x, training=True) ** 2)
        return tape.gradient(loss, layer.kernel.value)

    @tf.function
    def step(x):
        return mirrored.reduce("MEAN", mirrored.run(replica_step, args=(x,)), axis=None)

    x = planes(rng, 1, 8, 8, 3)
    for _ in range(3):
        assert np.abs(step(x)).max() > 0
        alone(x, training=True)
    for u in mirrored.experimental_local_results(layer.u.value):
        np.testing.assert_allclose(u, alone.u, atol=1e-6)


@pytest.mark.slow
def test_the_sagan_pair_trains_on_replicas(rng, mirrored):
    with mirrored.scope():
        generator, judge = GENERATORS["sagan"](), DISCRIMINATORS["sagan"]()
        optimizer = keras.optimizers.Adam(1e-3)
        weights = [*generator.trainable_variables, *judge.trainable_variables]
        optimizer.build(weights)

    @tf.function
    def replica_step(l):
        with tf.GradientTape() as tape:
            fake_ab = generator(l, training=True)["ab"]
            loss = tf.reduce_mean((judge([l, fake_ab], training=True) - 1) ** 2)
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    @tf.function
    def step(l):
        return mirrored.reduce("MEAN", mirrored.run(replica_step, args=(l,)), axis=None)

    l = planes(rng, 2)
    losses = [float(step(l)) for _ in range(4)]
    assert losses[-1] < losses[0]


def attention_layer(channels=16, gamma=None, **options):
    layer = attention.SelfAttention(**options)
    layer.build((None, None, None, channels))
    if gamma is not None:
        layer.gamma.assign(gamma)
    return layer


def test_attention_is_the_identity_at_first(rng):
    x = planes(rng, 2, 6, 4, 16)
    np.testing.assert_array_equal(attention_layer()(x), x)


def test_attention_is_the_formula_of_the_paper(rng):
    layer, x = attention_layer(gamma=0.7), planes(rng, 2, 6, 4, 16)

    def matrix(convolution):
        return used_kernel(convolution).astype(np.float64)

    assert [matrix(c).shape[1] for c in (layer.query, layer.key, layer.value)] == [2, 2, 8]
    for image, out in zip(x.numpy(), layer(x).numpy(), strict=True):
        flat = image.reshape(24, 16)
        key, value = (
            (flat @ matrix(c)).reshape(3, 2, 2, 2, -1).max(axis=(1, 3)).reshape(6, -1)
            for c in (layer.key, layer.value)
        )
        scores = np.exp(flat @ matrix(layer.query) @ key.T)
        seen = scores / scores.sum(1, keepdims=True) @ value @ matrix(layer.back)
        np.testing.assert_allclose(out, (flat + 0.7 * seen).reshape(6, 4, 16), atol=1e-5)


def test_attention_carries_over_any_distance_once_gamma_is_not_zero(rng):
    x = planes(rng, 1, 16, 16, 16).numpy()
    changed = x.copy()
    changed[0, 0, 0] += 5
    for gamma, differs in [(0.0, False), (0.5, True)]:
        layer = attention_layer(gamma=gamma)
        assert (np.abs(layer(changed) - layer(x))[0, -1, -1].max() > 1e-5) == differs


def test_attention_takes_odd_sides(rng):
    assert attention_layer(gamma=1.0)(planes(rng, 1, 5, 3, 16)).shape == (1, 5, 3, 16)


def test_sagan_has_the_parameters_of_its_layers():
    def attended(c):  # f, g, h, back and gamma
        return 2 * c * (c // 8) + 2 * c * (c // 2) + 1

    down = [(1, 64), (64, 128), (128, 256), (256, 512), (512, 512)]
    up = [(512 + 512, 512), (512 + 256, 256), (256 + 128, 128), (128 + 64, 64), (64 + 1, 32)]
    encoder = sum(16 * a * b + 2 * b for a, b in down)  # scale and shift of each normalization
    decoder = sum(9 * a * b + 2 * b for a, b in up)
    last = 9 * 32 * 2 + 2
    assert trainable_count(sagan.build_generator()) == encoder + decoder + attended(256) + last

    down[0] = (3, 64)
    body = sum(16 * a * b + b for a, b in down) + 9 * 512 * 512 + 512
    heads = 2 * (512 + 1)
    assert trainable_count(sagan.build_discriminator()) == body + attended(256) + heads


def test_cdcgan_has_the_channels_and_parameters_of_the_authors():
    generator = cdcgan.build_generator()
    down = [64, 64, 128, 256, 512, 512, 512, 512]
    up = [512, 512, 512, 256, 128, 64, 64]
    encoder = 16 * 1 * 64 + 64 + sum(16 * a * b + 2 * b for a, b in zip(down, down[1:]))  # noqa: B905
    joined = [512, 1024, 1024, 1024, 512, 256, 128]
    decoder = sum(16 * a * b + 2 * b for a, b in zip(joined, up, strict=True))
    assert trainable_count(generator) == encoder + decoder + 128 * 2 + 2

    down = [64, 128, 256, 512, 512, 512]
    body = 16 * 3 * 64 + 64 + sum(16 * a * b + 2 * b for a, b in zip(down, down[1:]))  # noqa: B905
    assert trainable_count(cdcgan.build_discriminator()) == body + 512 + 1


def test_colorful_has_the_published_layers():
    model = colorful.build()
    convolutions = [x for x in model.layers if type(x) is keras.layers.Conv2D]
    filters = [64] * 2 + [128] * 2 + [256] * 3 + [512] * 12 + [256] * 2 + [258]
    assert [x.filters for x in convolutions] == filters
    strided = [x.name for x in convolutions if x.strides == (2, 2)]
    assert strided == ["conv1_2", "conv2_2", "conv3_3"]
    dilated = [x.name for x in convolutions if x.dilation_rate == (2, 2)]
    assert dilated == ["conv5_1", "conv5_2", "conv5_3", "conv6_1", "conv6_2", "conv6_3"]


def test_colorful_has_the_published_parameters_but_for_fewer_classes():
    # (in, out) of the authors' eccv16.py, conv1_1 to conv8_3: 32,235,385 parameters with 313 bins.
    layers = [(1, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256)]
    layers += [(256, 512)] + [(512, 512)] * 11
    normalized = [64, 128, 256, 512, 512, 512, 512]
    body = sum(9 * a * b + b for a, b in layers) + sum(2 * c for c in normalized)
    body += 16 * 512 * 256 + 256 + 2 * (9 * 256 * 256 + 256)
    assert body + 313 * 257 == 32_235_385
    assert trainable_count(colorful.build()) == body + 258 * 257


@all_generators
@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 96)])
def test_generators_take_any_multiple_of_their_stride(rng, name, height, width):
    outputs = GENERATORS[name]()(planes(rng, 2, height, width))
    assert outputs["ab"].shape == (2, height, width, 2)
    assert np.abs(outputs["ab"]).max() <= 1
    if name == "colorful":
        assert outputs["logits"].shape == (2, height // 4, width // 4, 258)
    assert {x.dtype for x in outputs.values()} == {tf.float32}


@pytest.mark.parametrize("module", [sagan, colorful])
def test_the_stride_is_the_one_stated(rng, module):
    build = module.build_generator if module is sagan else module.build
    model, side = build(width=2), module.STRIDE
    assert model(planes(rng, 1, side, side))["ab"].shape == (1, side, side, 2)


@all_generators
def test_generators_are_traced_at_unknown_height_and_width(rng, name):
    model = GENERATORS[name]()
    traced = tf.function(lambda l: model(l, training=False)).get_concrete_function(
        tf.TensorSpec((None, None, None, 1))
    )
    for shape in [(1, 32, 64), (2, 64, 32)]:
        l = planes(rng, *shape)
        np.testing.assert_allclose(traced(l)["ab"], model(l)["ab"], atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (48, 80)])
def test_discriminators_take_any_size(rng, height, width):
    pair = [planes(rng, 2, height, width), planes(rng, 2, height, width, 2)]
    assert DISCRIMINATORS["cdcgan"]()(pair).shape == (2, 1, 1, 1)
    patches = (2, -(-height // sagan.STRIDE), -(-width // sagan.STRIDE), 1)
    assert DISCRIMINATORS["sagan"]()(pair).shape == patches
    three = [pair[0], planes(rng, 2, height, width, 3)]
    for build in DISCRIMINATORS.values():
        assert build(channels=3)(three).shape[0] == 2


@all_discriminators
def test_discriminators_are_conditional_on_lightness(rng, name):
    model, ab = DISCRIMINATORS[name](), planes(rng, 1, 64, 64, 2)
    dark, light = (model([tf.fill((1, 64, 64, 1), value), ab]) for value in (-1.0, 1.0))
    assert np.abs(dark - light).max() > 1e-6


def test_every_patch_of_sagan_is_judged_by_the_whole_photograph(rng):
    model, l, ab = DISCRIMINATORS["sagan"](), planes(rng, 1, 256, 256), tf.zeros((1, 256, 256, 2))
    changed = ab + tf.pad(tf.ones((1, 32, 32, 2)), ((0, 0), (0, 224), (0, 224), (0, 0)))
    difference = np.abs(model([l, changed]) - model([l, ab]))[0, ..., 0]
    assert difference.shape == (8, 8)
    assert difference.min() > 1e-9


def test_cdcgan_judges_the_mean_of_places(rng):
    # Of planes of one value each place is judged alike, but for those near the border.
    model = DISCRIMINATORS["cdcgan"]()
    small, large = (
        model([tf.fill((1, side, side, 1), 0.5), tf.fill((1, side, side, 2), 0.1)]).numpy()
        for side in (512, 1024)
    )
    assert abs(small - large) < 0.2 * abs(small)


@all_generators
def test_inference_is_deterministic_and_independent_of_the_batch(rng, name):
    model, l = GENERATORS[name](), planes(rng, 3)
    model(l, training=True)  # moves the averages of batch normalization off their start
    together = model(l, training=False)["ab"].numpy()
    np.testing.assert_array_equal(together, model(l, training=False)["ab"])
    for index in range(3):
        alone = model(l[index : index + 1], training=False)["ab"]
        np.testing.assert_allclose(alone[0], together[index], atol=1e-5)  # float32 order of sums


def test_colorful_decodes_its_logits_by_the_annealed_mean(rng):
    outputs = GENERATORS["colorful"]()(10 * planes(rng))
    sharp = np.exp(outputs["logits"].numpy().astype(np.float64) / 0.38)
    coarse = sharp / sharp.sum(-1, keepdims=True) @ classes.ab_bins() / constants.AB_SCALE
    # Bilinear doubling keeps the mean, and every value between the least and the greatest.
    ab = outputs["ab"].numpy()
    np.testing.assert_allclose(ab.mean((1, 2)), coarse.mean((1, 2)), atol=1e-5)
    assert coarse.min() - 1e-6 <= ab.min() <= ab.max() <= coarse.max() + 1e-6


@all_networks
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(build):
    first, same, other = (build(seed=seed) for seed in (0, 0, 1))
    for a, b in zip(first.weights, same.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    kernels = [
        (a, b)
        for a, b in zip(first.weights, other.weights, strict=True)
        if a.path.endswith(("kernel", "/u"))
    ]
    assert kernels
    assert not any(np.array_equal(a, b) for a, b in kernels if np.prod(a.shape) > 1)


@all_networks
def test_layer_names_can_be_exported(build):
    names = [layer.name for layer in build().layers]
    assert not [name for name in names if name.startswith("_")]


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("name", GENERATORS)
def test_mixed_precision_computes_low_keeps_float32_weights_and_outputs(rng, name, dtype):
    l, ab = planes(rng), planes(rng, channels=2)
    models = [GENERATORS[name](dtype=dtype)]
    outputs = list(models[0](l).values())
    if name in DISCRIMINATORS:
        models.append(DISCRIMINATORS[name](dtype=dtype))
        outputs.append(models[1]([l, ab]))
    assert {x.dtype for x in outputs} == {tf.float32}
    assert all(np.isfinite(x).all() for x in outputs)
    for model in models:
        assert {v.dtype for v in model.trainable_variables} == {"float32"}
        first = next(x for x in model.layers if isinstance(x, keras.layers.Conv2D))
        assert first.compute_dtype == dtype.removeprefix("mixed_")
        assert first.output.dtype == first.compute_dtype


@pytest.mark.slow
def test_all_networks_step_under_the_jax_backend(under_jax, tmp_path):
    program = """
import jax, keras, numpy as np
assert keras.backend.backend() == "jax"
from tfcolor.training import losses
from tfcolor.models import cdcgan, colorful, sagan
rng = np.random.default_rng(0)
l, ab = rng.uniform(-1, 1, (1, 32, 32, 1)), rng.uniform(-1, 1, (1, 32, 32, 2))
def values(variables):
    return [v.value for v in variables]
def moved(before, after):
    return any(not np.array_equal(a, b) for a, b in zip(before, after))
def step(generator, judge):
    g_rest, d_rest = values(generator.non_trainable_variables), []
    if judge:
        d_rest = values(judge.non_trainable_variables)
    def loss(g_weights, d_weights):
        outputs, new_rest = generator.stateless_call(g_weights, g_rest, l, training=True)
        total = 100 * losses.l1(ab, outputs["ab"])
        if judge:
            def judged(weights, planes):
                return judge.stateless_call(weights, d_rest, [l, planes], training=True)
            fixed = jax.lax.stop_gradient
            total += losses.generator_adversarial(judged(fixed(d_weights), outputs["ab"])[0])
            real, new_d_rest = judged(d_weights, ab)
            fake = judged(d_weights, fixed(outputs["ab"]))[0]
            total += losses.discriminator_adversarial(real, fake)
            new_rest = [*new_rest, *new_d_rest]
        return total, new_rest
    weights = (values(generator.trainable_variables),
               values(judge.trainable_variables) if judge else [])
    gradient = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))
    (before, rest), gradients = gradient(*weights)
    if g_rest or d_rest:
        assert moved([*g_rest, *d_rest], rest)
    weights = jax.tree.map(lambda w, g: w - 1e-4 * g, weights, gradients)
    assert moved(values(generator.trainable_variables), weights[0])
    (after, _), _ = gradient(*weights)
    assert after < before, (generator.name, before, after)
step(sagan.build_generator(2), sagan.build_discriminator(2))
step(cdcgan.build_generator(2, 3), cdcgan.build_discriminator(2, 3))
step(colorful.build(2), None)
print("stepped")
"""
    assert under_jax(program, tmp_path) == "stepped\n"
