"""Content credentials (C2PA): a file says, signed, who made it, how, and from which photograph."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from PIL import Image

import tfcolor
from tfcolor.images import formats, provenance, signatures
from tfcolor.support import disk, errors

_SIGNED = {"JPEG", "PNG", "WEBP", "TIFF", "GIF"}  # C2PA has no place in a BMP

_TOOL = {"name": "tfcolor", "version": tfcolor.__version__}

_SETTINGS: dict[str, Any] = {
    # Nothing is fetched, even if the photograph's own credentials are on a server.
    "verify": {"remote_manifest_fetch": False},
    # The first action of an edit is "opened", with the parent; c2pa writes it.
    "builder": {"intent": "edit", "claim_generator_info": _TOOL, "thumbnail": {"enabled": False}},
}


class Signer:
    """Signs the results of a model; its text is whom the certificate names, never the key."""

    def __init__(
        self, pem: Path, model: str, model_sha256: str | None, timestamp: str | None = None
    ) -> None:
        """Reads a certificate and tries it.

        Args:
          pem: a file with the chain of certificates, the signer's own first, and its private key
            without a passphrase.
          model: its name, path or address, of which the credentials say only the name.
          model_sha256: the hash of its file or files, if it is known.
          timestamp: URL of an RFC 3161 server, which is sent a hash for each signature; None for
            none.

        Raises:
          ValueError: if c2pa-python is missing, the file cannot be used, or the server does not
            answer.
          OSError: if the file cannot be read.
        """
        if not importlib.util.find_spec("c2pa"):
            raise errors.InputError(
                "--sign needs c2pa-python; install it with: pip install 'tfcolor[c2pa]'"
            )
        self._name, credential = _read(pem)
        self._model = {"tfcolor.model": _name_of(model), "tfcolor.model_sha256": model_sha256}
        self._credential: tuple[str, bytes, bytes, str | None] = (*credential, None)
        self._try(f"{pem} is not fit for C2PA; give another certificate")
        if timestamp:
            self._credential = (*credential, timestamp)
            self._try(f"{timestamp} gives no time stamp; give another server")

    def __str__(self) -> str:
        return self._name

    def sign(self, file: Path, format: str, source: Path) -> None:
        """Signs a complete file in its place; its pixels and metadata stay.

        Args:
          file: ends in any suffix.
          format: of the file, Pillow's name.
          source: the photograph that it was made from. If that has credentials, they are included.

        Raises:
          ValueError: if C2PA cannot read the photograph.
          OSError: if a file cannot be read or written.
        """
        refusal = f"what is made of {source.name} cannot be signed; repair it or leave out --sign"
        with disk.replacing(file) as signed:
            with open(source, "rb") as parent, open(file, "rb") as plain, open(signed, "xb+") as to:
                self._sign(plain, to, format, parent, source.name, refusal)

    def _try(self, refusal: str) -> None:
        """Signs a picture of one pixel; raises ValueError, which begins with the refusal."""
        dot = io.BytesIO()
        Image.new("L", (1, 1)).save(dot, "PNG")
        dot.seek(0)
        self._sign(dot, io.BytesIO(), "PNG", io.BytesIO(dot.getvalue()), "dot.png", refusal)

    def _sign(
        self,
        plain: BinaryIO,
        signed: BinaryIO,
        format: str,
        parent: BinaryIO,
        title: str,
        refusal: str,
    ) -> None:
        """Copies a file and adds credentials; raises ValueError if C2PA refuses, and why."""
        import c2pa

        about = {**self._model, "tfcolor.source_sha256": disk.sha256(parent)}
        action = {
            "action": "c2pa.adjustedColor",
            "digitalSourceType": provenance.SOURCE_TYPE,
            "softwareAgent": _TOOL,
            "parameters": {key: value for key, value in about.items() if value},
        }
        made = {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}]}
        opened = {"title": title, "relationship": "parentOf"}
        kind = signatures.kind_of(signatures.head_of(parent)) or ""
        try:
            with (  # Threads share none of these.
                c2pa.Settings.from_dict(_SETTINGS) as settings,
                c2pa.Context(settings) as context,
                c2pa.Signer.from_info(c2pa.C2paSignerInfo(*self._credential)) as signer,
                c2pa.Builder(made, context) as builder,
            ):
                builder.add_ingredient(opened, _mime(kind), parent)
                builder.sign(signer, _mime(format), plain, signed)
        except c2pa.C2paError as error:
            raise errors.InputError(f"{refusal} ({errors.one_line(error)})") from error


def require_formats(targets: Iterable[Path]) -> None:
    """Raises ValueError if a file is to be of a format that holds no content credentials."""
    for path in targets:
        if formats.format_of(path) not in _SIGNED:
            raise errors.InputError(
                f"{path} cannot be signed; leave out --sign, or give an output that ends in .png"
            )


def _read(pem: Path) -> tuple[str, tuple[str, bytes, bytes]]:
    """Whom a certificate names; the algorithm, the chain and the key as c2pa takes them."""
    from cryptography import exceptions, x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    content = pem.read_bytes()
    try:
        chain = x509.load_pem_x509_certificates(content)
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, exceptions.UnsupportedAlgorithm) as error:
        raise errors.InputError(
            f"{pem} must hold certificates and a private key without a passphrase, as PEM: "
            f"{errors.one_line(error)}"
        ) from error
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm = {256: "es256", 384: "es384"}.get(key.curve.key_size, "es512")
    else:
        algorithm = "ed25519" if isinstance(key, ed25519.Ed25519PrivateKey) else "ps256"
    form = serialization.Encoding.PEM
    private = key.private_bytes(
        form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = b"".join(each.public_bytes(form) for each in chain)
    return chain[0].subject.rfc4514_string(), (algorithm, public, private)


def _name_of(model: str) -> str:
    """The last name of a path or an address; NAME/1 of a version of a SavedModel."""
    path = PurePath(model)
    return f"{path.parent.name}/{path.name}" if path.name.isdecimal() else path.name


def _mime(format: str) -> str:
    """The MIME type of a format, by Pillow's name."""
    return "image/jp2" if format == signatures.JPEG_2000 else f"image/{format.lower()}"
