"""Options that several commands share."""

import contextlib
import importlib.util
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from tfcolor import config
from tfcolor.support import errors, quiet

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

INTERRUPTED = 130  # exit code, as a shell reports Ctrl-C
RESUMES = "the same command goes on where it was"
RECOLORS = "--recolor replaces its color"
FOLDER = click.Path(path_type=Path)
LINES = 20  # how often progress is printed when there is no terminal to show a bar
PAUSE_S = 1.0  # between two of these lines, at least
# Imported by Keras and TensorFlow Lite where they are installed, for what tfcolor does not use;
# they take a third of the time that importing TensorFlow takes.
UNUSED = ("jax", "matplotlib", "pandas")


def resolved(source: Any) -> Any:
    """The source; a folder's path is resolved, so that records always name it the same way."""
    return str(Path(source).resolve()) if source and Path(source).is_dir() else source


data: Decorator = click.option(
    "--data",
    "source",
    metavar="SOURCE",
    help="Photographs: 'samples' (bundled), a folder, or a TFDS dataset such as coco/2017.",
    show_default="samples",
    callback=lambda context, option, source: resolved(source),
)
data_dir: Decorator = click.option(
    "--data-dir", type=click.Path(), help="Folder of TFDS datasets.", show_default="TFDS's own"
)


def part(**default: Any) -> Decorator:
    """Option --part, with click's `default` or `show_default`."""
    kind = click.Choice(["train", "validation", "test", "all"])
    return click.option("--part", type=kind, help="Part of the source to use.", **default)


download: Decorator = click.option(
    "--download", is_flag=True, help="Download the TFDS dataset first; COCO 2017 is 28 GB."
)


