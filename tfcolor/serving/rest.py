"""A network behind TF Serving's REST API.

Reference:
  https://www.tensorflow.org/tfx/serving/api_rest
"""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import numpy as np

SIZE = 192  # what every network of ours can take; the server does not tell which is best
DEADLINE_S = 60.0
TRIES = 4  # while the server is not there, or says that it is busy
PAUSE_S = 0.5  # before the second try; doubled before each one after it

_LATER = {429, 502, 503, 504}  # HTTP statuses that another try may mend


class Served:
    """A model of TF Serving whose signature `planes` turns l into ab; see `network.Network`."""

    size, stride = SIZE, 1  # its graph mirrors the borders itself

    def __init__(self, url: str) -> None:
        """Looks for the model; `self.url` is without a slash at its end.

        Args:
          url: such as "http://localhost:8501/v1/models/tfcolor", or that of one of its versions.

        Raises:
          ValueError: if the address has another form, or its model is none of ours.
          OSError: if there is no such model, or no answer.
        """
        self.url = url.rstrip("/")
        check_address(url)
        described = self._ask("/metadata")
        signatures = described.get("metadata", {}).get("signature_def", {}).get("signature_def", {})
        if not {"l"} <= signatures.get("planes", {}).get("inputs", {}).keys():
            raise ValueError(
                f"{self.url} has no signature planes; serve a model made by tfcolor export"
            )

    def __call__(self, l: np.ndarray) -> np.ndarray:
        """l float32 (h, w) -> ab float32 (h, w, 2)."""
        body = {"signature_name": "planes", "inputs": {"l": l[None, ..., None].tolist()}}
        outputs = self._ask(":predict", body).get("outputs")  # the only one, without its name
        ab = np.array(outputs, np.float32)
        if ab.shape != (1, *l.shape, 2):
            raise ValueError(f"{self.url} gave no colors for a lightness of {l.shape}")
        return ab[0]

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        for left in reversed(range(TRIES)):
            try:
                return self._ask_once(path, body)
            except urllib.error.HTTPError as error:
                if error.code not in _LATER or not left:
                    raise OSError(f"{self.url} refuses: {_reason(error)}") from error
            except ValueError as error:
                raise OSError(
                    f"{self.url} does not speak TF Serving's REST ({error}); check --server"
                ) from error
            except (OSError, http.client.HTTPException) as error:
                if not left:
                    reason = getattr(error, "reason", error)
                    raise OSError(
                        f"{self.url} does not answer ({reason}); start the server or check --server"
                    ) from error
            time.sleep(PAUSE_S * 2 ** (TRIES - 1 - left))
        raise AssertionError("the last try returns or raises")

    def _ask_once(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        encoded = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, encoded, headers)
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            told = json.load(answer)
        if not isinstance(told, dict):
            raise ValueError("no JSON object")
        return told


def check_address(url: str) -> None:
    """Raises ValueError if it is not the address of a model."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or "/v1/models/" not in parts.path:
        raise ValueError(f"--server must be like http://localhost:8501/v1/models/NAME, got {url!r}")


def _reason(error: urllib.error.HTTPError) -> str:
    """What the server says of an error: JSON with "error", or something else."""
    try:
        text = str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"
    return " ".join(text.split())[:300]
