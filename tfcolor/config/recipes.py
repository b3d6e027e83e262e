"""Named training configs. A recipe is a starting point: every field can be overridden."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from tfcolor import config
from tfcolor.config import fields
from tfcolor.support import errors

DEFAULT = "tfcolor"


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A training config with a summary and its source."""

    summary: str
    source: str
    settings: config.TrainConfig


# arXiv:1611.07004, 6.2: batch 4 and mirroring for colorization. The random crops are ours: most
# collections are far smaller than ImageNet.
_PIX2PIX = config.TrainConfig(recipe="pix2pix")

# Nazeri et al., 4: batch norm throughout, one-sided smoothing, lambda 100.
_CDCGAN = config.TrainConfig(
    recipe="cdcgan",
    model=config.ModelConfig(generator="cdcgan", discriminator="cdcgan", depth=7),
    stages=(config.StageConfig(batch_size=16, label_smoothing=0.1),),
)

# Adam and both rates as in the paper, 4. Its generator has no truth to match; ours has, and without
# L1 its colors would not follow the photograph.
_SAGAN = config.TrainConfig(
    recipe="sagan",
    model=config.ModelConfig(generator="sagan", discriminator="sagan"),
    stages=(
        config.StageConfig(
            batch_size=16,
            gan_loss="hinge",
            l1_weight=10.0,
            learning_rate=1e-4,
            d_learning_rate=4e-4,
            beta_1=0.0,
            beta_2=0.9,
        ),
    ),
)

# Zhang et al., 3 and their published solver: crops of 176, batch 40, Adam. They divide the rate by
# 3 twice; a cosine schedule replaces that here.
_COLORFUL = config.TrainConfig(
    recipe="colorful",
    model=config.ModelConfig(generator="colorful"),
    stages=(
        config.StageConfig(
            image_size=176,
            batch_size=40,
            gan_weight=0.0,
            l1_weight=0.0,
            classification_weight=1.0,
            learning_rate=3e-5,
            beta_1=0.9,
            beta_2=0.99,
            weight_decay=1e-3,
            schedule="cosine",
        ),
    ),
)

# 30 + 70 epochs of 9,000 photographs.
_CAPSTONE = config.TrainConfig(
    recipe="capstone",
    model=config.ModelConfig(generator="pretrained-unet", weights="imagenet", width=32),
    stages=(
        config.StageConfig(
            "pretrain",
            steps=17_000,
            batch_size=16,
            gan_weight=0.0,
            l1_weight=1.0,
            learning_rate=1e-4,
            beta_1=0.9,
            weight_decay=0.01,
        ),
        config.StageConfig("adversarial", steps=39_000, batch_size=16, weight_decay=0.01),
    ),
)

# Most steps are on small crops at a constant rate, with a moving average of the weights; the rest
# are on larger crops while the rate falls to 0. A longer run can continue from before that.
_CLASSIFY = config.StageConfig(
    "classify",
    steps=30_000,
    image_size=128,
    batch_size=24,
    gan_weight=0.0,
    l1_weight=2.0,
    classification_weight=1.0,
    learning_rate=1e-3,
    encoder_rate=0.3,
    beta_1=0.9,
    weight_decay=0.01,
    warmup_steps=200,
    clip_norm=5.0,
    frozen=("encoder_start",),
    ema=0.999,
)
_REFINE = dataclasses.replace(
    _CLASSIFY, name="refine", steps=6_000, image_size=192, batch_size=16, schedule="linear"
)
_TFCOLOR = config.TrainConfig(
    recipe="tfcolor",
    data=config.DataConfig(crop_min_fraction=0.6, validation_limit=400, hints=0.5),
    model=config.ModelConfig(generator="hintnet", weights="imagenet", width=32),
    stages=(_CLASSIFY, _REFINE),
    # At equal colorfulness nearer to the truth than at the sizes of its crops.
    seen_size=256,
    validate_every_steps=500,
)

RECIPES = {
    recipe.settings.recipe: recipe
    for recipe in (
        Recipe(
            "our own: classes of color, color hints, a pretrained encoder",
            "docs/recipes.md",
            _TFCOLOR,
        ),
        Recipe("U-Net, PatchGAN, cross-entropy + 100 L1, in Lab", "arXiv:1611.07004", _PIX2PIX),
        Recipe(
            "the RGB hypothesis: paints RGB instead of a*b*",
            "arXiv:1611.07004",
            dataclasses.replace(
                _PIX2PIX, recipe="pix2pix-rgb", model=config.ModelConfig(space="rgb")
            ),
        ),
        Recipe(
            "conditional DCGAN: a discriminator of whole photographs",
            "arXiv:1511.06434, 1803.05400",
            _CDCGAN,
        ),
        Recipe(
            "self-attention and spectral norm in both networks, hinge loss, two rates",
            "arXiv:1805.08318",
            _SAGAN,
        ),
        Recipe("rebalanced classification of ab bins", "arXiv:1603.08511", _COLORFUL),
        Recipe(
            "pretrained encoder U-Net: L1, then a conditional GAN", "docs/recipes.md", _CAPSTONE
        ),
    )
}


def costs() -> dict[str, dict[str, float]]:
    """Recipe -> what `models.cost.measure` gives; gflop to two digits.

    The figures are read from a file, since measuring takes 20 seconds: the networks must be built.
    """
    path = Path(__file__).with_name("costs.json")
    return json.loads(path.read_text(encoding="utf-8"))


def get(name: str) -> config.TrainConfig:
    """The config of a recipe.

    Args:
      name: of `RECIPES`; or a file of one's own, NAME.json, such as `tfcolor recipes` prints and
        one then edits.

    Raises:
      ValueError: if there is none, or the file holds none.
      OSError: if the file cannot be read.
    """
    if name in RECIPES:
        return RECIPES[name].settings
    path = Path(name)
    if path.suffix != ".json":
        raise errors.InputError(
            f"no recipe named {name!r}; there are {', '.join(RECIPES)}, or give a file NAME.json"
        )
    try:
        settings = fields.from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise errors.InputError(f"{path}: {error}") from error
    return dataclasses.replace(settings, recipe=name)


def recipe(name: str, **changes: Any) -> config.TrainConfig:
    """A recipe's config, some of its fields changed.

    Args:
      name: see `get`.
      changes: field -> value, such as `source="photographs"` or `total_steps=4000`; of a stage
        alone as `**{"refine.steps": 100}`. `tfcolor recipes NAME` shows all fields.

    Raises:
      ValueError: if there is no such recipe or field, or a value does not fit.
    """
    return fields.override(get(name), **changes)
