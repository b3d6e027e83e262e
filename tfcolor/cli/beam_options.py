"""Options of commands that can run as an Apache Beam pipeline."""

import importlib.util
from collections.abc import Callable
from typing import Any

import click

from tfcolor.support import errors

DASK = "apache_beam.runners.dask.dask_runner.DaskRunner"  # Beam knows others by their last name


def beam(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options --runner and --beam-option; see `flags_of`."""
    runner = click.option("--runner", help="Run as an Apache Beam pipeline with this runner.")
    flags = click.option(
        "--beam-option",
        "flags",
        multiple=True,
        metavar="--NAME=VALUE",
        help="Option for --runner. Repeatable.",
    )
    return runner(flags(command))


def flags_of(runner: str | None, flags: tuple[str, ...]) -> list[str] | None:
    """The command-line flags for Beam; None without a runner.

    Raises:
      click.UsageError, ValueError: if there are options without a runner; if Beam is missing, or
        has no such runner.
    """
    if not runner:
        if flags:
            raise click.UsageError("--beam-option needs --runner")
        return None
    if not importlib.util.find_spec("apache_beam"):
        raise errors.InputError(
            "--runner needs Apache Beam; install it with: pip install 'tfcolor[beam]'"
        )
    given = [f"--runner={DASK if runner == DASK.rsplit('.', 1)[1] else runner}", *flags]
    import apache_beam
    from apache_beam.options import pipeline_options

    try:
        apache_beam.Pipeline(options=pipeline_options.PipelineOptions(given))
    except (ValueError, ImportError, AttributeError) as error:
        raise errors.InputError(f"--runner {runner}: {errors.one_line(error)}") from error
    return given
