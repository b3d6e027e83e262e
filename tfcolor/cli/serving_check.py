"""`tfcolor serving-check`."""

import platform
from importlib import resources
from pathlib import Path
from typing import Any

import click

import tfcolor
from tfcolor.cli import options

SAMPLE = Path(str(resources.files("tfcolor"))) / "data" / "samples" / "01f824264783f58d.jpg"


@click.command(
    "serving-check",
    short_help="Check a model in TF Serving.",
    epilog="Example: tfcolor serving-check http://localhost:8501/v1/models/tfcolor-base",
)
@click.argument("url")
@click.argument("photo", required=False, type=options.FOLDER)
@click.pass_context
def serving_check(context: click.Context, url: str, photo: Path | None) -> None:
    """Check a model in TF Serving: its state, its signatures, and that it colorizes a photograph.

    URL is http://HOST:8501/v1/models/NAME or grpc://HOST:8500/NAME, or with https or grpcs. A
    bundled photograph is sent unless PHOTO is given. The exit code is 0 if every check passes.
    TFCOLOR_SERVER_TOKEN is sent as a bearer token; TFCOLOR_SERVER_CA names a file of certificates.
    """
    options.check_server(url)
    from tfcolor import images
    from tfcolor.serving import check, remote

    path = photo or SAMPLE
    encoded = path.read_bytes()

    def decode(file: bytes) -> Any:
        return images.decode_rgb(file, path.name)

    decode(encoded)  # raises here if PHOTO is no photograph, which is not the server's fault
    model = remote.Remote(url)
    click.echo(str(model.address))
    bad = 0
    for finding in check.findings(model, path.name, encoded, decode):
        bad += not finding.is_good
        click.echo(f"{'good' if finding.is_good else 'BAD '}  {finding.text}")
    click.echo(
        f"to report this: tfcolor {tfcolor.__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}; add the server's image or version"
    )
    if bad:
        click.echo(f"Error: {bad} of the checks failed", err=True)
        context.exit(1)