def splits(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options --train-split and --test-split."""
    for name in ("train_split", "test_split"):
        flag = f"--{name.replace('_', '-')}"
        default = getattr(config.DataConfig, name)
        command = click.option(flag, help="Split of a TFDS dataset.", show_default=default)(command)
    return command


def require_source(settings: config.DataConfig, download: bool = False) -> None:
    """Raises ValueError if there are no such photographs, before TensorFlow is imported."""
    source = settings.source
    if download or source == "samples" or Path(source).exists():
        return
    where = settings.data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    place = Path(where).expanduser()
    name = re.split("[/:]", source)[0]
    if "://" not in where and not (name and (place / name).is_dir()):  # TFDS reads buckets, too
        raise errors.InputError(
            f"{source!r} is neither a folder nor a TFDS set in {place}; give an existing folder or "
            f"the right --data-dir, add --download, or: tfds build {source} --data_dir {place}"
        )


def network(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options --model and --server; see `chosen_network`."""
    model: Decorator = click.option(
        "-m",
        "--model",
        type=FOLDER,
        envvar="TFCOLOR_MODEL",
        show_envvar=True,
        show_default="the model that comes with tfcolor",
        help="A SavedModel, its folder of versions, or a TFLite or ONNX file, from tfcolor export; "
        "or an ONNX file of others, described in a JSON file beside it.",
    )
    server: Decorator = click.option(
        "--server",
        metavar="URL",
        help="A model in TF Serving instead of --model: http://HOST:8501/v1/models/NAME or "
        "grpc://HOST:8500/NAME. TFCOLOR_SERVER_TOKEN is sent as a bearer token.",
    )
    return model(server(command))


def spare_threads() -> None:
    """Keeps OpenBLAS to one thread, if NumPy is not loaded yet.

    Colorizing already runs one thread per core. More threads in OpenBLAS do not speed up small
    products, and they busy-wait: on a busy machine a photograph takes several times as long.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def chosen_network(model: Path | None, server: str | None) -> Path | str | None:
    """The argument of `runtimes.load` for --model and --server.

    Raises:
      ValueError: if both are given, the model is missing, or as `check_server`.
    """
    if server is None:
        if model is not None and not model.exists():
            raise errors.InputError(f"{model} does not exist; give a model made by tfcolor export")
        if model is not None and model.is_dir():
            load_tensorflow()
        return model
    # The environment variable is a default; an option that is typed overrides it.
    if model is not None and str(model) != os.environ.get("TFCOLOR_MODEL"):
        raise errors.InputError("give either --model or --server")
    check_server(server)
    return server


def check_server(url: str) -> None:
    """Prepares for requests to a server, without sending any.

    Raises:
      ValueError: if the URL is invalid, the token must not be sent to it, or a package is missing.
    """
    from tfcolor.serving import remote

    if remote.check(url).is_grpc:  # gRPC messages contain TensorFlow's
        load_tensorflow()


def rendering(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options --size, --strength and --saturation."""
    size = click.option("--size", type=int, help="Short side that the network sees, pixels.")
    strength = click.option(
        "--strength", type=float, help="From 0, no new color, to 1, all of it.  [default: 1]"
    )
    saturation = click.option(
        "--saturation", type=float, help="Factor of the chroma.  [default: 1]"
    )
    return size(strength(saturation(command)))


provenance: Decorator = click.option(
    "--provenance/--no-provenance",
    default=None,
    help="Whether to mark the result's color as synthetic.  [default: yes]",
)


recolor: Decorator = click.option(
    "--recolor",
    is_flag=True,
    default=None,
    help="Also colorize what is in color already; it stays as it is otherwise.",
)


@contextlib.contextmanager
def bar(label: str, unit: str = "photograph") -> Iterator[Callable[[int, int], None]]:
    """A line of progress with count, rate and time left, which appears at the first progress.

    Without a terminal, such as in the log of a long run, it prints a line for each twentieth, but
    not twice within `PAUSE_S`, and one at the end.
    """
    shown: Any = None
    told, last = 0, -math.inf

    def progress(done: int, total: int) -> None:
        nonlocal shown, told, last
        if not sys.stderr.isatty():
            is_due = LINES * done // total > told and time.monotonic() > last + PAUSE_S
            if is_due or done == total:
                told, last = LINES * done // total, time.monotonic()
                click.echo(f"{label}: {done} of {total}", err=True)
            return
        if shown is None:
            import tqdm  # only now, since it takes a twentieth of the time of a short command

            shown = tqdm.tqdm(desc=label, total=total, unit=f" {unit}s", file=sys.stderr)
        shown.update(done - shown.n)

    try:
        yield progress
    finally:
        if shown is not None:
            shown.close()


@contextlib.contextmanager
def status(line: str) -> Iterator[None]:
    """Shows on a terminal what takes its time, until it is done."""
    if not sys.stderr.isatty():
        yield
        return
    click.echo(f"{line} ...", err=True, nl=False)
    try:
        yield
    finally:
        click.echo("\r\033[K", err=True, nl=False)  # clears the line


def note(line: str) -> None:
    """Prints a line on standard error, above a line of progress if there is one."""
    if "tqdm" in sys.modules:
        sys.modules["tqdm"].tqdm.write(line, file=sys.stderr)
    else:
        click.echo(line, err=True)


@contextlib.contextmanager
def stoppable(note: str) -> Iterator[None]:
    """At Ctrl-C, ends the command with a line that says what became of the work."""
    try:
        yield
    except KeyboardInterrupt as error:
        click.echo(f"stopped; {note}", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from error


def tell_there(target: Path) -> None:
    """Prints that a result exists already."""
    click.echo(f"{target} already exists; --overwrite makes it again")


def given(**values: Any) -> dict[str, Any]:
    """The options that were given; the rest keep the config's own defaults."""
    return {name: value for name, value in values.items() if value is not None}


def load_tensorflow() -> None:
    """Imports TensorFlow and lists its devices, hiding what its C++ code prints meanwhile.

    TF_CPP_MIN_LOG_LEVEL does not hide those lines. TFCOLOR_TRACEBACK=1 shows them; they say, for
    example, why a GPU is not used.
    """
    if not importlib.util.find_spec("tensorflow"):
        remedy = "install all of tfcolor, in the folder with its source code: pip install ."
        raise errors.InputError(f"this needs TensorFlow, which is not installed; {remedy}")
    if errors.wants_traceback():
        return
    joins_cluster = bool(os.environ.get("TF_CONFIG"))
    with status("starting TensorFlow"), quiet.stderr():
        with without(*UNUSED):
            import tensorflow as tf

        # A cluster can only be joined before TensorFlow has listed its devices.
        if not joins_cluster:
            tf.config.list_logical_devices()


@contextlib.contextmanager
def without(*modules: str) -> Iterator[None]:
    """Modules that are not imported yet cannot be imported inside, as if not installed."""
    hidden = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
