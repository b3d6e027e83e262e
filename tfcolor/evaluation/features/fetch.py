"""Files from the network, fetched once: checked by their SHA-256 and kept in a cache folder."""

import contextlib
import dataclasses
import hashlib
import http.client
import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 30.0  # without a byte


@dataclasses.dataclass(frozen=True)
class Source:
    """An address, and the SHA-256 of the file there: 64 hexadecimal digits."""

    url: str
    sha256: str

    @property
    def name(self) -> str:
        """What the file is called, there and in the cache."""
        return self.url.rpartition("/")[2]


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/tfcolor, or ~/.cache/tfcolor where that is unset or not absolute."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "tfcolor"


def fetch(sources: Sequence[Source], folder: Path | None = None) -> Path:
    """The path of a file: cached already, or else fetched from the first source that has it.

    The cached file is checked too, and fetched again if it is damaged. Progress goes to stderr.

    Args:
      sources: any of them will do; tried in turn.
      folder: where it is kept; `cache_folder()` unless given.

    Raises:
      OSError: if no source has the file or it cannot be written; tells every reason.
    """
    folder = cache_folder() if folder is None else folder
    for source in sources:
        path = folder / source.name
        if path.is_file() and _is_right(path, source):
            return path
    reasons = []
    for source in sources:
        try:
            return _download(source, folder)
        except (OSError, http.client.HTTPException) as error:
            reasons.append(f"{source.url}: {_reason(error)}")
    raise OSError("; ".join(reasons))


def _download(source: Source, folder: Path) -> Path:
    """Fetches a file into a folder under a passing name, which only a right file loses."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(".partial", source.name, folder)
    try:
        with (
            os.fdopen(descriptor, "wb") as file,
            urllib.request.urlopen(source.url, timeout=TIMEOUT_SECONDS) as response,
        ):
            _copy(response, file, source)
        os.replace(partial, folder / source.name)
    except BaseException:  # of Ctrl-C too
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise
    return folder / source.name


def _copy(response: http.client.HTTPResponse, file: BinaryIO, source: Source) -> None:
    """Writes what an address gives, and checks it.

    Raises:
      OSError: if it is cut off, or another file than it should be.
    """
    total = int(response.headers.get("Content-Length") or 0)  # 0: not said
    digest, count = hashlib.sha256(), 0
    _say(f"fetching {source.url}\n")
    while chunk := response.read(CHUNK_BYTES):
        file.write(chunk)
        digest.update(chunk)
        count += len(chunk)
        if sys.stderr.isatty():
            _say(f"\r{count / 1e6:.0f} MB" + (f" of {total / 1e6:.0f}" if total else ""))
    if sys.stderr.isatty():
        _say("\n")
    if count < total:
        raise OSError(f"cut off after {count} of {total} bytes")
    if digest.hexdigest() != source.sha256:
        raise OSError(f"SHA-256 is {digest.hexdigest()}, must be {source.sha256}")


def _say(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def _is_right(path: Path, source: Source) -> bool:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest() == source.sha256


def _reason(error: Exception) -> str:
    """What went wrong; urllib wraps what the socket says."""
    if isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError):
        error = error.reason if isinstance(error.reason, Exception) else error
    return " ".join(str(error).split()) or type(error).__name__
