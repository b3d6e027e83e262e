"""A trained generator -> one file of planes for other runtimes: LiteRT (TFLite)."""

from pathlib import Path

import keras
import tensorflow as tf

from tfcolor import freezing, graphs, lite, photo, workdir
from tfcolor.models import folding


def export_lite(
    run: str | Path, destination: str | Path, checkpoint: str = "best", half: bool = True
) -> Path:
    """Writes a run's generator as a LiteRT (TFLite) file of planes, complete or not at all.

    Args:
      run, checkpoint: see `export`.
      destination: the file; replaced if there is one.
      half: weights of 16 bits, half the size.

    Returns:
      The file.

    Raises:
      ValueError: if the run or its checkpoint cannot be read.
      OSError: if the file cannot be written.
    """
    settings, destination = workdir.read_config(run), Path(destination)
    generator, _ = workdir.load_generator(run, checkpoint)
    with photo.replacing(destination) as partial:
        partial.write_bytes(to_lite(folding.fold(generator), half))
        lite.add_card(partial, settings.stages[-1].image_size, settings.model.stride)
    return destination


def to_lite(generator: keras.Model, half: bool = True) -> bytes:
    """A LiteRT network of planes, without its card.

    It takes sides that are multiples of the stride: padding inside would leave LiteRT's kernels
    without shapes to prepare for.
    """
    module = tf.Module()
    module.generator = generator

    @tf.function(input_signature=[tf.TensorSpec((1, None, None, 1), tf.float32, name="l")])
    def planes(l: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"ab": graphs.painted(generator, l)}

    # As constants: the converter loses Keras's variables without a word.
    graph = freezing.as_constants(planes.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], module)
    if half:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()
