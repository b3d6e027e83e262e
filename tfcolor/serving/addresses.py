"""Addresses of models at TF Serving, and the token and certificates for a server.

Environment:
  TFCOLOR_SERVER_TOKEN: sent as "Authorization: Bearer TOKEN"; TF Serving itself needs none, but a
    proxy in front of it may. It is read from nowhere else and never printed.
  TFCOLOR_SERVER_CA: a PEM file with the certificates that https:// and grpcs:// trust, in place of
    the public authorities.
"""

import dataclasses
import ipaddress
import os
import re
import ssl
import urllib.parse
from pathlib import Path

from tfcolor.support import errors

TOKEN = "TFCOLOR_SERVER_TOKEN"
CA = "TFCOLOR_SERVER_CA"
NAME = "tfcolor-base"  # for a model whose name is not given

_GRPC = ("grpc", "grpcs")
_FORMS = "http://HOST:8501/v1/models/NAME or grpc://HOST:8500/NAME"
_REST_PATH = re.compile(
    r"(?P<prefix>(?:/.*)?)/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+))?/?"
)
_GRPC_PATH = re.compile(r"(?P<prefix>)(?:/(?P<name>[^/]+)(?:/(?P<version>\d+))?)?/?")


@dataclasses.dataclass(frozen=True)
class Address:
    """Where a model is served.

    Attributes:
      scheme: "http", "https", "grpc" or "grpcs".
      host: name or number, without brackets; `netloc` has its port too.
      prefix: path before /v1/models, of a proxy; empty with gRPC.
      name, version: of the model; version None is the newest that is served.
    """

    scheme: str
    host: str
    netloc: str
    prefix: str
    name: str
    version: int | None

    @property
    def is_grpc(self) -> bool:
        return self.scheme in _GRPC

    @property
    def is_secure(self) -> bool:
        return self.scheme in ("https", "grpcs")

    @property
    def is_local(self) -> bool:
        """Whether the server is this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        """The address as it was given, without a trailing slash."""
        root = f"{self.scheme}://{self.netloc}{self.prefix}"
        if self.is_grpc:
            return f"{root}/{self.name}" + (f"/{self.version}" if self.version is not None else "")
        version = "" if self.version is None else f"/versions/{self.version}"
        return f"{root}/v1/models/{self.name}{version}"


def parse(url: str) -> Address:
    """The parts of an address.

    Args:
      url: http(s)://HOST:PORT/v1/models/NAME[/versions/N] for REST, grpc(s)://HOST:PORT[/NAME[/N]]
        for gRPC.

    Raises:
      ValueError: if it has another form.
    """
    if set("@?#") & set(url):  # not printed: it may hold a password
        raise errors.InputError(
            f"a server must have no user, password or query; a token goes into {TOKEN}"
        )
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise errors.InputError(f"a server must be like {_FORMS}, got {url!r} ({error})") from error
    is_grpc = parts.scheme in _GRPC
    path = (_GRPC_PATH if is_grpc else _REST_PATH).fullmatch(parts.path)
    known = is_grpc or parts.scheme in ("http", "https")
    if not (known and host and path and (port or not is_grpc)):
        raise errors.InputError(f"a server must be like {_FORMS}, got {url!r}")
    version = path["version"]
    return Address(
        parts.scheme,
        host,
        parts.netloc,
        path["prefix"],
        path["name"] or NAME,
        None if version is None else int(version),
    )


def token(address: Address) -> str | None:
    """The token for a server; None if the environment has none.

    Raises:
      ValueError: if it cannot be sent, or others could read it on its way.
    """
    secret = os.environ.get(TOKEN, "").strip()
    if not secret:
        return None
    if not re.fullmatch(r"[!-~]+", secret):
        raise errors.InputError(f"{TOKEN} must be one word of printable ASCII; set it again")
    if not (address.is_secure or address.is_local):
        secure = {"http": "https", "grpc": "grpcs"}[address.scheme]
        raise errors.InputError(
            f"{TOKEN} is not sent to {address.netloc} unencrypted; use {secure}:// or unset it"
        )
    return secret


def authorities() -> tuple[ssl.SSLContext, bytes | None]:
    """The trusted authorities: for `ssl`, and the PEM file that the environment names, or None.

    Raises:
      ValueError: if the file is not there or holds no certificate.
    """
    path = os.environ.get(CA)
    if not path:
        return ssl.create_default_context(), None
    try:
        return ssl.create_default_context(cafile=path), Path(path).read_bytes()
    except OSError as error:  # ssl.SSLError too
        raise errors.InputError(
            f"{CA} must name a PEM file of certificates, got {path} ({error.strerror or error})"
        ) from error
