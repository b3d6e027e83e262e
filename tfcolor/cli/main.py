"""`tfcolor` and `tfcolor-train`: the commands, and errors as one line each."""

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import click

import tfcolor
from tfcolor.cli import (
    analyze,
    app,
    colorize,
    evaluate,
    export,
    launch,
    options,
    prepare,
    recipes,
    serving_check,
    train,
    tune,
    video,
)
from tfcolor.support import errors

# Set before the commands import TensorFlow. Errors that its C++ code logs are also raised as
# exceptions, or only report an optimization that was skipped.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if errors.wants_traceback() else "3")
os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever ~/.keras/keras.json says


class BadInput(click.ClickException):
    """An error that the user can fix."""

    exit_code = 2


@contextlib.contextmanager
def mistyped(context: click.Context) -> Iterator[None]:
    """Shortens click's usage errors from four lines to one."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        command = (error.ctx or context).command_path
        message = error.format_message().rstrip(".")
        raise BadInput(f"{message}; see: {command} --help") from error


class Commands(click.Group):
    """A group whose commands report errors in one line, without a traceback."""

    def list_commands(self, context: click.Context) -> list[str]:
        """The commands in the order in which they were added."""
        return list(self.commands)

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Parses the options of the group itself."""
        with mistyped(context):
            return super().parse_args(context, arguments)

    def invoke(self, context: click.Context) -> Any:
        """Runs the command; `fail` reports errors that are not bugs."""
        try:
            with mistyped(context):
                return super().invoke(context)
        except KeyboardInterrupt as error:  # where the command itself says no more
            click.echo("stopped", err=True)
            raise click.exceptions.Exit(options.INTERRUPTED) from error
        except BrokenPipeError:  # as from `| head`; click exits quietly
            raise
        except (errors.InputError, OSError, FloatingPointError, MemoryError) as error:
            fail(error)
        except Exception as error:
            if type(error).__module__.startswith("tensorflow"):
                fail(error)
            raise


def fail(error: Exception) -> NoReturn:
    """Ends the program with one line and exit code 2 for bad input, 1 for anything else."""
    if errors.wants_traceback():
        raise error
    is_input = isinstance(error, (errors.InputError, FileNotFoundError))
    kind = BadInput if is_input else click.ClickException
    raise kind(errors.one_line(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(tfcolor.__version__, prog_name="tfcolor")
def cli() -> None:
    """Colorize black-and-white photographs; train, measure and export a colorizer.

    Set TFCOLOR_TRACEBACK=1 to see where an error comes from.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # The name of a file need not be UTF-8, nor a terminal know its letters.
            stream.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("tfcolor")
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False  # absl gives the root logger a handler of its own
    logging.getLogger("absl").setLevel(logging.ERROR)


for command in (  # in the order of their use
    colorize.colorize,
    app.app,
    video.video,
    analyze.analyze,
    prepare.prepare,
    recipes.list_recipes,
    train.train,
    launch.launch,
    tune.tune,
    evaluate.evaluate,
    export.export,
    serving_check.serving_check,
):
    cli.add_command(command)


def main() -> None:
    """Entry point of `tfcolor`."""
    cli()


def train_main() -> None:
    """Entry point of `tfcolor-train`, the same as `tfcolor train`."""
    cli(["train", *sys.argv[1:]], prog_name="tfcolor")
