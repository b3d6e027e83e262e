"""What a run is: frozen dataclasses, checked when they are made, written to and read from JSON."""

import dataclasses
import json
from typing import Any

NORMALIZATIONS = ("batch", "instance")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
STRATEGIES = ("auto", "one", "mirrored")
MIN_IMAGE_SIZE = 32  # pixels; the PatchGAN judges nothing smaller
MAX_SEED = 4_000_000  # the networks draw a thousand 32-bit seeds from it

# What may differ when a run is resumed: the rest shapes the weights or the order of photographs.
RESUMABLE = frozenset(
    {"total_steps", "strategy", "log_every_steps", "validate_every_steps"}
    | {"checkpoint_every_steps", "checkpoint_every_minutes", "keep_checkpoints", "data_dir"}
)


def _check_positive(config: Any, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if not value > 0:
            raise ValueError(f"{name} must be greater than 0, got {value}")


def _check_choice(config: Any, name: str, choices: tuple[str, ...]) -> None:
    value = getattr(config, name)
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value}")


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which photographs, and how they become batches."""

    source: str = "samples"  # "samples", a folder, or the name of a TFDS set such as "coco/2017"
    data_dir: str | None = None  # where TFDS keeps its sets; None is TFDS's own default
    train_split: str = "train[:9000]"  # TFDS only
    test_split: str = "validation[:3000]"  # TFDS only
    train_limit: int | None = None  # use only the first so many training photographs
    validation_limit: int = 200  # photographs looked at in each validation
    image_size: int = 256  # side of the square crops, pixels
    batch_size: int = 4  # photographs in a step, over all replicas
    crop_min_fraction: float = 0.8  # smallest random crop, over the photograph's short side
    min_chroma: float = 4.0  # training photographs with a lower mean Lab chroma count as gray
    shuffle_buffer: int = 1024  # encoded TFDS photographs held for shuffling, about 150 kB each

    def __post_init__(self) -> None:
        _check_positive(self, "validation_limit", "image_size", "batch_size", "shuffle_buffer")
        if self.image_size < MIN_IMAGE_SIZE:
            raise ValueError(f"image_size must be at least {MIN_IMAGE_SIZE}, got {self.image_size}")
        if self.train_limit is not None:
            _check_positive(self, "train_limit")
        if not 0 < self.crop_min_fraction <= 1:
            raise ValueError(f"crop_min_fraction must be in (0, 1], got {self.crop_min_fraction}")


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The U-Net generator and the PatchGAN discriminator; the defaults are the paper's."""

    width: int = 64  # channels of the first layer of both networks
    depth: int = 8  # halvings in the U-Net; sides must be multiples of 2**depth
    normalization: str = "batch"
    dropout: float = 0.5  # the noise z, in the first three decoder blocks while training

    def __post_init__(self) -> None:
        if self.width < 1 or self.width & (self.width - 1):
            raise ValueError(f"width must be a power of two, got {self.width}")
        if not 2 <= self.depth <= 10:
            raise ValueError(f"depth must be 2 to 10, got {self.depth}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")
        _check_choice(self, "normalization", NORMALIZATIONS)

    @property
    def stride(self) -> int:
        """Pixels of the input that one bottleneck value stands for."""
        return 2**self.depth


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """A training run, whole: with the photographs it can be repeated from this alone."""

    recipe: str = "pix2pix"
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    total_steps: int = 200_000
    learning_rate: float = 2e-4  # Adam, both networks
    beta_1: float = 0.5  # Adam, both networks
    l1_weight: float = 100.0  # lambda of the paper
    precision: str = "float32"
    strategy: str = "auto"
    jit: bool = False
    seed: int = 0
    log_every_steps: int = 50
    validate_every_steps: int = 1000
    checkpoint_every_steps: int = 1000
    checkpoint_every_minutes: float = 10.0
    keep_checkpoints: int = 2

    def __post_init__(self) -> None:
        _check_positive(
            self,
            "total_steps",
            "learning_rate",
            "log_every_steps",
            "validate_every_steps",
            "checkpoint_every_steps",
            "checkpoint_every_minutes",
            "keep_checkpoints",
        )
        if self.l1_weight < 0:
            raise ValueError(f"l1_weight must be 0 or more, got {self.l1_weight}")
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"seed must be 0 to {MAX_SEED}, got {self.seed}")
        _check_choice(self, "precision", PRECISIONS)
        _check_choice(self, "strategy", STRATEGIES)
        self._check_image_size()

    def _check_image_size(self) -> None:
        image_size, model = self.data.image_size, self.model
        if image_size % model.stride:
            below = max(image_size // model.stride, 1) * model.stride
            raise ValueError(
                f"image_size must be a multiple of {model.stride} (2**depth), got {image_size}; "
                f"use {below} or {below + model.stride}, or a smaller depth"
            )


def override(config: TrainConfig, **fields: Any) -> TrainConfig:
    """A config with some fields changed, named as in the dataclasses wherever they stand.

    An `image_size` under 256 given without a `depth` lowers the depth to log2 of that size, so
    that trial runs at 128 or 64 need one option, not two.

    Args:
      config: what to start from.
      **fields: field name -> value; every name is unique over the three dataclasses.

    Raises:
      ValueError: for an unknown name or a value out of its range.
    """
    if "image_size" in fields and "depth" not in fields and fields["image_size"] >= MIN_IMAGE_SIZE:
        fields["depth"] = min(config.model.depth, fields["image_size"].bit_length() - 1)
    changes: dict[str, Any] = {"data": config.data, "model": config.model}
    for part, value in changes.items():
        names = {field.name for field in dataclasses.fields(value)}
        own = {name: fields.pop(name) for name in names & fields.keys()}
        changes[part] = dataclasses.replace(value, **own)
    unknown = fields.keys() - {field.name for field in dataclasses.fields(config)}
    if unknown:
        raise ValueError(f"unknown config field {', '.join(sorted(unknown))}")
    return dataclasses.replace(config, **changes, **fields)


def flatten(config: TrainConfig) -> dict[str, Any]:
    """Every field by its name, the nested ones with the rest."""
    fields = dataclasses.asdict(config)
    return {**fields.pop("data"), **fields.pop("model"), **fields}


def changed_fields(old: TrainConfig, new: TrainConfig) -> dict[str, tuple[Any, Any]]:
    """Fields that differ and cannot differ when a run is resumed: name -> (old, new)."""
    before, after = flatten(old), flatten(new)
    return {
        name: (before[name], after[name])
        for name in before
        if before[name] != after[name] and name not in RESUMABLE
    }


def to_json(config: TrainConfig) -> str:
    """JSON text that `from_json` reads back to an equal config."""
    return json.dumps(dataclasses.asdict(config), indent=2) + "\n"


def from_json(text: str) -> TrainConfig:
    """The config that `to_json` wrote.

    Raises:
      ValueError: for text that is no JSON, unknown fields or values out of their range.
    """
    try:
        fields = json.loads(text)
        data = DataConfig(**fields.pop("data"))
        model = ModelConfig(**fields.pop("model"))
        return TrainConfig(data=data, model=model, **fields)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a config of this version of tfcolor: {error}") from error
