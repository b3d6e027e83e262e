"""`tfcolor evaluate`."""

import contextlib
import dataclasses
import importlib.util
import os
from pathlib import Path
from typing import Any

import click

from tfcolor import config
from tfcolor.cli import options
from tfcolor.support import disk, errors

WORDS = ("gray", "truth")  # rows that every table has anyway


@click.command(
    short_help="Measure colorizers on photographs.",
    epilog="Example: tfcolor evaluate saved_models/mine --data ~/OtherPictures --report report",
)
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@options.data
@options.data_dir
@options.download
@options.splits
@options.part(show_default="test; all of a folder")
@click.option("--limit", type=click.IntRange(1), help="Use a sample of this many photographs.")
@click.option(
    "--protocol",
    "protocol_name",
    default="center-256",
    show_default=True,
    metavar="NAME",
    help="Size to measure at: center-256, stretch-256 (or another number of pixels), or full.",
)
@click.option(
    "--features",
    "network",
    type=click.Choice(["efficientnet-lite0", "inception", "none"]),
    default="efficientnet-lite0",
    show_default=True,
    help="Network for metrics of sets; inception gives FID, KID and Inception Score.",
)
@click.option(
    "--inception-weights",
    type=options.FOLDER,
    help="File with the weights of inception, .pth or .pb.",
    show_default="downloaded on first use",
)
@click.option("--batch-size", type=click.IntRange(1), default=8, show_default=True)
@click.option("--json", "json_path", type=options.FOLDER, help="Write everything to this file.")
@click.option("--all-metrics", is_flag=True, help="Print every figure, with wide tables.")
@click.option("--report", type=options.FOLDER, help="Folder for evaluation.html.")
@click.option("--human", is_flag=True, help="Also write human.html into the report's folder.")
@click.option(
    "--human-answers",
    type=options.FOLDER,
    multiple=True,
    help="File saved by human.html, whose rates are added to the table. Repeatable.",
)
@click.option(
    "--beside",
    type=options.FOLDER,
    multiple=True,
    help="JSON of an earlier evaluation of the same photographs; adds its models. Repeatable.",
)
def evaluate(
    models: tuple[str, ...],
    part: str | None,
    limit: int | None,
    protocol_name: str,
    network: str,
    inception_weights: Path | None,
    batch_size: int,
    json_path: Path | None,
    all_metrics: bool,
    report: Path | None,
    human: bool,
    human_answers: tuple[Path, ...],
    beside: tuple[Path, ...],
    download: bool,
    **fields: Any,
) -> None:
    """Measure colorizers on photographs, and compare them with gray and the original.

    A MODEL is a SavedModel, a TFLite or ONNX file, or a folder of pictures that another program
    colorized, with the photographs' file names; the default is the bundled model. A model that
    outputs RGB gets a second row, "raw", without the photograph's own lightness.

    Every figure is given with half the width of its 95 % interval.
    """
    settings = config.DataConfig(**options.given(**fields))
    if inception_weights and network != "inception":
        raise errors.InputError("--inception-weights needs --features inception")
    options.require_source(settings, download)
    _require_writable(json_path, report, human)
    options.load_tensorflow()
    from tfcolor import data
    from tfcolor.evaluation import candidates, protocol, record, run, table
    from tfcolor.evaluation.features import extractors
    from tfcolor.evaluation.report import pictures, survey

    how = protocol.parse(protocol_name)
    earlier, answers = [record.read(path) for path in beside], survey.read(human_answers)
    if download:
        data.download(settings)
    part = part or data.default_part(settings)
    with options.status("opening the photographs and models"):
        photos = data.open_part(settings, part)
        if limit:
            photos = photos.sample(limit)
        if earlier or answers:
            known = {each.protocol["photographs_sha256"] for each in earlier}
            known |= {photographs for _, photographs, _ in answers}
            said = {**protocol.forecast(how, photos, known), "min_chroma": settings.min_chroma}
            for each in earlier:
                record.require_comparable(said, each)
            survey.require_about(answers, said["photographs_sha256"])
        paths = [Path(model) for model in models if model not in WORDS]
        found = candidates.find(paths, photos, how) if paths or not models else {}
    for warning in candidates.seen_in_training(found, settings.source, part):
        click.echo(f"warning: {warning}", err=True)
    seen_by = None if network == "none" else extractors.network(network, inception_weights)
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(pictures.Thumbnails())] if report else []
        with options.stoppable("nothing was written"), options.bar("evaluating") as bar:

            def progress(done: int, total: int) -> None:
                bar(done, total)
                if done == total and seen_by:
                    options.note("computing the metrics of sets")

            measured = run.run(
                {name: row.painter for name, row in found.items()},
                photos,
                how,
                settings.min_chroma,
                seen_by,
                batch_size,
                {name: row.source for name, row in found.items()},
                kept,
                progress,
            )
        measured = dataclasses.replace(measured, protocol={**measured.protocol, "part": part})
        try:
            for each in earlier:
                measured = record.beside(measured, each)
            rates = survey.rates(answers, measured)
            measured = record.with_sets(measured, record.TAKEN_FOR_REAL, rates)
        finally:  # The measurement is kept even if `--beside` or `--human-answers` do not fit it.
            if json_path:
                disk.write(json_path, record.to_json(measured))
            count = len(measured.names)
            click.echo(f"{count} photographs ({settings.source}, part {part}), {protocol_name}")
            click.echo(table.all_metrics(measured) if all_metrics else table.text(measured))
        if report:
            from tfcolor.evaluation.report import page

            with options.status("writing the report"):
                pages = [page.write(measured, kept[0], report)]
                if human:
                    pages.append(survey.write(measured, kept[0], report))
            for path in pages:
                click.echo(f"open {path}")


def _require_writable(json_path: Path | None, report: Path | None, human: bool) -> None:
    """Raises before anything is measured if an output could not be written afterwards."""
    if human and not report:
        raise errors.InputError("--human needs a folder for its page; give --report DIR")
    if report and not importlib.util.find_spec("matplotlib"):
        raise errors.InputError(
            "--report needs matplotlib; install it with: pip install 'tfcolor[report]'"
        )
    if json_path and json_path.is_dir():
        raise errors.InputError(f"{json_path} is a folder; give --json a file")
    if report:
        from tfcolor.pages import webpage

        webpage.claim(report / webpage.EVALUATION)
        if human:
            webpage.claim(report / webpage.HUMAN)
        report.mkdir(parents=True, exist_ok=True)
    for folder in (json_path.parent if json_path else None, report):
        if folder and not os.access(folder, os.W_OK):
            raise errors.InputError(f"{folder} is no folder that can be written; choose another")
