"""Converts pixels from the ICC profile of their file to sRGB."""

from __future__ import annotations

import functools
import io

from PIL import Image, ImageCms


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
