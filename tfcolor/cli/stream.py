"""One photograph from standard input or to standard output, for `tfcolor colorize`."""

import io
import sys
from pathlib import Path
from typing import Any

from tfcolor.cli import options
from tfcolor.support import errors

NAME = "-"  # standard input or output


def colorize(
    photos: tuple[str, ...], output: Path | None, path: Path | str | None, chosen: Any
) -> None:
    """Colorizes one photograph from standard input or to standard output.

    Args:
      photos: one path, or `NAME`.
      output: a file, or `NAME`; None for standard output.
      path: of the network, see `runtimes.load`.
      chosen: `folder.FileOptions`.

    Raises:
      ValueError, OSError: as for one photograph in a file.
    """
    from tfcolor import images, runtimes
    from tfcolor.colorizing import tone
    from tfcolor.images import formats

    if len(photos) != 1:
        raise errors.InputError("- stands for one photograph; give no other")
    if chosen.has_extras:
        extras = "--compare, --gif, --layer, --certainty and --variants"
        raise errors.InputError(f"{extras} need a file for --output")
    if output and str(output) != NAME and output.exists() and not chosen.overwrite:
        options.tell_there(output)
        return
    photograph = (
        images.read(io.BytesIO(sys.stdin.buffer.read()), "standard input")
        if photos[0] == NAME
        else images.read(photos[0])
    )
    if not chosen.recolor and (why := tone.why_not_to_color(photograph)):
        name = "standard input" if photos[0] == NAME else photos[0]
        raise errors.InputError(f"{name} is {why}; {options.RECOLORS}")
    other = chosen.other_picture(Path(photos[0]))
    chosen = chosen.chosen_for(Path(photos[0]), photograph.pixels.shape[:2])
    color = chosen.render(photograph.pixels, runtimes.load(path), chosen.hints, other)
    photograph = photograph.with_pixels(color)
    if output is not None and str(output) != NAME:
        images.write(output, photograph, chosen.provenance)
        return
    encoded = io.BytesIO()
    kind = photograph.format if photograph.format in formats.FORMATS.values() else "PNG"
    images.encode(encoded, photograph, kind, chosen.provenance)
    sys.stdout.buffer.write(encoded.getvalue())
