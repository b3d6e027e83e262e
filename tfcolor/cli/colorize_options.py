"""Groups of options of `tfcolor colorize`."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _together(*decorators: Decorator) -> Decorator:
    """One decorator that adds several options, in this order."""
    return lambda command: functools.reduce(lambda to, add: add(to), reversed(decorators), command)


# --hint, --hints and --colors-from
corrections = _together(
    click.option(
        "--hint",
        "hint_texts",
        multiple=True,
        metavar="X,Y,#RRGGBB",
        help="A place in the photograph, in pixels, and its color, which spreads to similar "
        "surroundings. Repeatable.",
    ),
    click.option(
        "--hints",
        "choices",
        type=click.Path(exists=True, path_type=Path),
        help="A file NAME.hints.json of places, areas and options, or a folder with those of "
        "several photographs.",
    ),
    click.option(
        "--colors-from",
        type=click.Path(exists=True, path_type=Path),
        help="A picture in color of the photograph, such as an editor's, whose color is taken "
        "where it fits; or a folder of those, named as the photographs.",
    ),
)

# Options of what is written beside a result, or instead of one.
extras = _together(
    click.option(
        "--compare",
        type=click.Choice(["side", "split"]),
        help="Also write NAME-compare: gray and color side by side, or half and half.",
    ),
    click.option(
        "--gif",
        is_flag=True,
        default=None,
        help="Also write NAME-compare.gif, which alternates between gray and color.",
    ),
    click.option(
        "--variants",
        type=int,
        help="Write NAME-1 to NAME-N, N colorings that differ where the network is unsure.",
    ),
    click.option(
        "--seed", type=int, help="Of the variants: another one gives others.  [default: 0]"
    ),
    click.option(
        "--certainty",
        is_flag=True,
        default=None,
        help="Also write NAME-certainty.png: brighter where the color is more likely right.",
    ),
    click.option(
        "--layer",
        is_flag=True,
        default=None,
        help="Also write NAME-layer: the color alone, for the blend mode Color of picture editors.",
    ),
)
