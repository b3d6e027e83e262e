"""Exceptions as one line that a person can read."""

import re


def one_line(error: BaseException) -> str:
    """What went wrong, with the file where it is known, without TensorFlow's op names.

    Args:
      error: any exception; OSErrors name their file, TensorFlow errors lose `{{node ...}}` and
        `[Op:...]`.
    """
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    text = re.sub(r"\{\{.*?\}\}|\[Op:\w+\]", "", str(error))
    return " ".join(text.split()) or type(error).__name__
