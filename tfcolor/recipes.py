"""Named training configs. A recipe is a starting point: every field can be overridden."""

from tfcolor import config

RECIPES = {
    # arXiv:1611.07004, 6.2: batch 4 and mirroring for colorization. The random crops are ours:
    # most collections are far smaller than ImageNet.
    "pix2pix": config.TrainConfig(recipe="pix2pix"),
}


def get(name: str) -> config.TrainConfig:
    """The recipe of that name.

    Raises:
      ValueError: if there is none.
    """
    if name not in RECIPES:
        raise ValueError(f"no recipe named {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]
