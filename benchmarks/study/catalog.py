"""The runs of docs/report/, all at 128 x 128: `train.py` trains them, `report.py` reads them.

The expected effect of every run was written down before the run was trained.
"""

import dataclasses
import json
from typing import Any

TFCOLOR = ("-c", "from tfcolor.cli.main import main; main()")  # arguments of Python for `tfcolor`
SHARED = {"image_size": 128, "validation_limit": 200}
GROUPS = RECIPES, EXPERIMENTS = "recipes", "experiments"


@dataclasses.dataclass(frozen=True)
class Run:
    """A training run. Its last weights are measured.

    Attributes:
      name: of the run and its folder.
      group: `RECIPES`, measured on the test photographs, or `EXPERIMENTS`, measured on the
        validation photographs.
      recipe: the recipe that is trained, with changes.
      minutes: processor minutes of its train steps; 0 where `crops` are given instead.
      crops: that it is trained on, where the number of photographs is compared.
      control: the run that differs in one field, with which this one is compared; "" if none.
      changes: fields of the config that differ from the recipe's, and their values.
      about: the change in words.
      expected: the expected effect of the change.
    """

    name: str
    group: str
    recipe: str
    minutes: float = 0.0
    crops: int = 0
    control: str = ""
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    about: str = ""
    expected: str = ""

    @property
    def assignments(self) -> list[str]:
        """The changes as arguments of `tfcolor-train --set`."""
        return [
            f"{field}={value if isinstance(value, str) else json.dumps(value)}"
            for field, value in {**SHARED, **self.changes}.items()
        ]


def _recipe(name: str, minutes: float = 60.0, **changes: Any) -> Run:
    return Run(name, RECIPES, name, minutes, changes=changes)


def _experiment(
    name: str, about: str, expected: str, recipe: str = "tfcolor", **changes: Any
) -> Run:
    control = f"{recipe}-control"
    control = "" if name == control else control
    return Run(name, EXPERIMENTS, recipe, 20.0, 0, control, changes, about, expected)


_SEVEN = {"depth": 7}  # halvings of pix2pix; 8 need 256 pixels


def _again(recipe: str, **changes: Any) -> Run:
    about, expected = "another seed", "How far two seeds are apart: less is no effect."
    return Run(
        f"{recipe}-again", RECIPES, recipe, 60.0, 0, recipe, {"seed": 1, **changes}, about, expected
    )


RUNS = (
    _recipe("tfcolor"),
    _again("tfcolor"),
    _recipe("capstone"),
    _again("capstone"),
    _recipe("pix2pix", **_SEVEN),
    _again("pix2pix", **_SEVEN),
    Run(
        "pix2pix-l1",
        RECIPES,
        "pix2pix",
        60.0,
        changes={"gan_weight": 0.0, **_SEVEN},
        about="pix2pix without its adversary",
        expected="Duller than pix2pix by half; closer to the truth, also at equal colorfulness.",
    ),
    _recipe("pix2pix-rgb", **_SEVEN),
    # More minutes, so that each sees at least 10,000 photographs.
    _recipe("cdcgan", 70.0),
    _recipe("sagan", 70.0),
    _recipe("colorful", 110.0),
    _experiment(
        "tfcolor-control", "the recipe as it is", "The others of tfcolor are compared with this."
    ),
    _experiment(
        "tfcolor-classes",
        "lambda: no L1, classes alone",
        "Livelier by a quarter; at equal colorfulness further from the truth by up to 0.1 dB.",
        l1_weight=0.0,
    ),
    _experiment(
        "tfcolor-l1-20",
        "lambda: ten times L1's weight",
        "Duller by a fifth; at equal colorfulness nearer to the truth by up to 0.1 dB.",
        l1_weight=20.0,
    ),
    _experiment(
        "tfcolor-slow",
        "learning rate: a third",
        "Further from the truth by 0.1 dB: 20 minutes are too few for it.",
        learning_rate=1e-3 / 3,
    ),
    _experiment(
        "tfcolor-fast",
        "learning rate: three times",
        "Further from the truth by 0.1 dB: pretrained weights are lost.",
        learning_rate=3e-3,
    ),
    _experiment(
        "tfcolor-96",
        "size: crops of 96, 1.8 times as many",
        "Equal within the seeds' difference at 128: more photographs, but of smaller things.",
        image_size=96,
    ),
    _experiment(
        "tfcolor-192",
        "size: crops of 192, less than half as many",
        "Further from the truth at 128 by 0.1 dB: fewer photographs.",
        image_size=192,
    ),
    _experiment(
        "tfcolor-film",
        "augmentation: half of the photographs as on old film",
        "Up to 2 % more ab error on photographs as they are.",
        film=0.5,
    ),
    _experiment(
        "pix2pix-control",
        "the recipe as it is",
        "The others of pix2pix are compared with this.",
        "pix2pix",
        **_SEVEN,
    ),
    _experiment(
        "pix2pix-lambda-10",
        "lambda: 10",
        "Livelier, with more color in wrong places: an ab error higher by 10 % or more.",
        "pix2pix",
        l1_weight=10.0,
        **_SEVEN,
    ),
    _experiment(
        "pix2pix-lambda-1000",
        "lambda: 1,000",
        "As dull as L1 alone, with a lower ab error.",
        "pix2pix",
        l1_weight=1000.0,
        **_SEVEN,
    ),
    _experiment(
        "pix2pix-16",
        "depth of the discriminator: patches of 16 pixels",
        "As lively, with a higher Fréchet distance: so small a patch shows no object.",
        "pix2pix",
        discriminator_depth=1,
        **_SEVEN,
    ),
    _experiment(
        "pix2pix-142",
        "depth of the discriminator: patches of 142 pixels, the whole crop",
        "Less lively and no nearer to the truth: a discriminator of more layers learns slowly.",
        "pix2pix",
        discriminator_depth=4,
        **_SEVEN,
    ),
    Run(
        "photographs-14000",
        EXPERIMENTS,
        "tfcolor",
        crops=600_000,
        control="photographs-all",
        changes={"train_limit": 14_000},
        about="photographs: 14,000, each seen 43 times",
        expected="Further from the truth than all of them by 0.2 dB: it begins to memorize.",
    ),
    Run(
        "photographs-all",
        EXPERIMENTS,
        "tfcolor",
        crops=600_000,
        about="photographs: all, each seen 6 times",
        expected="14,000 are compared with this.",
    ),
)
