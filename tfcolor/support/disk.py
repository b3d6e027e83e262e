"""Writes files completely or not at all, and locks folders for one process at a time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import filelock

from tfcolor.support import errors

LOCK = ".lock"  # the file in a folder that is locked


@contextlib.contextmanager
def blaming(path: Path) -> Iterator[None]:
    """Raises an OSError from inside again with `path`, which the user knows, as its file."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # an encoder's, which knows of no file
            raise OSError(f"{path}: {errors.one_line(error)}") from error
        raise OSError(
            error.errno, error.strerror, str(path)
        ) from error  # The errno gives the same subclass.


def folds_case(folder: Path) -> bool:
    """Whether names that differ in case are one file in a folder, or in one to be made there."""
    while not folder.exists():
        folder = folder.parent
    probe = folder / f".case-{secrets.token_hex(8)}"
    try:
        probe.touch()
        return probe.with_name(probe.name.upper()).exists()
    except OSError:
        return sys.platform in ("win32", "darwin")
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a hidden name beside `path` to write to; that file replaces `path` if all went well.

    A missing parent folder is made.

    Raises:
      OSError: what was raised inside, with the same errno but naming `path`.
    """
    # The name is short and random: a long `path.name` may leave no room for a suffix.
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    with blaming(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            os.replace(partial, path)
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()


def write(path: Path, content: str | bytes) -> None:
    """Writes a file, UTF-8 if it is text, so that it is complete or as it was before.

    Raises:
      OSError: if it cannot be written; names the file.
    """
    with replacing(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)


def sha256(file: BinaryIO) -> str:
    """The SHA-256 of a file that is open for reading bytes, in hexadecimal.

    Raises:
      OSError: if it cannot be read.
    """
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def remove(folder: Path) -> None:
    """Removes a folder and all in it; on Windows a lock that is held in it stays."""
    shutil.rmtree(folder, ignore_errors=os.name == "nt")


@contextlib.contextmanager
def locked(folder: Path, busy: str | None = None, name: str = LOCK) -> Iterator[None]:
    """Makes a folder and locks it against other processes that ask for the same lock.

    Args:
      folder: to be locked.
      busy: error message if another process has the lock; without it, that process is waited for.
      name: of the file that is locked; several things in a folder can have locks of their own.

    Raises:
      ValueError: with `busy`, if another process has the lock.
      OSError: if the folder cannot be made or written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / name)
    try:
        lock.acquire(timeout=-1 if busy is None else 0)
    except filelock.Timeout as error:
        raise errors.InputError(busy) from error
    try:
        yield
    finally:
        lock.release()
