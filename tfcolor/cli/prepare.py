"""`tfcolor prepare`."""

from pathlib import Path
from typing import Any

import click

from tfcolor import config
from tfcolor.cli import beam_options, options
from tfcolor.prepare import set_options

DEFAULTS = set_options.SetOptions()


def _option(flag: str, help_: str) -> options.Decorator:
    name = flag.removeprefix("--").replace("-", "_")
    default = getattr(DEFAULTS, name)
    return click.option(flag, default=default, show_default=True, help=help_)


def _times(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, int], ...]:
    """The patterns and numbers of --times."""
    pairs = [value.rpartition("=") for value in values]
    for value, (pattern, _, count) in zip(values, pairs, strict=True):
        if not (pattern and count.isdecimal()):
            raise click.BadParameter(f"give PATTERN=N, such as 'cats/*=2', not {value!r}")
    return tuple((pattern, int(count)) for pattern, _, count in pairs)


@click.command(
    short_help="Make a dataset for training from photographs.",
    epilog="Example: tfcolor prepare ~/Pictures sets/mine",
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.argument("folder", type=options.FOLDER)
@options.data_dir
@options.download
@options.splits
@click.option(
    "--test",
    metavar="SOURCE",
    help="Photographs for the test part.",
    show_default="a TFDS set's own",
)
@_option("--short-side", "Largest short side; larger photographs are downscaled, pixels.")
@_option("--quality", "Quality of re-encoded JPEGs.")
@_option("--min-side", "Drop photographs with a smaller short side, pixels.")
@_option("--min-chroma", "Drop photographs with a lower mean Lab chroma as gray; 0 keeps all.")
@_option("--part-size", "Photographs in a shard.")
@click.option(
    "--times",
    multiple=True,
    metavar="PATTERN=N",
    callback=_times,
    help="Photographs named like PATTERN count N times in training, 0 leaves them out; repeatable.",
)
@click.option("--drop-leaks", is_flag=True, help="Leave test photographs out of the training part.")
@click.option("--workers", type=click.IntRange(1), help="Threads.", show_default="one per core")
@beam_options.beam
def prepare(
    sources: tuple[str, ...],
    folder: Path,
    data_dir: str | None,
    download: bool,
    train_split: str | None,
    test_split: str | None,
    test: str | None,
    drop_leaks: bool,
    workers: int | None,
    runner: str | None,
    flags: tuple[str, ...],
    **sizes: Any,
) -> None:
    """Make a TFDS dataset in FOLDER from the photographs of SOURCE, downscaled and deduplicated.

    SOURCE is 'samples', a TFDS dataset such as coco/2017, or a folder; several folders become one
    dataset. Train on it with --data FOLDER.
    Broken, gray and tiny photographs and duplicates are dropped and listed in FOLDER/dropped.csv.
    It is an error if a test photograph is also among those for training. If stopped, run the same
    command again to resume.
    """
    sized = set_options.SetOptions(**sizes)
    where = options.given(data_dir=data_dir, train_split=train_split, test_split=test_split)
    photos = [config.DataConfig(source=options.resolved(source), **where) for source in sources]
    tests = config.DataConfig(source=options.resolved(test), data_dir=data_dir) if test else None
    for one in [*photos, *([tests] if tests else [])]:
        options.require_source(one, download)
    beam = beam_options.flags_of(runner, flags)
    options.load_tensorflow()
    from tfcolor import data
    from tfcolor.prepare import run

    if download:
        for one in [*photos, *([tests] if tests else [])]:
            data.download(one)
    todo = run.plan(photos, folder, sized, tests)
    with options.stoppable(options.RESUMES):
        if beam is not None:
            from tfcolor.prepare import pipeline

            report = pipeline.prepare(todo, drop_leaks, beam)
        else:
            with options.bar("preparing") as progress:
                report = run.prepare(todo, drop_leaks, workers, progress)
    for split, counts in report.items():
        dropped = ", ".join(
            f"{count} {kind}" for kind, count in sorted(counts.items()) if kind != "kept"
        )
        click.echo(f"{split}: {counts.get('kept', 0)} kept; dropped: {dropped or 'none'}")
    click.echo(
        f"names in {folder / 'dropped.csv'}; train on it with: tfcolor train --data {folder}"
    )
