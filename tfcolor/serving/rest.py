"""TF Serving's REST API.

Reference:
  https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import contextlib
import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfcolor.serving import addresses, contract

# A request is tried again after these: too many requests, a proxy or a server that is starting.
_LATER = {429, 502, 503, 504}
_NOT_LET_IN = {401, 403}

_FOREIGN = "does not speak TF Serving's REST; check --server"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuses redirections, which would take the token and the photographs to another server."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Rest:
    """A `remote.Transport` over HTTP, with one connection per request."""

    def __init__(self, address: addresses.Address) -> None:
        """Does not connect yet.

        Raises:
          ValueError: if the token or the certificates cannot be used.
        """
        self._url = str(address)
        self._headers = {"Content-Type": "application/json"}
        if token := addresses.token(address):
            self._headers["Authorization"] = f"Bearer {token}"
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if address.is_secure:
            handlers.append(urllib.request.HTTPSHandler(context=addresses.authorities()[0]))
        if address.is_local:  # a proxy cannot reach this machine
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)

    def status(self, timeout_s: float) -> list[dict[str, Any]]:
        """One row per version: "version", "state", "status"."""
        return list(self._ask("", None, timeout_s, "model_version_status"))

    def signatures(self, timeout_s: float) -> dict[str, dict[str, Any]]:
        """The SignatureDefs in protocol buffers' JSON form."""
        path = ("metadata", "signature_def", "signature_def")
        return dict(self._ask("/metadata", None, timeout_s, *path))

    def predict(
        self, signature: str, inputs: Mapping[str, Sequence[Any]], timeout_s: float
    ) -> dict[str, list[bytes]]:
        """Runs a signature; see `remote.Transport`."""
        expected = contract.ALL[signature]
        columns = {
            name: [_encoded(value) for value in values]
            if expected.inputs[name].dtype == "string"
            else values
            for name, values in inputs.items()
        }
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        body = {"signature_name": signature, "instances": rows}
        predictions = self._ask(":predict", body, timeout_s, "predictions")
        with _understood():
            if len(expected.outputs) == 1:  # then the server leaves its name out
                (name,) = expected.outputs
                predictions = [{name: value} for value in predictions]
            return {name: [_decoded(row[name]) for row in predictions] for name in expected.outputs}

    def _ask(self, path: str, body: dict[str, Any] | None, timeout_s: float, *keys: str) -> Any:
        """The part of the answer under these keys."""
        encoded = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, encoded, self._headers)
        try:
            with self._opener.open(request, timeout=timeout_s) as answer:
                told = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error) from error
        except (OSError, http.client.HTTPException) as error:
            raise _failure(error) from error
        with _understood():
            found = json.loads(told)
            for key in keys:
                found = found[key]
            return found


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    """Turns all errors that an answer of another form causes into one."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OSError(_FOREIGN) from error


def _refusal(error: urllib.error.HTTPError) -> OSError:
    """The error of `remote.Transport` for a status that is not 200."""
    try:
        reason = str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
        reason = f"{error.code} {error.reason}"
    if error.code in _LATER:
        return ConnectionError(reason)
    return PermissionError(reason) if error.code in _NOT_LET_IN else OSError(reason)


def _failure(error: Exception) -> OSError:
    """The error of `remote.Transport` if there is no answer at all."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, http.client.BadStatusLine):
        is_silent = isinstance(reason, http.client.RemoteDisconnected)
        return ConnectionError(str(reason)) if is_silent else OSError(_FOREIGN)
    if isinstance(reason, TimeoutError):
        return TimeoutError()
    if isinstance(reason, ssl.SSLCertVerificationError):
        return ssl.SSLCertVerificationError(reason.verify_message)
    return ConnectionError(getattr(reason, "strerror", None) or str(reason) or repr(reason))


def _encoded(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode()}


def _decoded(value: Any) -> bytes:
    """Bytes of an output: base64 if its name ends in _bytes, else text."""
    return value.encode() if isinstance(value, str) else base64.b64decode(value["b64"])
