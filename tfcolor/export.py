"""A trained generator -> a versioned SavedModel that needs no tfcolor to run."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import tensorflow as tf

from tfcolor import errors, inference, signatures, workdir
from tfcolor.models import folding


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
    served = signatures.Served(
        folding.fold(generator), settings.stages[-1].image_size, settings.model.stride
    )
    served_signatures = {
        inference.COLORIZE: served.signature(raw=False),
        inference.PLANES: served.planes,
    }
    if settings.model.space == "rgb":
        served_signatures[inference.RAW] = served.signature(raw=True)
    try:
        destination.mkdir(parents=True, exist_ok=True)
        used = [int(path.name) for path in destination.iterdir() if path.name.isdigit()]
        version = destination / str(max(used, default=0) + 1)
        partial = destination / ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        tf.saved_model.save(served, str(partial), signatures=served_signatures)
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
