"""`tfcolor recipes`."""

import click

from tfcolor.config import fields, recipes


@click.command(
    "recipes",
    short_help="List the recipes for training.",
    epilog="Example: tfcolor recipes pix2pix",
)
@click.argument("name", required=False)
def list_recipes(name: str | None) -> None:
    """List the recipes with their source and cost, or show every field of one, as JSON.

    To make a recipe of your own: tfcolor recipes pix2pix > mine.json, edit that, and train with
    --recipe mine.json.

    The cost is the number of parameters, and the generator's arithmetic for one photograph at
    256 x 256.
    """
    if name:
        click.echo(fields.to_json(recipes.get(name)), nl=False)
        return
    costs = recipes.costs()
    for recipe, about in recipes.RECIPES.items():
        default = " (default)" if recipe == recipes.DEFAULT else ""
        figures = costs[recipe]
        stages = ", ".join(
            f"{stage.name} {stage.steps:,} x {stage.batch_size} at {stage.image_size}"
            for stage in about.settings.stages
        )
        click.echo(f"{recipe}{default}: {about.summary}")
        click.echo(f"    source  {about.source}")
        click.echo(
            f"    cost    {figures['generator'] / 1e6:.1f} M parameters, "
            f"{figures['gflop']:.1f} GFLOP a photograph; discriminator "
            + (f"{figures['discriminator'] / 1e6:.1f} M" if figures["discriminator"] else "none")
        )
        click.echo(f"    stages  {stages}")
