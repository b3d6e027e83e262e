"""Converts photographs to gray, in `keras.ops`, for any leading shape.

How bright a red dress becomes depends on the conversion: a formula on encoded values, as in most
programs, luminance, as in L*, or a film that was hardly sensitive to red. All conversions return
encoded sRGB, so that the results can be displayed, and compared by their L*.

References:
  ITU-R BT.601-7 and BT.709-6 (luma). The films are our approximations of spectral sensitivity: the
  first plates sensitive to green were not sensitive to red (orthochromatic, to about 1930); later
  ones were sensitive to all colors, and to blue more than the eye is (panchromatic).
"""

from keras import ops

from tfcolor.color import cielab

# Weights of encoded red, green and blue.
_LUMA = {
    "rec601": (0.299, 0.587, 0.114),
    "rec709": (0.2126, 0.7152, 0.0722),
    "average": (1 / 3, 1 / 3, 1 / 3),
}
# Weights of linear red, green and blue: how strongly each exposes a film. Filters go with
# panchromatic film; the yellow one absorbs blue, the red one all but red.
FILMS = {
    "panchromatic": (0.30, 0.37, 0.33),
    "orthochromatic": (0.04, 0.46, 0.50),
    "yellow-filter": (0.42, 0.48, 0.10),
    "red-filter": (0.88, 0.10, 0.02),
}
METHODS = ("lstar", *_LUMA, "hsl", *FILMS)


def to_gray(rgb: cielab.Tensor, method: str) -> cielab.Tensor:
    """Converts photographs to gray.

    Args:
      rgb: (..., 3) sRGB, uint8, or floating point in [0, 1].
      method: one of `METHODS`: "lstar" keeps the color's L*; "rec601", "rec709" and "average"
        weigh encoded values; "hsl" is the mean of the largest and the smallest of them; the rest
        are films.

    Returns:
      float32 (...) in [0, 1], encoded as sRGB; red, green and blue all have this value.

    Raises:
      ValueError: for an unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method}")
    if method == "hsl":
        encoded = cielab.to_float(rgb)
        return (ops.max(encoded, axis=-1) + ops.min(encoded, axis=-1)) / 2.0
    if method in _LUMA:
        return cielab.mix(cielab.to_float(rgb), _LUMA[method])
    return cielab.expose(rgb, cielab.LUMINANCE if method == "lstar" else FILMS[method])


def lightness(gray: cielab.Tensor) -> cielab.Tensor:
    """L* of gray photographs that `to_gray` returned; float32 (...) in [0, 100]."""
    return cielab.lightness(cielab.decode(gray))
