"""Ways of making a photograph gray, in `keras.ops`, for any leading shape.

What a gray photograph shows of a red dress depends on how it was made gray: by a formula on encoded
values, as most programs do, by luminance, as L* does, or by a film that hardly saw red. All give an
encoded sRGB value again, so that they can be looked at, and compared by the L* that it has.

References:
  ITU-R BT.601-7 and BT.709-6 (luma). The films are approximations of ours, by sensitivity: the
  first plates to see green saw no red (orthochromatic, to about 1930); later ones saw all colors,
  blue more than the eye does (panchromatic).
"""

from keras import ops

from tfcolor.color import cielab

# Weights of encoded red, green and blue.
_LUMA = {
    "rec601": (0.299, 0.587, 0.114),
    "rec709": (0.2126, 0.7152, 0.0722),
    "average": (1 / 3, 1 / 3, 1 / 3),
}
# Weights of linear red, green and blue: how strongly each exposes a film. Filters are used with
# panchromatic film and take away blue, or all but red.
FILMS = {
    "panchromatic": (0.30, 0.37, 0.33),
    "orthochromatic": (0.04, 0.46, 0.50),
    "yellow-filter": (0.42, 0.48, 0.10),
    "red-filter": (0.88, 0.10, 0.02),
}
METHODS = ("lstar", *_LUMA, "hsl", *FILMS)


def to_gray(rgb: cielab.Tensor, method: str) -> cielab.Tensor:
    """A gray photograph.

    Args:
      rgb: (..., 3) sRGB, uint8, or floating point in [0, 1].
      method: one of `METHODS`: "lstar" keeps the color's L*; "rec601", "rec709" and "average"
        weigh encoded values; "hsl" is the mean of the largest and the smallest of them; the rest
        are films.

    Returns:
      float32 (...) in [0, 1], encoded as sRGB: the one value of red, green and blue.

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
    """L* of gray photographs, as `to_gray` gives them; float32 (...) in [0, 100]."""
    return cielab.lightness(cielab.decode(gray))
