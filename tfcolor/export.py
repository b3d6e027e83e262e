"""A trained generator -> a versioned SavedModel that needs no tfcolor to run."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import keras
import tensorflow as tf

from tfcolor import errors, inference, lite, photo, workdir
from tfcolor.models import folding


class Served(tf.Module):
    """What a SavedModel holds: the generator behind its signatures, any size in, same size out."""

    def __init__(self, generator: keras.Model, image_size: int, stride: int) -> None:
        super().__init__(name="tfcolor")
        self.generator = generator
        self._sizes = (image_size, stride)

    def signature(self, raw: bool) -> tf.types.experimental.PolymorphicFunction:
        """rgb uint8 (n, h, w, 3), or gray (n, h, w, 1) -> {"rgb": uint8 (n, h, w, 3)}.

        Args:
          raw: with the lightness that the network painted, for one that paints all of RGB.
        """

        @tf.function(input_signature=[inference.SPEC])
        def colorize(rgb: tf.Tensor) -> dict[str, tf.Tensor]:
            colored = inference.colorize_rgb(self.generator, rgb, *self._sizes, raw)
            return {"rgb": tf.ensure_shape(colored, (None, None, None, 3))}

        return colorize

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 1), tf.float32, name="l")])
    def planes(self, l: tf.Tensor) -> dict[str, tf.Tensor]:
        """l float32 (n, h, w, 1) in [-1, 1], any size -> {"ab": float32 (n, h, w, 2)}."""
        ab = inference.colors(self.generator, l, self._sizes[1])
        return {"ab": tf.ensure_shape(ab, (None, None, None, 2))}

    @tf.function(input_signature=[tf.TensorSpec((1, None, None, 1), tf.float32, name="l")])
    def lite(self, l: tf.Tensor) -> dict[str, tf.Tensor]:
        """The same of one photograph whose sides are multiples of the stride.

        Padding inside would leave LiteRT's fast kernels without shapes to prepare for.
        """
        return {"ab": inference.painted(self.generator, l)}


def export(run: str | Path, destination: str | Path, checkpoint: str = "best") -> Path:
    """Writes a run's generator as the next integer version below a folder.

    The version is complete or absent: it is written under another name and then renamed.

    Args:
      run: workdir of a training run.
      destination: folder of versions, `saved_models/NAME`; made if missing.
      checkpoint: "best" (by validation) or "last".

    Returns:
      The folder of the new version.

    Raises:
      ValueError: if the run or its checkpoint cannot be read.
      OSError: if the destination cannot be written.
    """
    settings, destination = workdir.read_config(run), Path(destination)
    generator, step = workdir.load_generator(run, checkpoint)
    # The size it was trained at last.
    served = Served(folding.fold(generator), settings.stages[-1].image_size, settings.model.stride)
    signatures = {inference.COLORIZE: served.signature(raw=False), inference.PLANES: served.planes}
    if settings.model.space == "rgb":
        signatures[inference.RAW] = served.signature(raw=True)
    try:
        destination.mkdir(parents=True, exist_ok=True)
        used = [int(path.name) for path in destination.iterdir() if path.name.isdigit()]
        version = destination / str(max(used, default=0) + 1)
        partial = destination / ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        tf.saved_model.save(served, str(partial), signatures=signatures)
        card = partial / "assets.extra" / inference.CARD
        card.parent.mkdir()
        card.write_text(
            json.dumps({"step": step, "config": dataclasses.asdict(settings)}, indent=2) + "\n"
        )
        os.rename(partial, version)
    except (OSError, tf.errors.OpError) as error:
        shutil.rmtree(destination / ".partial", ignore_errors=True)
        raise OSError(
            f"cannot write a SavedModel below {destination} ({errors.one_line(error)}); choose "
            "another folder"
        ) from error
    return version


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
    """A LiteRT network of planes, without its card; see `Served.lite`."""
    # As constants: the converter loses Keras's variables without a word.
    served = Served(generator, 0, 0)
    graph = inference.as_constants(served.lite.get_concrete_function())
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], served)
    if half:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()
