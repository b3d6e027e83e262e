"""The model card: what users must know of an exported model, in Markdown."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import tfcolor
from tfcolor import config
from tfcolor.models import shipped
from tfcolor.serving import contract

_BUNDLED = """\
The network that comes with tfcolor {version}: an EfficientNet-Lite0 encoder that began with
ImageNet weights (Google, Apache-2.0), and a light decoder that classifies color. {training}
`docs/model.md` of tfcolor has its network, training and figures."""

_BUNDLED_LICENCE = """\
The weights come with tfcolor, under the Apache License 2.0. They were learned from photographs of
sets for non-commercial research, whose own terms may apply to your use."""

_LICENCE = """\
tfcolor itself is under the Apache License 2.0. No licence is given here for these weights: they
were learned from the photographs named above, whose terms are for you to check before you pass
them on."""

_NONE = """\
None were given. `tfcolor evaluate MODEL --json FILE` measures, and `tfcolor export --figures FILE`
puts the figures here."""

_LIMITS = """\
- Color is synthetic: it is what is likely for such a picture, and says nothing of what the scene
  looked like. Say so wherever a result is shown.
- Clothes, cars, walls and whatever else has no color of its own get a likely one, often brown,
  gray or blue; rare and strong colors are missed.
- Small things, crowds, reflections and scenes unlike the training photographs are colored in
  patches, or hardly at all; color may run over faint edges.
- Skin and hair follow the training photographs, in which people are not represented equally.
  Do not conclude from a result what a person looked like.
- Only lightness is looked at. Scratches, stains and noise are colored as if they were there."""


@dataclasses.dataclass(frozen=True)
class Figures:
    """Measured figures of a model.

    Attributes:
      about: sentences on the photographs, the method, and the limits of the figures.
      rows: of a table, each of equal length; the first is its head.
    """

    about: str
    rows: Sequence[Sequence[str]]


def text(
    name: str,
    image_size: int,
    settings: config.TrainConfig | None,
    step: int | None,
    figures: Figures | None,
    signatures: Mapping[str, contract.Signature] = contract.SIGNATURES,
) -> str:
    """The model card.

    Args:
      name: of the model.
      image_size: short side that the network is meant to see, pixels.
      settings: of the run; None for the bundled network, as is `step`.
      step: the train steps behind the weights.
      figures: None if nothing was measured.
      signatures: those of the model.
    """
    if settings is None:
        card = shipped.card()
        training = _BUNDLED.format(version=tfcolor.__version__, training=card.training)
        licence, measured = _BUNDLED_LICENCE, ""
        figures = figures or Figures(card.about, card.rows)
    else:
        training, licence, measured = _training(settings, step), _LICENCE, _NONE
    if figures is not None:
        measured = f"{figures.about}\n\n{table(figures.rows)}"
    parts = {
        f"# {name}": (
            "Colorizes black-and-white photographs. The photograph keeps its own lightness; the "
            f"network sees it with its short side at {image_size} pixels, and adds color. Made by "
            f"tfcolor {tfcolor.__version__}."
        ),
        "## Training": training,
        "## Figures": measured,
        "## Limits": _LIMITS,
        "## Licence": licence,
        f"## Signatures, version {contract.VERSION}": (
            f"{signature_table(signatures)}\n\n`size` 0 is the model's own. One value of `size`, "
            "`strength` or `saturation` counts for all n photographs, but a server that joins "
            "requests to batches wants n values. `error` is empty where a photograph is fine."
        ),
    }
    return "\n\n".join(f"{head}\n\n{body}" for head, body in parts.items()) + "\n"


def signature_table(signatures: Mapping[str, contract.Signature] = contract.SIGNATURES) -> str:
    """Signatures as a table of Markdown."""
    rows = [["signature", "inputs", "outputs"]]
    for name, signature in signatures.items():
        rows.append([f"`{name}`", _tensors(signature.inputs), _tensors(signature.outputs)])
    return table(rows)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equal length as Markdown; the first is the head."""
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _tensors(tensors: Mapping[str, contract.Tensor]) -> str:
    """Such as "`image_bytes` string (n), `size` int32 (n) = 0"."""
    shown = []
    for name, tensor in tensors.items():
        letters = "nhwc"[: len(tensor.shape)]
        sides = [str(side or letter) for letter, side in zip(letters, tensor.shape, strict=True)]
        default = "" if tensor.default is None else f" = {tensor.default:g}"
        shown.append(f"`{name}` {tensor.dtype} ({', '.join(sides)}){default}")
    return ", ".join(shown)


def _training(settings: config.TrainConfig, step: int | None) -> str:
    model, data = settings.model, settings.data
    source = data.source
    if Path(source).is_absolute():  # its path is private
        source = f"the folder {Path(source).name!r}"
    film = f" A share of {data.film:g} was shown as on old film." if data.film else ""
    few = "" if data.train_limit is None else f", {data.train_limit} of them"
    begun = f", begun with the weights {model.weights!r}" if model.weights != "random" else ""
    rows = [["stage", "steps at most", "side of the squares", "batch", "terms of the objective"]]
    for stage in settings.stages:
        terms = [
            f"{name.removesuffix('_weight')} {getattr(stage, name):g}"
            for name in config.LOSS_WEIGHTS
            if getattr(stage, name)
        ]
        sizes = map(str, (stage.steps, stage.image_size, stage.batch_size))
        rows.append([stage.name, *sizes, ", ".join(terms)])
    return (
        f"Photographs: {source}{few}, those with a mean chroma under {data.min_chroma:g} left out."
        f"{film}\nRecipe: {settings.recipe}; generator {model.generator}, which paints "
        f"{model.space.upper()}{begun}; seed {settings.seed}. These weights are of step {step}.\n\n"
        f"{table(rows)}"
    )
