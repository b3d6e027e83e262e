"""`tfcolor train`."""

import math
from pathlib import Path
from typing import Any

import click

from tfcolor import config
from tfcolor.cli import options
from tfcolor.config import fields, recipes


def _field(flag: str, name: str, type_: Any, help_: str) -> options.Decorator:
    """An option for a config field; without it the recipe's value stands."""
    return click.option(flag, name, type=type_, help=help_)


@click.command(
    short_help="Train a colorizer on photographs.",
    epilog="Example: tfcolor train --data ~/Pictures --workdir runs/mine --steps 6000",
)
@options.data
@options.data_dir
@options.download
@click.option(
    "--recipe",
    metavar="NAME",
    default=recipes.DEFAULT,
    show_default=True,
    help="Recipe to start from (see: tfcolor recipes), or a JSON file of your own. The options "
    "below change it.",
)
@click.option(
    "--workdir",
    type=options.FOLDER,
    required=True,
    help="Folder of the run. Run the same command again to resume a stopped run.",
)
@_field("--steps", "total_steps", int, "Total train steps; stages share them as in the recipe.")
@click.option("--epochs", type=float, help="Passes over the photographs, instead of --steps.")
@_field("--image-size", "image_size", int, "Side of the square crops, pixels.")
@_field("--batch-size", "batch_size", int, "Photographs in a step, over all devices.")
@_field("--train-limit", "train_limit", int, "Use a sample of this many training photographs.")
@_field("--width", "width", int, "Channels of the networks' first layers.")
@_field(
    "--depth", "depth", int, "Halvings in the U-Net and cDCGAN; fewer for image sizes under 256."
)
@_field(
    "--normalization",
    "normalization",
    click.Choice(config.NORMALIZATIONS),
    "Normalization in both networks.",
)
@_field(
    "--learning-rate",
    "learning_rate",
    float,
    "Learning rate in every stage, and of the discriminator unless the recipe sets another.",
)
@_field("--l1-weight", "l1_weight", float, "Lambda: weight of L1 relative to the adversarial loss.")
@_field(
    "--precision", "precision", click.Choice(config.PRECISIONS), "Number format of the networks."
)
@_field(
    "--strategy",
    "strategy",
    click.Choice(config.STRATEGIES),
    "Devices; auto uses the workers of TF_CONFIG, a TPU, or all GPUs.",
)
@click.option("--jit/--no-jit", default=None, help="Compile the step with XLA.")
@_field("--seed", "seed", int, "Seed of weights, order, crops, flips and noise.")
@_field("--log-every", "log_every_steps", int, "Steps between lines of metrics.jsonl.")
@_field("--validate-every", "validate_every_steps", int, "Steps between validations.")
@_field("--checkpoint-every", "checkpoint_every_steps", int, "Steps between checkpoints.")
@_field(
    "--checkpoint-minutes",
    "checkpoint_every_minutes",
    float,
    "Maximum minutes between checkpoints.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="[STAGE.]FIELD=VALUE",
    help="Set any other field that `tfcolor recipes NAME` shows. Repeatable.",
)
@click.pass_context
def train(
    context: click.Context,
    recipe: str,
    workdir: Path,
    download: bool,
    epochs: float | None,
    assignments: tuple[str, ...],
    **given: Any,
) -> None:
    """Train a colorizer on photographs.

    Ctrl-C writes a checkpoint and stops. Watch the run with: tensorboard --logdir WORKDIR
    """
    changes = {**fields.parse(assignments), **options.given(**given)}
    settings = fields.override(recipes.get(recipe), **changes)
    options.require_source(settings.data, download)
    options.load_tensorflow()
    from tfcolor import data
    from tfcolor.runtimes import workdirs
    from tfcolor.training import device, loop

    if download:
        data.download(settings.data)
    if epochs is not None:
        if "total_steps" in changes:
            raise click.UsageError("give --steps or --epochs, not both")
        if not 0 < epochs < math.inf:
            raise click.UsageError(f"epochs must be greater than 0 and finite, got {epochs}")
        device.strategy(settings.strategy)  # first: a cluster cannot be joined later
        count = data.open_part(settings.data, "train").count
        # Stages differ in batch size; their mean gives the number of steps in an epoch.
        seen = sum(stage.steps * stage.batch_size for stage in settings.stages)
        steps = math.ceil(epochs * count * settings.total_steps / seen)
        settings = fields.override(settings, total_steps=steps)
    if not loop.train(settings, workdir):
        context.exit(options.INTERRUPTED)
    if not (workdir / workdirs.CONFIG).is_file():  # on a worker that writes nothing
        click.echo("trained; the first worker has the run")
        return
    click.echo(
        f"trained {workdirs.steps_done(workdir)} steps; look at {workdir / 'validation.png'}, "
        f"then: tfcolor export {workdir} saved_models/NAME"
    )
