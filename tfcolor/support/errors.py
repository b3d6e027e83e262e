"""Errors that the user can fix, and exceptions as one readable line."""

import re


class InputError(ValueError):
    """Something that the user gave cannot be used; the message names it and says what to do.

    Any other ValueError is a bug, which commands show with its traceback.
    """


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
