"""`tfcolor colorize`."""

import contextlib
import dataclasses
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from tfcolor.cli import beam_options, colorize_options, options, stream
from tfcolor.support import errors

NAMED = 20  # Of photographs that are passed over for one reason, so many are named.


@click.command(
    short_help="Colorize photographs: files or folders.",
    epilog="Example: tfcolor colorize ~/Scans -o ~/Scans-color",
)
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option(
    "-o",
    "--output",
    type=options.FOLDER,
    help="A file for one photograph, otherwise a folder; subfolders are kept. '-' is standard "
    "output.  [default: next to each photograph, see --suffix]",
)
@click.option(
    "--suffix", default="-color", show_default=True, help="Suffix of file names without --output."
)
@options.network
@options.rendering
@colorize_options.corrections
@colorize_options.extras
@options.provenance
@click.option("--overwrite", is_flag=True, default=None, help="Replace existing outputs.")
@options.recolor
@click.option(
    "-j", "--jobs", type=click.IntRange(1), help="Photographs at a time.  [default: one per core]"
)
@click.option(
    "--manifest",
    type=options.FOLDER,
    help="Record every photograph in this file: hashes, model, options, outcome; .csv or .jsonl.",
)
@click.option(
    "--sign",
    "pem",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Sign results with content credentials (C2PA): a PEM file of a certificate chain and its "
    "private key.",
)
@click.option("--timestamp", metavar="URL", help="With --sign: a time-stamping server, RFC 3161.")
@click.option("--dry-run", is_flag=True, help="Only print what would be written.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@beam_options.beam
@click.pass_context
def colorize(
    context: click.Context,
    photos: tuple[str, ...],
    output: Path | None,
    suffix: str,
    model: Path | None,
    server: str | None,
    hint_texts: tuple[str, ...],
    jobs: int | None,
    manifest: Path | None,
    pem: Path | None,
    timestamp: str | None,
    dry_run: bool,
    quiet: bool,
    runner: str | None,
    flags: tuple[str, ...],
    **settings: Any,
) -> None:
    """Colorize photographs: files, folders or patterns, of any size.

    Lightness, format, bit depth, resolution, EXIF and XMP are kept. Existing outputs are skipped,
    so you can resume a stopped run by starting it again. Photographs that are in color already are
    passed over; sepia and other tones count as gray. '-' reads standard input.
    """
    options.spare_threads()
    from tfcolor.colorizing import folder, marks, planning
    from tfcolor.images import credentials, searching

    parsed = tuple(marks.parse(text) for text in hint_texts)
    if parsed and settings["choices"]:
        raise errors.InputError("--hints has all hints in it; leave out --hint")
    beam = beam_options.flags_of(runner, flags)
    chosen = folder.FileOptions(hints=parsed, **options.given(**settings))
    if stream.NAME in photos or str(output) == stream.NAME:
        if manifest or pem or dry_run:
            raise errors.InputError("--manifest, --sign and --dry-run need files; give no -")
        stream.colorize(photos, output, options.chosen_network(model, server), chosen)
        return
    rest = searching.Leftovers()
    pairs = planning.plan(photos, output, suffix, rest)
    place = _common_folder([target.absolute().parent for _, target in pairs])
    if chosen.variants > 1 and chosen.colors_from:
        raise errors.InputError(
            "--colors-from leaves no choice to --variants; leave one of them out"
        )
    if chosen.variants > 1:
        pairs = [(source, planning.variant(target, 1)) for source, target in pairs]
    if parsed and len(pairs) > 1:
        raise errors.InputError("--hint is for one photograph; give one")
    for option, given in (("--hints", chosen.choices), ("--colors-from", chosen.colors_from)):
        if given and given.is_file() and len(pairs) > 1:
            raise errors.InputError(f"a file for {option} is for one photograph; give a folder")
    if timestamp and not pem:
        raise click.UsageError("--timestamp needs --sign")
    if pem:
        credentials.require_formats(target for _, target in pairs)
    if dry_run:
        for source, target in pairs:
            click.echo(f"{source} -> {target}{folder.forecast(source, target, chosen)}")
        return
    path = options.chosen_network(model, server)
    if pem:
        chosen = _signing(chosen, pem, path, timestamp)
    with options.stoppable(options.RESUMES):
        if beam is None:
            is_whole = _run_here(path, pairs, chosen, place, jobs, quiet, manifest)
        else:
            is_whole = _run_beam(path, pairs, chosen, place, beam, manifest)
    _tell(rest, quiet)
    if rest.folders or not is_whole:
        context.exit(1)


def _signing(chosen: Any, pem: Path, path: Path | str | None, timestamp: str | None) -> Any:
    """The same options, with results that are signed as those of a model."""
    from tfcolor.colorizing import manifest
    from tfcolor.images import credentials

    signer = credentials.Signer(pem, *manifest.identity(path), timestamp)
    return dataclasses.replace(chosen, signer=signer)


def _common_folder(folders: list[Path]) -> Path:
    """The deepest folder that holds all; on Windows the first if they are on two drives."""
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:
        return folders[0]


def _run_here(
    path: Path | str | None,
    pairs: list[tuple[Path, Path]],
    chosen: Any,
    place: Path,
    jobs: int | None,
    quiet: bool,
    record: Path | None,
) -> bool:
    """Colorizes on this machine; whether no photograph failed."""
    from tfcolor.colorizing import folder, manifest, reduction

    net = _open(path, chosen, threads=None if len(pairs) == 1 else 1)
    rates = record is not None and reduction.tells_classes(net)
    failed: list[folder.Result] = []
    counts: Counter[str] = Counter()
    began = time.monotonic()
    recording: contextlib.AbstractContextManager[Any] = (
        manifest.recording(record, path, chosen)
        if record
        else contextlib.nullcontext(lambda result: None)
    )
    with options.bar("colorizing") as progress, recording as add:
        rated = dataclasses.replace(chosen, rates=rates)
        for result in folder.colorize_files(net, pairs, rated, jobs, add):
            counts[result.outcome] += 1
            if len(pairs) > 1 and not quiet:
                progress(counts.total(), len(pairs))
            if result.reason:
                failed.append(result)
                if len(pairs) > 1:
                    options.note(result.reason)
            elif result.passed_over and not quiet and counts[result.outcome] <= NAMED:
                options.note(f"{result.source} is {result.passed_over}; {options.RECOLORS}")
    if len(pairs) == 1 and failed:  # told as by every other command
        kind = errors.InputError if failed[0].is_bad_input else OSError
        raise kind(failed[0].reason)
    if not quiet:
        _sum_up(pairs, counts, time.monotonic() - began, chosen)
    return _list_failures(failed, len(pairs), place)


def _open(path: Path | str | None, chosen: Any, threads: int | None) -> Any:
    """The network, which can do what is chosen."""
    from tfcolor import runtimes
    from tfcolor.colorizing import reduction

    net = runtimes.load(path, threads=threads)
    if chosen.certainty or chosen.variants > 1:
        reduction.require_classes(net)
    return net


def _sum_up(
    pairs: list[tuple[Path, Path]], counts: Counter[str], seconds: float, chosen: Any
) -> None:
    """Prints in one line what became of the photographs; of one, the files that were written."""
    from tfcolor.colorizing import folder

    if len(pairs) > 1:
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
        click.echo(f"{len(pairs)} photographs in {seconds:.1f} s: {told}")
        return
    target = pairs[0][1]
    if folder.MADE in counts:
        for path in chosen.outputs(target).values():
            click.echo(path)
    elif folder.THERE in counts:
        options.tell_there(target)


def _list_failures(failed: list[Any], count: int, place: Path) -> bool:
    """Lists the photographs that failed, of so many, in a file; whether none did."""
    from tfcolor.colorizing import failures

    if count > 1:
        try:
            listed = failures.write(place, [(each.source, each.reason) for each in failed])
            where = f"; they are in {listed}"
        except OSError:  # The list repeats what was printed.
            where = ""
        if failed:
            note = f"{len(failed)} of {count} photographs failed{where}"
            click.echo(f"Error: {note}", err=True)
    return not failed


def _tell(rest: Any, quiet: bool) -> None:
    """Prints what was in the folders and was not colorized; if quiet, only errors."""
    from tfcolor.colorizing import failures

    lists = {path for path in rest.files if path.name.endswith(failures.NAME)}
    rest.files -= {path for path in lists if path == failures.path_in(path.parent)}
    if rest.files and not quiet:
        click.echo(rest.describe(), err=True)
    for error in rest.folders:
        click.echo(f"Error: {errors.one_line(error)}; what is in it was passed over", err=True)


def _run_beam(
    path: Path | str | None,
    pairs: list[tuple[Path, Path]],
    chosen: Any,
    place: Path,
    flags: list[str],
    record: Path | None,
) -> bool:
    """Colorizes in a pipeline; whether no photograph failed."""
    if record or chosen.signer:
        raise errors.InputError("--manifest and --sign do not go with --runner; leave them out")
    from tfcolor.colorizing import beam_pipeline, failures, tone

    _open(path, chosen, threads=1)  # raises here, in one line, if it cannot be used
    passed_over = beam_pipeline.colorize_files(path, pairs, chosen, place, flags)
    there = sum(target.exists() for _, target in pairs)
    told = f", {passed_over} {tone.IN_COLOR}" if passed_over else ""
    click.echo(f"{there} of {len(pairs)} photographs are done{told}")
    if (listed := failures.path_in(place)).exists():
        click.echo(f"Error: some photographs failed; they are in {listed}", err=True)
        return False
    return True
