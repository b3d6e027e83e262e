"""`tfcolor video`."""

from pathlib import Path
from typing import Any

import click

from tfcolor.cli import options
from tfcolor.support import errors


@click.command(short_help="Colorize a film.", epilog="Example: tfcolor video film.mp4")
@click.argument("film", type=options.FOLDER)
@click.option(
    "-o",
    "--output",
    type=options.FOLDER,
    help="A file: .mp4, .m4v, .mov or .mkv.  [default: NAME-color beside the film]",
)
@options.network
@options.rendering
@click.option(
    "--smoothing",
    type=float,
    help="Weight of the previous frame's colors, from 0 (frame by frame) to under 1.  "
    "[default: 0.9]",
)
@click.option("--codec", help="h264, h265, vp9 or av1.  [default: h264]")
@click.option(
    "--quality", type=int, help="CRF of the codec; lower is better.  [default: 18 of h264]"
)
@click.option(
    "--deinterlace",
    is_flag=True,
    default=None,
    help="Make whole frames from the fields of an interlaced film, such as one from tape.",
)
@click.option(
    "--frames",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of frames in color, 240.png or 12.5s.png by number or time, or of hints for "
    "frames, 240.hints.json; each holds for its scene.",
)
@options.recolor
@options.provenance
@click.option("--overwrite", is_flag=True, help="Replace an existing output.")
def video(
    film: Path,
    output: Path | None,
    model: Path | None,
    server: str | None,
    overwrite: bool,
    **settings: Any,
) -> None:
    """Colorize a film; its lightness, frame times, sound and subtitles are kept.

    Scenes that are in color already stay as they are. If stopped, run the same command again to
    resume.
    """
    options.spare_threads()
    try:
        import av  # noqa: F401 - to say what is missing before anything else
    except ModuleNotFoundError as error:
        raise errors.InputError(
            "films need PyAV; install it with: pip install 'tfcolor[video]'"
        ) from error
    from tfcolor.video import film_options, run

    chosen = film_options.FilmOptions(**options.given(**settings))
    output = output or film_options.beside(film)
    film_options.check_target(film, output, overwrite=True)
    if output.exists() and not overwrite:
        options.tell_there(output)
        return
    with options.stoppable(options.RESUMES), options.bar("colorizing", "frame") as progress:
        is_made = run.colorize_film(
            film,
            output,
            chosen,
            model=options.chosen_network(model, server),
            overwrite=overwrite,
            progress=progress,
            note=lambda line: options.note(f"Note: {line}"),
        )
    if is_made:
        click.echo(output)
