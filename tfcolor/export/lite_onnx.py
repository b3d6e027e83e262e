"""Exports a trained generator as one file for other runtimes: LiteRT (TFLite) or ONNX."""

from pathlib import Path

import keras
import tensorflow as tf

from tfcolor.colorizing import graphs
from tfcolor.runtimes import freezing, lite, onnx, workdirs
from tfcolor.support import disk, errors, quiet

WEIGHTS = ("float32", "float16", "int8")
OPSET = 18  # of ONNX; ONNX Runtime knows it since 1.14


def export_lite(
    run: str | Path, destination: str | Path, checkpoint: str = "best", weights: str = "float16"
) -> Path:
    """Writes a generator as a LiteRT (TFLite) file, complete or not at all.

    Args:
      run, checkpoint: see `workdirs.generator_of`.
      destination: the file; replaced if there is one.
      weights: see `to_lite`.

    Returns:
      The file.

    Raises:
      ValueError: if the run or its checkpoint cannot be read, or there are no such weights.
      OSError: if the file cannot be written.
    """
    _check_weights(weights)
    trained, destination = workdirs.generator_of(run, checkpoint), Path(destination)
    with disk.replacing(destination) as partial:
        partial.write_bytes(to_lite(trained.generator, weights, trained.probabilities))
        lite.add_card(partial, trained.image_size, trained.stride)
    return destination


def to_lite(
    generator: keras.Model,
    weights: str = "float16",
    probabilities: graphs.Probabilities | None = None,
) -> bytes:
    """A LiteRT network, without its card; inputs and outputs are those of `to_onnx`.

    Sides must be multiples of the stride: padding inside the network would leave LiteRT's kernels
    without shapes to prepare for.

    Args:
      generator, probabilities: see `to_onnx`.
      weights: "float32", "float16" (half the size) or "int8" (a quarter: kernels in 8 bits, with a
        scale for each channel; activations are quantized dynamically).

    Raises:
      ValueError: if there are no such weights.
    """
    _check_weights(weights)
    with quiet.stderr():
        # Weights are passed as constants, since the converter silently loses Keras's variables. It
        # asks for a module, but gets none: with it, SAGAN's layers lose their channels.
        planes = _planes(generator, probabilities, batch=1)
        graph = freezing.as_constants(planes.get_concrete_function())
        converter = tf.lite.TFLiteConverter.from_concrete_functions([graph])
        if weights != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if weights == "float16":
            converter.target_spec.supported_types = [tf.float16]
        return converter.convert()


def export_onnx(run: str | Path, destination: str | Path, checkpoint: str = "best") -> Path:
    """Writes a generator as an ONNX file, complete or not at all.

    Args:
      run, checkpoint: see `workdirs.generator_of`.
      destination: the file; replaced if there is one.

    Returns:
      The file.

    Raises:
      ValueError: if the run or its checkpoint cannot be read, or tf2onnx is missing.
      OSError: if the file cannot be written.
    """
    trained, destination = workdirs.generator_of(run, checkpoint), Path(destination)
    content = to_onnx(trained.generator, trained.image_size, trained.stride, trained.probabilities)
    with disk.replacing(destination) as partial:
        partial.write_bytes(content)
    return destination


def to_onnx(
    generator: keras.Model,
    size: int,
    stride: int,
    probabilities: graphs.Probabilities | None = None,
) -> bytes:
    """An ONNX network: l float32 (n, h, w, 1) -> ab float32 (n, h, w, 2).

    If it takes hints, it has a second input, hints (n, h, w, 3); with `probabilities`, it has a
    second output, probabilities (n, h / 4, w / 4, 258).

    Args:
      generator: see `graphs.ask`.
      size: short side that it sees by default, pixels.
      stride: the sides of its input must be multiples of it.
      probabilities: of its logits, see `workdirs.TrainedGenerator`; none if not given.

    Raises:
      ValueError: if tf2onnx is missing.
    """
    try:
        import tf2onnx
    except ModuleNotFoundError as error:
        raise onnx.missing("tf2onnx") from error
    planes = _planes(generator, probabilities, batch=None)
    with quiet.stderr():  # it causes deprecation warnings of TensorFlow
        model, _ = tf2onnx.convert.from_function(planes, planes.input_signature, opset=OPSET)
    for key, value in onnx.card(size, stride).items():
        model.metadata_props.add(key=key, value=value)
    return model.SerializeToString()


def _planes(
    generator: keras.Model, probabilities: graphs.Probabilities | None, batch: int | None
) -> tf.types.experimental.PolymorphicFunction:
    """The function that a file holds, see `to_onnx`; sides are multiples of the stride."""
    channels = {"l": 1, "hints": 3} if graphs.takes_hints(generator) else {"l": 1}
    specs = [
        tf.TensorSpec((batch, None, None, count), tf.float32, name)
        for name, count in channels.items()
    ]

    @tf.function(autograph=False, input_signature=specs)
    def planes(*shown: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = graphs.ask(generator, *shown)
        made = {"ab": graphs.painted(outputs)}
        if probabilities is not None:
            made["probabilities"] = probabilities(outputs["logits"])
        return made

    return planes


def _check_weights(weights: str) -> None:
    if weights not in WEIGHTS:
        raise errors.InputError(f"weights must be one of {', '.join(WEIGHTS)}, got {weights}")
