"""Converts pixels from the ICC profile of their file to sRGB."""

from __future__ import annotations

import functools
import io

import numpy as np
from PIL import Image, ImageCms

from tfcolor.color import cielab_numpy

_GAMMA_TOLERANCE = 0.05  # libpng's, below which a correction is not visible


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Mode L, RGB or CMYK in the profile's space -> RGB in sRGB.

    The image is returned as it is if there is no profile, or one that is broken or for another
    color model.
    """
    if not profile:
        return image
    try:
        converted = ImageCms.applyTransform(image, _transform(profile, image.mode))
    except (ImageCms.PyCMSError, OSError):
        return image
    assert converted is not None  # None is for in-place conversion only.
    return converted


@functools.lru_cache(maxsize=64)  # making one takes as long as decoding a photograph
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        # Dark tones of a gray scan (gamma 1.8) are off by 1.5 levels without it, by 0.9 with it.
        flags=ImageCms.Flags.HIGHRESPRECALC,
    )


@functools.lru_cache(maxsize=64)
def is_sound(profile: bytes | None) -> bool:
    """Whether bytes are an ICC profile."""
    try:
        ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
    except (ImageCms.PyCMSError, OSError):
        return False
    return True


def gamma_of(image: Image.Image) -> float | None:
    """The gamma of an open PNG: samples are light to this power; None if it is to be ignored.

    An ICC profile and an sRGB chunk have priority over it. Values near 1 / 2.2 stand for sRGB, as
    in libpng and browsers.
    """
    gamma = image.info.get("gamma")
    if image.format != "PNG" or not gamma or "srgb" in image.info:
        return None
    if is_sound(image.info.get("icc_profile")):
        return None
    is_sane = 0.1 < gamma < 10  # 0.45 and 1 are common
    return gamma if is_sane and abs(2.2 * gamma - 1) > _GAMMA_TOLERANCE else None


def gamma_to_srgb(pixels: np.ndarray, gamma: float) -> np.ndarray:
    """Converts uint8 or uint16 samples that are light to the power of gamma to sRGB."""
    top = np.iinfo(pixels.dtype).max
    light = (np.arange(top + 1) / top) ** (1 / gamma)
    return np.rint(top * cielab_numpy.encode(light)).astype(pixels.dtype)[pixels]
