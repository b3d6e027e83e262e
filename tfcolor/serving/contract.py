"""The contract of our SavedModels: signatures, dtypes and shapes, as data.

Only the standard library is imported, so that clients can read it without TensorFlow.
"""

import dataclasses
from collections.abc import Mapping

VERSION = 1  # raised when callers of today's signatures would break

# These bound the memory of a request, in pixels.
MAX_PIXELS = 25_000_000  # a photograph has no more
MAX_SIDE = 65_500  # pixels; a JPEG has no more
MAX_SIZE = 1024  # short side that a network sees
MAX_PLANE = 4 * MAX_SIZE**2  # pixels that it sees at a time, padded to its stride

# TensorFlow's dtypes by the names of its protocol buffers.
_ENUMS = {
    **{"string": "DT_STRING", "int32": "DT_INT32", "float32": "DT_FLOAT", "uint8": "DT_UINT8"},
    "bool": "DT_BOOL",
}


@dataclasses.dataclass(frozen=True)
class Tensor:
    """One input or output.

    Attributes:
      dtype: as TensorFlow names it in Python: "string", "int32", "float32", "uint8" or "bool".
      shape: None is a side of any length.
      default: value for each photograph if an input is left out; None if it must be given.
    """

    dtype: str
    shape: tuple[int | None, ...]
    default: float | None = None

    @property
    def enum(self) -> str:
        """The dtype as protocol buffers and REST name it, such as "DT_FLOAT"."""
        return _ENUMS[self.dtype]


@dataclasses.dataclass(frozen=True)
class Signature:
    """Inputs and outputs by their names."""

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


_BYTES = Tensor("string", (None,))
_RGB = Tensor("uint8", (None, None, None, 3))
_LOOK = {
    "size": Tensor("int32", (None,), 0),  # 0 is the model's own
    "strength": Tensor("float32", (None,), 1.0),
    "saturation": Tensor("float32", (None,), 1.0),
}

# Every input has a leading dimension n, so that a server can join requests to a batch. One value
# in an input with a default counts for all n photographs.
SIGNATURES: Mapping[str, Signature] = {
    "serving_default": Signature(
        {"image_bytes": _BYTES, **_LOOK}, {"png_bytes": _BYTES, "error": _BYTES}
    ),
    "jpeg": Signature({"image_bytes": _BYTES, **_LOOK}, {"jpeg_bytes": _BYTES, "error": _BYTES}),
    "rgb": Signature({"rgb": _RGB, **_LOOK}, {"rgb": _RGB}),
    "planes": Signature(
        {"l": Tensor("float32", (None, None, None, 1))},
        {"ab": Tensor("float32", (None, None, None, 2))},
    ),
    "planes_png": Signature({"l_bytes": _BYTES}, {"ab_bytes": _BYTES}),
}

# Signatures that only some models have. Hints have signatures of their own: REST and batching
# require every input in every request, so that one more input would break today's callers.
_L = Tensor("float32", (None, None, None, 1))
_HINTS = Tensor("float32", (None, None, None, 3))  # a, b, mask; see `runtimes.Network`
OPTIONAL: Mapping[str, Signature] = {
    # JSON that describes the model, for each element of an input that is not looked at: TF Serving
    # itself does not tell what size a network is meant to see. Early exports do not have it.
    "card": Signature({"ask_bytes": _BYTES}, {"card_bytes": _BYTES}),
    # Whether photographs are in color already; early exports do not have it.
    "in_color": Signature(
        {"image_bytes": _BYTES}, {"in_color": Tensor("bool", (None,)), "error": _BYTES}
    ),
    # For networks that paint RGB, not only color.
    "raw": Signature({"rgb": _RGB}, {"rgb": _RGB}),
    # For networks that take color hints.
    "hinted_planes": Signature(
        {"l": _L, "hints": _HINTS}, {"ab": Tensor("float32", (None, None, None, 2))}
    ),
    "hinted_planes_png": Signature(
        {"l_bytes": _BYTES, "hints_bytes": _BYTES}, {"ab_bytes": _BYTES}
    ),
    # For networks that were trained on color classes: probabilities in cells of 4 x 4 pixels. Hints
    # must be zeros for a network that takes none.
    "classes": Signature(
        {"l": _L, "hints": _HINTS},
        {"probabilities": Tensor("float32", (None, None, None, 258))},
    ),
}
ALL: Mapping[str, Signature] = {**SIGNATURES, **OPTIONAL}
