"""Errors that the user can fix, and exceptions as one readable line."""

import os
import re
import sys
import traceback


class InputError(ValueError):
    """Something that the user gave cannot be used; the message names it and says what to do.

    Any other ValueError is a bug, which commands show with its traceback.
    """


def wants_traceback() -> bool:
    """Whether TFCOLOR_TRACEBACK asks to see where errors come from."""
    return bool(os.environ.get("TFCOLOR_TRACEBACK"))


def of_photograph(error: Exception) -> str:
    """`one_line` of an error that ends the work on one photograph and not the run.

    Prints the traceback if it is asked for, since nothing else shows it.
    """
    if wants_traceback():
        traceback.print_exception(error, file=sys.stderr)
    return one_line(error)


def one_line(error: BaseException) -> str:
    """The reason of an error, with its file if it is known, without TensorFlow's op names.

    Args:
      error: any exception; OSErrors name their file, TensorFlow errors lose `{{node ...}}` and
        `[Op:...]`.
    """
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    text = re.sub(r"\{\{.*?\}\}|\[Op:\w+\]", "", str(error))
    return " ".join(text.split()) or type(error).__name__
