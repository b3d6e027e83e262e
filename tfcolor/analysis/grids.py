"""Grids of pictures with captions."""

from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
import tensorflow as tf
from matplotlib import figure

from tfcolor.analysis import gallery, statistics
from tfcolor.color import cielab, grayscale
from tfcolor.data import augment, film
from tfcolor.pages import plots

CAPTION = 18  # characters that fit under a picture
INCHES, CAPTION_INCHES = 1.25, 0.15  # side of a picture, and the room under it
PLANE_LIGHTNESS = 65.0  # L* at which the planes of color are shown
FILM_PICTURES, FILM_TRIES = 4, 4


def captioned(pictures: Sequence[gallery.Picture], columns: int) -> figure.Figure:
    """Pictures in rows, each with its file name below."""
    images = [picture.rgb for picture in pictures]
    return _grid(images, [caption(picture.name) for picture in pictures], columns)


def caption(name: str) -> str:
    """The end of a file name, in ASCII, which every font has."""
    stem = PurePosixPath(name).name.encode("ascii", "replace").decode()
    stem = stem if len(stem) <= CAPTION else f"...{stem[3 - CAPTION :]}"
    return stem.replace("$", r"\$")  # matplotlib reads $...$ as mathematics


def channels(totals: statistics.Statistics) -> figure.Figure:
    """One photograph and its L*, a* and b* planes, the last two at a constant lightness."""
    (picture,) = totals.typical.pictures
    l, a, b = np.moveaxis(np.asarray(cielab.rgb_to_lab(picture.rgb)), -1, 0)
    flat = np.full_like(l, PLANE_LIGHTNESS)
    labs = [(l, 0 * l, 0 * l), (flat, a, 0 * l), (flat, 0 * l, b)]
    planes = [_shown(np.stack(lab, axis=-1)) for lab in labs]
    return _grid([picture.rgb, *planes], [caption(picture.name), "L*", "a*", "b*"], 4, inches=2.4)


def brightness(totals: statistics.Statistics) -> figure.Figure:
    """Examples of each brightness class, one row per class."""
    rows = {name: found.gallery.pictures for name, found in totals.brightness.items()}
    columns = max(len(pictures) for pictures in rows.values())
    blank: np.ndarray = np.full((1, 1, 3), 255, np.uint8)
    images, captions = [], []
    for name, pictures in rows.items():
        images += [picture.rgb for picture in pictures] + [blank] * (columns - len(pictures))
        captions += [name if pictures else f"{name}: none"] + [""] * (columns - 1)
    return _grid(images, captions, columns)


def gray_methods(pictures: Sequence[gallery.Picture]) -> figure.Figure:
    """Pictures converted to gray by each method, one row per picture."""
    images, captions = [], []
    for picture in pictures:
        images.append(picture.rgb)
        captions.append(caption(picture.name))
        for method in grayscale.METHODS:
            gray = np.asarray(grayscale.to_gray(picture.rgb, method))
            images.append(np.repeat(gray[..., None], 3, axis=-1).clip(0, 1))
            captions.append(method)
    return _grid(images, captions, 1 + len(grayscale.METHODS))


def films(pictures: Sequence[gallery.Picture]) -> figure.Figure:
    """Photographs, each beside the results of `film.simulate` for several seeds."""
    images, captions = [], []
    for row, picture in enumerate(pictures[:FILM_PICTURES]):
        side = min(picture.rgb.shape[:2])
        square = augment.center_crop(tf.constant(picture.rgb), side)
        square = tf.ensure_shape(square, (side, side, 3))
        images.append(square.numpy())
        captions.append(caption(picture.name))
        for seed in range(FILM_TRIES):
            shown = film.simulate(square, tf.constant([row, seed], tf.int64))
            images.append(shown.numpy())
            captions.append(f"film, seed {seed}")
    return _grid(images, captions, 1 + FILM_TRIES, inches=1.8)


def _shown(lab: np.ndarray) -> np.ndarray:
    return np.asarray(cielab.lab_to_rgb(cielab.map_to_gamut(lab))).clip(0, 1)


def _grid(
    images: Sequence[np.ndarray],
    captions: Sequence[str],
    columns: int,
    inches: float = INCHES,
) -> figure.Figure:
    """Images in unit squares on one shared pair of axes; one pair per image would be slow."""
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    size = (inches * columns, (inches + CAPTION_INCHES) * rows)
    drawn, ((axis,),) = plots.subplots(1, 1, *size)
    row_height = 1 + CAPTION_INCHES / inches
    for place, (image, text) in enumerate(zip(images, captions, strict=True)):
        top, left = place // columns * row_height, place % columns
        height, width = 0.94 * np.array(image.shape[:2]) / max(image.shape[:2])
        x, y = left + 0.5, top + 0.5
        extent = (x - width / 2, x + width / 2, y + height / 2, y - height / 2)
        axis.imshow(image, extent=extent, interpolation="antialiased")
        axis.text(x, top + 0.98, text, ha="center", va="top", fontsize=6.5)
    axis.set(xlim=(0, columns), ylim=(rows * row_height, 0), aspect="equal")
    axis.set_axis_off()
    return drawn
