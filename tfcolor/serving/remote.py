"""A model at TF Serving: a network for `colorize`, and a colorizer of whole files.

REST or gRPC only carry the requests; all else is here: retries, deadlines, requests of a bounded
size, and planes as PNGs.
"""

import importlib.util
import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np

from tfcolor.serving import addresses, rest
from tfcolor.support import errors

SIZE = 256  # that most networks of ours are meant to see; of models that do not tell theirs
TIMEOUT_S = 60.0  # for one request
DEADLINE_S = 120.0  # for all tries of a request: a server takes this long to restart
CONNECT_S = 5.0  # for all tries of the first contact: an address may be mistyped
PAUSE_S = 0.25  # before the second try; doubled before each one after it, with jitter
LONGEST_PAUSE_S = 4.0
CHUNK_FILES = 8  # photographs in a request, at most
CHUNK_BYTES = 16_000_000  # of files in one request; a larger file goes alone

HINTED = "hinted_planes_png"  # the signature of a network that takes hints

_LEVELS = 65_535.0  # of 16-bit PNGs: 0.0034 in a*b*, 0.0015 in L*

_T = TypeVar("_T")


class Transport(Protocol):
    """Sends requests to a server; can be used from any thread.

    All methods raise `ConnectionError` if another try may succeed, `TimeoutError` after
    `timeout_s`, `PermissionError` if a token is required, `ssl.SSLCertVerificationError` if the
    server's certificate is not trusted, and `OSError` for anything else, with only the reason.
    """

    def status(self, timeout_s: float) -> list[dict[str, Any]]: ...

    def signatures(self, timeout_s: float) -> dict[str, dict[str, Any]]: ...

    def predict(
        self, signature: str, inputs: Mapping[str, Sequence[Any]], timeout_s: float
    ) -> dict[str, list[bytes]]:
        """Inputs (n,) as sequences of bytes, int or float; outputs (n,) of bytes."""
        ...


