"""What the user can mend, and exceptions as one line that a person can read."""

import re


class InputError(ValueError):
    """What the user gave cannot be used; the message names it and says what to do.

    Any other ValueError is a fault of the program, and no command makes one line of it.
    """


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
