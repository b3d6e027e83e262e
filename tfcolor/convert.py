"""A trained generator -> one file of planes for other runtimes: LiteRT (TFLite), ONNX."""

from pathlib import Path

import keras
import tensorflow as tf

from tfcolor import freezing, graphs, lite, onnx, photo, quiet, workdir

WEIGHTS = ("float32", "float16", "int8")
OPSET = 18  # of ONNX; ONNX Runtime knows it since 1.14


def export_lite(
    run: str | Path, destination: str | Path, checkpoint: str = "best", weights: str = "float16"
) -> Path:
    """Writes a generator as a LiteRT (TFLite) file of planes, complete or not at all.

    Args:
      run, checkpoint: see `workdir.generator_of`.
      destination: the file; replaced if there is one.
      weights: see `to_lite`.

    Returns:
      The file.

    Raises:
      ValueError: if the run or its checkpoint cannot be read, or there are no such weights.
      OSError: if the file cannot be written.
    """
    _check_weights(weights)
    trained, destination = workdir.generator_of(run, checkpoint), Path(destination)
    with photo.replacing(destination) as partial:
        partial.write_bytes(to_lite(trained.generator, weights))
        lite.add_card(partial, trained.image_size, trained.stride)
    return destination


def to_lite(generator: keras.Model, weights: str = "float16") -> bytes:
    """A LiteRT network of planes, without its card.

    It takes sides that are multiples of the stride: padding inside would leave LiteRT's kernels
    without shapes to prepare for.

    Args:
      generator: see `graphs.painted`.
      weights: "float32", "float16" (half the size) or "int8" (a quarter: kernels in 8 bits, with a
        scale for each channel; planes of features are brought to 8 bits as they come).

    Raises:
      ValueError: if there are no such weights.
    """
    _check_weights(weights)
    with quiet.stderr():
        # As constants: the converter loses Keras's variables without a word. And without the module
        # that it asks for, by way of which it loses how many channels SAGAN's layers have.
        graph = freezing.as_constants(_planes(generator, batch=1).get_concrete_function())
        converter = tf.lite.TFLiteConverter.from_concrete_functions([graph])
        if weights != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if weights == "float16":
            converter.target_spec.supported_types = [tf.float16]
        return converter.convert()


def export_onnx(run: str | Path, destination: str | Path, checkpoint: str = "best") -> Path:
    """Writes a generator as an ONNX file of planes, complete or not at all.

    Args:
      run, checkpoint: see `workdir.generator_of`.
      destination: the file; replaced if there is one.

    Returns:
      The file.

    Raises:
      ValueError: if the run or its checkpoint cannot be read, or tf2onnx is missing.
      OSError: if the file cannot be written.
    """
    trained, destination = workdir.generator_of(run, checkpoint), Path(destination)
    content = to_onnx(trained.generator, trained.image_size, trained.stride)
    with photo.replacing(destination) as partial:
        partial.write_bytes(content)
    return destination


def to_onnx(generator: keras.Model, size: int, stride: int) -> bytes:
    """An ONNX network of planes: l float32 (n, h, w, 1) -> ab float32 (n, h, w, 2).

    Args:
      generator: see `graphs.painted`.
      size: short side that it sees by default, pixels.
      stride: what its sides must be multiples of.

    Raises:
      ValueError: if tf2onnx is missing.
    """
    try:
        import tf2onnx
    except ModuleNotFoundError as error:
        raise onnx.missing("tf2onnx") from error
    planes = _planes(generator, batch=None)
    with quiet.stderr():  # it calls what TensorFlow finds out of date
        model, _ = tf2onnx.convert.from_function(planes, planes.input_signature, opset=OPSET)
    for key, value in onnx.card(size, stride).items():
        model.metadata_props.add(key=key, value=value)
    return model.SerializeToString()


def _planes(generator: keras.Model, batch: int | None) -> tf.types.experimental.PolymorphicFunction:
    """l float32 (batch, h, w, 1) -> {"ab": float32 (batch, h, w, 2)}, multiples of the stride."""

    @tf.function(input_signature=[tf.TensorSpec((batch, None, None, 1), tf.float32, name="l")])
    def planes(l: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"ab": graphs.painted(generator, l)}

    return planes


def _check_weights(weights: str) -> None:
    if weights not in WEIGHTS:
        raise ValueError(f"weights must be one of {', '.join(WEIGHTS)}, got {weights}")