class Remote:
    """A model that TF Serving runs; see `runtimes.Network`. It can be used from any thread.

    A request is tried again, after pauses, while the server is unavailable or busy, but not after
    a timeout: the server would compute it twice. Once a server was given up, each request is tried
    only once until one succeeds, so that a folder does not wait for each photograph.
    """

    stride = 1  # its graph mirrors the borders itself

    def __init__(
        self,
        url: str,
        timeout_s: float = TIMEOUT_S,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """Sends no request yet; see `connect`.

        Args:
          url: see `addresses.parse`.
          timeout_s: longest time of one request.
          deadline_s: longest time of all tries of one request.

        Raises:
          ValueError: if the address, the token or the certificates cannot be used, or a package is
            missing.
        """
        self.address = check(url)
        self.takes_hints, self.size = False, SIZE  # until `connect` has asked
        self._timeout_s, self._deadline_s = timeout_s, deadline_s
        self._is_given_up = False
        self._transport: Transport
        if self.address.is_grpc:
            from tfcolor.serving import rpc  # imports TensorFlow, which takes seconds

            self._transport = rpc.Rpc(self.address)
        else:
            self._transport = rest.Rest(self.address)

    def __call__(self, l: np.ndarray, hints: np.ndarray | None = None) -> np.ndarray:
        """See `runtimes.Network`; raises OSError if there is no answer."""
        signature, inputs = "planes_png", {"l_bytes": [encode_l(l)]}
        if hints is not None:
            signature, inputs = HINTED, {**inputs, "hints_bytes": [encode_hints(hints)]}
        (encoded,) = self._predict(signature, inputs)["ab_bytes"]
        try:
            return decode_ab(encoded, l.shape)
        except errors.InputError as error:
            raise OSError(f"{self.address} returned no colors ({error})") from error

    def colorize(
        self,
        files: Sequence[bytes],
        *,
        size: int | None = None,
        strength: float = 1.0,
        saturation: float = 1.0,
        jpeg: bool = False,
    ) -> list[bytes | Exception]:
        """Lets the server colorize photograph files.

        Args:
          files: JPEG, PNG, BMP or GIF, of any sizes and number.
          size, strength, saturation: see `tfcolor.colorizing.rendering.colorize`.
          jpeg: whether to return JPEGs instead of PNGs.

        Returns:
          For each file the colorized one, or a ValueError that says why it cannot be colorized, or
          the OSError of its request.
        """
        signature, output = ("jpeg", "jpeg_bytes") if jpeg else ("serving_default", "png_bytes")
        rendering = {
            "size": size or 0,
            "strength": float(strength),
            "saturation": float(saturation),
        }
        results: list[bytes | Exception] = []
        for chunk in chunks(files):
            inputs: dict[str, Sequence[Any]] = {"image_bytes": chunk}
            inputs |= {name: [value] * len(chunk) for name, value in rendering.items()}
            try:
                answer = self._predict(signature, inputs)
            except OSError as error:
                results += [error] * len(chunk)
                continue
            for encoded, reason in zip(answer[output], answer["error"], strict=True):
                results.append(ValueError(reason.decode()) if reason else encoded)
        return results

    def status(self) -> list[dict[str, Any]]:
        """One row per version, with "version" and "state"; raises OSError as all requests."""
        return self._ask(self._transport.status, CONNECT_S)

    def signatures(self) -> dict[str, dict[str, Any]]:
        """SignatureDefs by name, in protocol buffers' JSON form; raises OSError."""
        return self._ask(self._transport.signatures, CONNECT_S)

    def _predict(
        self, signature: str, inputs: Mapping[str, Sequence[Any]]
    ) -> dict[str, list[bytes]]:
        answer = self._ask(
            lambda timeout_s: self._transport.predict(signature, inputs, timeout_s),
            self._deadline_s,
        )
        count = len(next(iter(inputs.values())))
        for name, values in answer.items():
            if len(values) != count:
                raise OSError(f"{self.address} gave {len(values)} {name} for {count} requested")
        return answer

    def _ask(self, call: Callable[[float], _T], within_s: float) -> _T:
        """Calls until there is an answer, no answer can come, or the time is over."""
        end = time.monotonic() + within_s
        for pause in pauses():
            timeout_s = min(
                self._timeout_s, max(end - time.monotonic(), 1)
            )  # a last try has a chance
            try:
                answer = call(timeout_s)
                self._is_given_up = False
                return answer
            except ConnectionError as error:
                if self._is_given_up or time.monotonic() + pause >= end:
                    self._is_given_up = True
                    raise self._explained(error, timeout_s) from error
            except OSError as error:
                raise self._explained(error, timeout_s) from error
            time.sleep(pause)
        raise AssertionError("pauses never end")

    def _explained(self, error: OSError, timeout_s: float) -> OSError:
        """The error with the address, what is wrong and a remedy, in one line."""
        # Any server may answer, and a terminal would obey control characters in its answer.
        printable = "".join(each if each.isprintable() else " " for each in str(error))
        reason = " ".join(printable.split())[:300]
        if isinstance(error, ConnectionError):
            note = f"is not available ({reason}); start the server or check --server"
        elif isinstance(error, TimeoutError):
            note = (
                f"gave no answer within {timeout_s:.3g} s; check --server or ask for less at once"
            )
        elif isinstance(error, PermissionError):
            note = f"denies access ({reason}); set {addresses.TOKEN} to its token"
        elif isinstance(error, ssl.SSLCertVerificationError):
            note = (
                f"has a certificate that is not trusted ({reason}); "
                f"set {addresses.CA} to the file of its authority"
            )
        else:
            note = reason if reason.startswith("does not speak") else f"refuses: {reason}"
        return (TimeoutError if isinstance(error, TimeoutError) else OSError)(
            f"{self.address} {note}"
        )


def check(url: str) -> addresses.Address:
    """The address of a model to which requests can be sent.

    Raises:
      ValueError: if it has another form, the token must not be sent there, or a package is missing.
    """
    address = addresses.parse(url)
    addresses.token(address)
    if address.is_grpc and not importlib.util.find_spec("tensorflow_serving"):
        raise errors.InputError(
            f"{address.scheme}:// needs tensorflow-serving-api; install it with: "
            "pip install 'tfcolor[serving]'"
        )
    return address


def connect(url: str) -> Remote:
    """Connects to a model of ours.

    Raises:
      ValueError: if the address cannot be used, or the model is none of ours.
      OSError: if there is no such model, or no answer.
    """
    remote = Remote(url)
    told = remote.signatures()
    if "l_bytes" not in told.get("planes_png", {}).get("inputs", {}):
        raise errors.InputError(
            f"{remote.address} has no signature planes_png; serve a model made by tfcolor export"
        )
    remote.takes_hints = HINTED in told
    if "card" in told:
        (card,) = remote._predict("card", {"ask_bytes": [b""]})["card_bytes"]
        remote.size = int(json.loads(card)["image_size"])
    return remote


def pauses() -> Iterator[float]:
    """Seconds before each further try, endlessly; jitter keeps many clients apart."""
    pause = PAUSE_S
    while True:
        yield pause * random.uniform(0.5, 1)
        pause = min(2 * pause, LONGEST_PAUSE_S)


def chunks(files: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The files in their order, in lists of at most `CHUNK_FILES` and `CHUNK_BYTES`."""
    chunk: list[bytes] = []
    for file in files:
        if chunk and (len(chunk) == CHUNK_FILES or sum(map(len, chunk)) + len(file) > CHUNK_BYTES):
            yield chunk
            chunk = []
        chunk.append(file)
    if chunk:
        yield chunk


def encode_l(l: np.ndarray) -> bytes:
    """l float32 (h, w) in [-1, 1] -> a PNG, 16-bit gray (h, w)."""
    return _encoded((l + 1) / 2)


def encode_hints(hints: np.ndarray) -> bytes:
    """Hints float32 (h, w, 3) -> a PNG, 16-bit gray (3 h, w): a above b above the mask."""
    a, b, mask = np.moveaxis(hints, -1, 0)
    return _encoded(np.concatenate([(a + 1) / 2, (b + 1) / 2, mask]))


def _encoded(plane: np.ndarray) -> bytes:
    """A plane (h, w) in [0, 1] as a PNG of 16-bit gray."""
    levels = np.rint(np.clip(plane, 0, 1) * _LEVELS).astype(np.uint16)
    return cv2.imencode(".png", levels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def decode_ab(encoded: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """A PNG, 16-bit gray (2 h, w), plane a above plane b -> ab float32 (h, w, 2) in [-1, 1].

    Raises:
      ValueError: if it is no such PNG.
    """
    height, width = shape
    raw = np.frombuffer(encoded, np.uint8)
    planes = cv2.imdecode(raw, cv2.IMREAD_UNCHANGED) if raw.size else None
    if planes is None or planes.dtype != np.uint16 or planes.shape != (2 * height, width):
        raise errors.InputError(f"not a 16-bit PNG of {width} x {2 * height}")
    ab = planes.reshape(2, height, width).astype(np.float32) * np.float32(2 / _LEVELS) - 1
    return np.ascontiguousarray(np.moveaxis(ab, 0, -1))
