"""The runs of docs/report/, all at 128 x 128: `train.py` trains them, `report.py` reads them.

The expected effect of every run was written down before the run was trained.
"""

import dataclasses
import json
from typing import Any

TFCOLOR = ("-c", "from tfcolor.cli.main import main; main()")  # arguments of Python for `tfcolor`
SHARED = {"image_size": 128, "validation_limit": 200}
CPU_MINUTES = {"recipes": 15.0, "experiments": 6.0}


@dataclasses.dataclass(frozen=True)
class Run:
    """A training run.

    Attributes:
      name: of the run and its folder.
      group: "recipes", measured on the test photographs, or "experiments", of the recipe tfcolor,
        measured on the validation photographs.
      recipe: the recipe that is trained, with changes.
      changes: fields of the config that differ from the recipe's, and their values.
      about: the change in words.
      expected: the expected effect of the change.
    """

    name: str
    group: str
    recipe: str = "tfcolor"
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    about: str = ""
    expected: str = ""

    @property
    def assignments(self) -> list[str]:
        """The changes as arguments of `tfcolor-train --set`."""
        # A warm-up of 200 steps would take most of a stage in runs as short as these.
        short = {"warmup_steps": 20} if self.recipe == "tfcolor" else {}
        changes = {**SHARED, **short, **self.changes}
        return [
            f"{field}={value if isinstance(value, str) else json.dumps(value)}"
            for field, value in changes.items()
        ]


def _recipe(name: str, **changes: Any) -> Run:
    return Run(name, "recipes", name, changes)


def _experiment(name: str, about: str, expected: str, **changes: Any) -> Run:
    return Run(name, "experiments", changes=changes, about=about, expected=expected)


RUNS = (
    _recipe("tfcolor"),
    _recipe("capstone"),
    _recipe("sagan"),
    _recipe("pix2pix", depth=7),  # 8 needs 256 pixels
    Run(
        "pix2pix-l1",
        "recipes",
        "pix2pix",
        {"depth": 7, "gan_weight": 0.0},
        "pix2pix without its adversary",
        "Duller than pix2pix by half, and closer to the truth, also at equal strength: in so short "
        "a time the adversary only adds color in the wrong places.",
    ),
    _recipe("cdcgan"),
    _recipe("pix2pix-rgb", depth=7),
    _recipe("colorful"),
    _experiment("control", "the recipe as it is", "The others are compared with this."),
    _experiment(
        "l1-alone",
        "loss: L1 alone, no classes",
        "Duller by a third or more, since L1 favors the median of the likely colors; at equal "
        "strength further from the truth.",
        classification_weight=0.0,
    ),
    _experiment(
        "classes-alone",
        "loss: classes alone, no L1",
        "Livelier; at equal strength as accurate, within the interval.",
        l1_weight=0.0,
    ),
    _experiment(
        "not-rebalanced",
        "rebalancing: none, common and rare colors have equal weight",
        "Duller by a fifth or more, with a lower ab error.",
        uniform_share=1.0,
    ),
    _experiment(
        "unet-decoder",
        "decoder: a U-Net up to full size, with an encoder at full size; L1 instead of classes",
        "Fewer steps in the same time, so further from the truth than L1 alone in our decoder.",
        generator="pretrained-unet",
        classification_weight=0.0,
        frozen=[],
        hints=0.0,
    ),
    _experiment(
        "larger",
        "size: crops of 192",
        "Less than half the steps; measured at 128, further from the truth.",
        image_size=192,
    ),
    _experiment(
        "film",
        "augmentation: half of the photographs as on old film",
        "Up to 2 % more ab error on unchanged photographs.",
        film=0.5,
    ),
    _experiment(
        "no-size-term",
        "objective: no size term in the last two stages",
        "Livelier, more accurate at equal strength: in a longer run the term removed the color.",
        size_weight=0.0,
    ),
    _experiment(
        "no-colorfulness-term",
        "objective: no colorfulness term in the last two stages",
        "Duller by a third or more, since nothing counteracts the size term.",
        colorfulness_weight=0.0,
    ),
    _experiment(
        "no-adversary",
        "adversarial stage: without its two losses, so that it continues the previous stage",
        # The recipe no longer has this stage, so this run now equals the control.
        "A lower ab error and a higher Fréchet distance.",
    ),
)
RECIPES = [run for run in RUNS if run.group == "recipes"]
EXPERIMENTS = [run for run in RUNS if run.group == "experiments"]
