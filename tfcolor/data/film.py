"""Simulates old films: degrades the input of a training pair, but not its color.

A colorizer trained only on clean lightness fails on a scan from 1910, whose reds are black and
whose shadows are grain. Every effect is stateless: the same seed gives the same picture, eagerly
and in a `Dataset.map`.
"""

import tensorflow as tf

from tfcolor.color import cielab, grayscale

# The largest strength and the probability of each effect, which we chose by looking at scans.
GRAIN, GRAIN_CHANCE = 0.07, 0.7  # standard deviation, encoded
FADE, FADE_CHANCE = 0.35, 0.5  # share of the range of tones that is lost, at most; and how often
BLUR, BLUR_CHANCE = 1.5, 0.5  # standard deviation of a Gaussian, pixels
SCRATCHES, SCRATCH_CHANCE = 4, 0.25
JPEG_QUALITY, JPEG_CHANCE = (40, 95), 0.5
_BLUR_RADIUS = 4  # pixels; 2.7 standard deviations of the strongest


def simulate(rgb: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """A gray picture of a color photograph, as if taken on a random film and kept badly.

    The film is panchromatic, orthochromatic, or behind a yellow or red filter; blur, grain, fading,
    scratches and JPEG artifacts follow, each at random.

    Args:
      rgb: uint8 (s, s, 3), s known when the graph is built.
      seed: integer (2,).

    Returns:
      uint8 (s, s, 3), three equal channels.
    """
    seeds = tf.unstack(tf.random.split(seed, 6))
    gray = expose(rgb, seeds[0])
    for effect, chance, own in (
        (blur, BLUR_CHANCE, seeds[1]),
        (grain, GRAIN_CHANCE, seeds[2]),
        (fade, FADE_CHANCE, seeds[3]),
        (scratch, SCRATCH_CHANCE, seeds[4]),
        (recompress, JPEG_CHANCE, seeds[5]),
    ):
        happens, inner = tf.unstack(tf.random.split(own, 2))
        seen = tf.random.stateless_uniform((), happens) < chance
        gray = tf.cond(
            seen,
            lambda gray=gray, effect=effect, inner=inner: effect(gray, inner),
            lambda gray=gray: gray,
        )
    return tf.repeat(cielab.to_uint8(gray)[..., None], 3, axis=-1)


def expose(rgb: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """The photograph as a mixture of one of `grayscale.FILMS` and luminance; float32 (s, s).

    Args:
      rgb: uint8 (s, s, 3).
      seed: integer (2,).

    Returns:
      Encoded gray in [0, 1].
    """
    which, share = tf.unstack(tf.random.split(seed, 2))
    films = tf.constant(list(grayscale.FILMS.values()), tf.float32)
    index = tf.random.stateless_uniform((), which, 0, len(grayscale.FILMS), tf.int32)
    weight = tf.random.stateless_uniform((), share)
    weights = weight * films[index] + (1.0 - weight) * tf.constant(cielab.LUMINANCE, tf.float32)
    return cielab.expose(rgb, weights)


def blur(gray: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Blurs by a Gaussian, like a lens out of focus; float32 (s, s) in [0, 1]."""
    sigma = 0.3 + (BLUR - 0.3) * tf.random.stateless_uniform((), seed)
    offsets = tf.range(-_BLUR_RADIUS, _BLUR_RADIUS + 1, dtype=tf.float32)
    weights = tf.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= tf.reduce_sum(weights)
    edge = [[_BLUR_RADIUS, _BLUR_RADIUS]] * 2
    # Symmetric: each edge's pixels are mirrored, so that an even gray stays even.
    padded = tf.pad(gray, edge, "SYMMETRIC")[None, ..., None]  # (1, h, w, 1)
    padded = tf.nn.conv2d(padded, weights[:, None, None, None], 1, "VALID")
    return tf.nn.conv2d(padded, weights[None, :, None, None], 1, "VALID")[0, ..., 0]


def grain(gray: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Adds silver grain: noise that is strongest in the middle tones; float32 (s, s)."""
    strength, noise = tf.unstack(tf.random.split(seed, 2))
    deviation = GRAIN * tf.random.stateless_uniform((), strength)
    shape = 0.3 + 2.8 * gray * (1.0 - gray)  # 1 in the middle
    return gray + deviation * shape * tf.random.stateless_normal(tf.shape(gray), noise)


def fade(gray: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Fades as by years of light: black turns gray, white dull, contrast falls; float32 (s, s)."""
    lost, white = tf.unstack(tf.random.stateless_uniform((2,), seed))
    lost *= FADE
    return gray * (1.0 - lost) + lost * white


def scratch(gray: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Adds scratches along the film, bright or dark, a pixel wide; float32 (s, s)."""
    size = tf.shape(gray)
    draw = tf.random.stateless_uniform((SCRATCHES, 5), seed)
    columns = tf.range(size[1], dtype=tf.float32)[None, None]  # (1, 1, w)
    rows = tf.range(size[0], dtype=tf.float32)[None, :, None]  # (1, h, 1)
    height, width = (tf.cast(one, tf.float32) for one in tf.unstack(size))
    start, lean, first, tone, kept = (draw[:, index, None, None] for index in range(5))
    center = start * width + (lean - 0.5) * 0.05 * rows
    on = (tf.abs(columns - center) < 0.7) & (rows > first * height)  # (scratches, h, w)
    # Each one drawn is left out half of the time, so that their number varies.
    on &= kept < 0.5
    bright, dark = on & (tone > 0.4), on & (tone <= 0.4)
    gray = tf.where(tf.reduce_any(bright, 0), 0.3 * gray + 0.65, gray)
    return tf.where(tf.reduce_any(dark, 0), 0.5 * gray, gray)


def recompress(gray: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Adds the artifacts of a scan saved as JPEG; float32 (s, s) in [0, 1]."""
    quality = tf.random.stateless_uniform((), seed, *JPEG_QUALITY, dtype=tf.int32)
    pixels = cielab.to_uint8(gray)[..., None]
    # tf.io.encode_jpeg needs a quality known when the graph is built; this op takes a tensor.
    encoded = tf.raw_ops.EncodeJpegVariableQuality(images=tf.repeat(pixels, 3, -1), quality=quality)
    decoded = tf.io.decode_jpeg(encoded, channels=1, dct_method="INTEGER_ACCURATE")[..., 0]
    return tf.ensure_shape(cielab.to_float(decoded), gray.shape)
