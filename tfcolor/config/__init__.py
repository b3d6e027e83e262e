"""The config of a training run: frozen dataclasses, checked when they are made."""

import dataclasses

from tfcolor.config import checks
from tfcolor.support import errors

# Generator -> pixels that its sides must be multiples of; 0 stands for 2**depth.
GENERATORS = {
    "unet": 0,
    "cdcgan": 0,
    "sagan": 32,
    "colorful": 8,
    "pretrained-unet": 32,
    "colornet": 64,
    "hintnet": 32,
}
CLASSIFIERS = ("colorful", "colornet", "hintnet")  # generators that give logits over ab bins
ENCODERS = ("pretrained-unet", "colornet", "hintnet")  # generators with a pretrained encoder
HINTED = ("hintnet",)  # generators that take color hints
BUNDLED_BACKBONE = "efficientnet-lite0"  # comes with the package
BUNDLED_GENERATOR = "hintnet"  # its weights come with the package
# Encoder -> its module of keras.applications; the bundled one has none.
BACKBONES = {
    BUNDLED_BACKBONE: "",
    "DenseNet121": "densenet",
    "EfficientNetB0": "efficientnet",
    "EfficientNetV2B0": "efficientnet_v2",
    "MobileNetV2": "mobilenet_v2",
    "ResNet50": "resnet",
    "ResNet50V2": "resnet_v2",
    "VGG16": "vgg16",
}
DISCRIMINATORS = ("patchgan", "cdcgan", "sagan")
SPACES = ("lab", "rgb")
WEIGHTS = ("random", "imagenet", "tfcolor")  # or an .npz of all weights by their Keras paths
NORMALIZATIONS = ("batch", "instance")
LOSS_WEIGHTS = (
    "gan_weight",
    "l1_weight",
    "classification_weight",
    "perceptual_weight",
    "colorfulness_weight",
    "size_weight",
)
GAN_LOSSES = ("bce", "hinge")
SCHEDULES = ("constant", "cosine", "linear")
FROZEN = ("encoder_start", "encoder", "generator", "discriminator")
FRECHET = "fd_efficientnet_lite0"
BEST_BY = ("ab_error", "delta_e00", "mse", FRECHET)  # lower is better in all
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
STRATEGIES = ("auto", "one", "mirrored", "multi-worker", "tpu")
MIN_IMAGE_SIZE = 32  # pixels
MAX_SEED = 4_000_000  # the networks draw a thousand 32-bit seeds from it

# These may differ when a run is resumed: all others shape weights or the order of photographs.
RESUMABLE = frozenset(
    {"steps", "patience", "strategy", "log_every_steps", "validate_every_steps"}
    | {"checkpoint_every_steps", "checkpoint_every_minutes", "keep_checkpoints", "data_dir"}
)


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which photographs to use, and how they are chosen and cropped."""

    source: str = "samples"  # "samples", a folder, or the name of a TFDS set such as "coco/2017"
    data_dir: str | None = None  # where TFDS keeps its sets; None is TFDS's own default
    train_split: str = "train[:9000]"  # TFDS only
    test_split: str = "validation[:3000]"  # TFDS only
    train_limit: int | None = None  # use only this many training photographs, scattered
    validation_limit: int = 200  # photographs used in each validation, scattered
    crop_min_fraction: float = 0.8  # smallest random crop, over the photograph's short side
    min_chroma: float = 4.0  # training photographs with a lower mean Lab chroma count as gray
    film: float = 0.0  # share of training photographs whose lightness is that of an old film
    hints: float = 0.0  # share of training photographs that come with color hints
    shuffle_buffer: int = 1024  # encoded TFDS photographs held for shuffling, about 150 kB each

    def __post_init__(self) -> None:
        checks.positive(self, "validation_limit", "shuffle_buffer")
        checks.not_negative(self, "min_chroma")
        if self.train_limit is not None:
            checks.positive(self, "train_limit")
        checks.share(self, "film", "hints")
        if not 0 < self.crop_min_fraction <= 1:
            raise errors.InputError(
                f"crop_min_fraction must be in (0, 1], got {self.crop_min_fraction}"
            )


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Both networks; each ignores the fields that it has no use for."""

    generator: str = "unet"
    discriminator: str = "patchgan"  # built only for stages with a gan_weight
    discriminator_depth: int = 3  # halvings in the PatchGAN; it judges patches of 70 pixels with 3
    space: str = "lab"  # what the generator paints: the color planes ab, or all of RGB
    width: int = 64  # channels of the first layer of both networks; for hintnet, see there
    depth: int = 8  # halvings in the U-Net and the cDCGAN; sides must be multiples of 2**depth
    normalization: str = "batch"  # in the U-Net and the PatchGAN
    spectral: bool = False  # spectral normalization in the PatchGAN
    dropout: float = 0.5  # the noise z, in the U-Net's first three decoder blocks while training
    encoder: str = BUNDLED_BACKBONE  # one of BACKBONES; for a generator in ENCODERS
    # Initial weights: also "imagenet" (the encoder's), "tfcolor" (the bundled model's), or an .npz.
    weights: str = "random"

    def __post_init__(self) -> None:
        checks.choice(self, "generator", tuple(GENERATORS))
        checks.choice(self, "discriminator", DISCRIMINATORS)
        checks.choice(self, "space", SPACES)
        checks.choice(self, "normalization", NORMALIZATIONS)
        checks.choice(self, "encoder", tuple(BACKBONES))
        if not self.weights.endswith(".npz"):
            checks.choice(self, "weights", WEIGHTS)
        if self.width < 1 or self.width & (self.width - 1):
            raise errors.InputError(f"width must be a power of two, got {self.width}")
        checks.between(self, "depth", 2, 10)
        checks.between(self, "discriminator_depth", 1, 5)
        checks.fraction(self, "dropout")
        if self.space == "rgb" and self.generator != "unet":
            raise errors.InputError(f"space rgb needs the generator unet, got {self.generator}")
        fits = {"imagenet": ENCODERS, "tfcolor": (BUNDLED_GENERATOR,)}.get(self.weights, GENERATORS)
        checks.generator(f"weights {self.weights} need", self.generator, fits, "; use random")
        own = self.generator == "hintnet" or self.weights == "tfcolor"
        if own and self.encoder != BUNDLED_BACKBONE:
            raise errors.InputError(
                f"the generator hintnet and the weights tfcolor need the encoder "
                f"{BUNDLED_BACKBONE}, got {self.encoder}"
            )

    @property
    def stride(self) -> int:
        """Pixels; the sides of what the generator sees must be multiples of it."""
        return GENERATORS[self.generator] or 2**self.depth


@dataclasses.dataclass(frozen=True)
class StageConfig:
    """A part of a run with one objective. The defaults are those of pix2pix."""

    name: str = "train"
    steps: int = 200_000
    image_size: int = 256  # side of the square crops, pixels
    batch_size: int = 4  # photographs in a step, over all replicas

    # The objective: weights of its terms; a term of weight 0 is not computed.
    gan_weight: float = 1.0
    l1_weight: float = 100.0  # lambda of the paper
    classification_weight: float = 0.0  # class-rebalanced cross-entropy over ab bins
    uniform_share: float = 0.5  # lambda of arXiv:1603.08511: rare bins count more the lower it is
    perceptual_weight: float = 0.0  # features of EfficientNet-Lite0
    colorfulness_weight: float = 0.0  # difference from the photograph's own, up or down
    size_weight: float = 0.0  # difference of the colors at half the size, rounded to the stride
    gan_loss: str = "bce"
    label_smoothing: float = 0.0  # the discriminator's target for real is 1 - this; bce only
    d_updates: int = 1  # updates of the discriminator in each step, on the step's photographs

    # The optimizers: Adam, or AdamW if there is a weight decay; each stage starts with new ones.
    learning_rate: float = 2e-4
    d_learning_rate: float | None = None  # None: the same
    encoder_rate: float = 1.0  # learning rate of the encoder, as a multiple of that of the rest
    beta_1: float = 0.5
    beta_2: float = 0.999
    weight_decay: float = 0.0
    schedule: str = "constant"  # "cosine" and "linear" fall to 0 at the end of the stage
    warmup_steps: int = 0  # the learning rates rise from 0 in this many steps
    clip_norm: float = 0.0  # largest norm of the generator's gradient; 0 is no limit
    frozen: tuple[str, ...] = ()  # not trained, of FROZEN; "encoder_start": hintnet's first layers
    ema: float = 0.0  # decay of the moving average of the generator; 0 is none

    # Which weights are kept as the best, and when the stage ends early. If the stage before has
    # another figure, the first to beat are its best weights, measured by this stage's figure.
    best_by: str = "ab_error"
    patience: int = 0  # validations without a better Fréchet distance; 0 trains to the last step

    def __post_init__(self) -> None:
        checks.positive(self, "steps", "batch_size", "learning_rate", "d_updates", "encoder_rate")
        checks.not_negative(self, *LOSS_WEIGHTS)
        checks.not_negative(self, "weight_decay", "warmup_steps", "clip_norm", "patience")
        checks.fraction(self, "label_smoothing", "beta_1", "beta_2", "ema")
        if not 0 < self.uniform_share <= 1:
            raise errors.InputError(f"uniform_share must be in (0, 1], got {self.uniform_share}")
        checks.choice(self, "gan_loss", GAN_LOSSES)
        checks.choice(self, "schedule", SCHEDULES)
        checks.choice(self, "best_by", BEST_BY)
        if self.d_learning_rate is not None:
            checks.positive(self, "d_learning_rate")
        if self.image_size < MIN_IMAGE_SIZE:
            raise errors.InputError(
                f"image_size must be at least {MIN_IMAGE_SIZE}, got {self.image_size}"
            )
        if not any(getattr(self, weight) for weight in LOSS_WEIGHTS):
            raise errors.InputError(
                f"one of {', '.join(LOSS_WEIGHTS)} must be greater than 0, got none"
            )
        if self.label_smoothing and self.gan_loss != "bce":
            raise errors.InputError(f"label_smoothing needs the gan_loss bce, got {self.gan_loss}")
        judged = self.gan_weight and "discriminator" not in self.frozen
        if "generator" in self.frozen and not judged:
            raise errors.InputError(
                f"stage {self.name} trains nothing: frozen is {', '.join(self.frozen)} and "
                f"gan_weight {self.gan_weight}; leave a network free"
            )
        if set(self.frozen) - set(FROZEN):
            raise errors.InputError(
                f"frozen must be of {', '.join(FROZEN)}, got {', '.join(self.frozen)}"
            )


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """A whole training run: with the photographs, this is all that is needed to repeat it."""

    recipe: str = "pix2pix"
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    stages: tuple[StageConfig, ...] = (StageConfig(),)
    # Short side that the trained network is to see, pixels; None is the largest image_size. All
    # validations are of squares of this size.
    seen_size: int | None = None
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
        for name in ("log", "validate", "checkpoint"):
            checks.positive(self, f"{name}_every_steps")
        checks.positive(self, "checkpoint_every_minutes", "keep_checkpoints")
        checks.between(self, "seed", 0, MAX_SEED)
        checks.choice(self, "precision", PRECISIONS)
        checks.choice(self, "strategy", STRATEGIES)
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) < len(names) or any("." in name for name in names):
            raise errors.InputError(
                f"stages must have names of their own, without a dot, got {names}"
            )
        if self.data.hints:
            checks.generator("hints need", self.model.generator, HINTED, "; or set hints=0.0")
        for stage in self.stages:
            self._check_stage(stage)
        if self.seen_size is not None and (
            self.seen_size < MIN_IMAGE_SIZE or self.seen_size % self.model.stride
        ):
            raise errors.InputError(
                f"seen_size must be a multiple of {self.model.stride} and at least "
                f"{MIN_IMAGE_SIZE}, got {self.seen_size}"
            )

    def _check_stage(self, stage: StageConfig) -> None:
        size, model = stage.image_size, self.model
        least = 2 * model.stride if stage.size_weight else model.stride
        if size % model.stride:
            below = max(size // model.stride * model.stride, least)
            remedy = f"use {below} or {below + model.stride}"
            if not GENERATORS[model.generator]:
                remedy += ", or a smaller depth"
            power = "" if GENERATORS[model.generator] else " (2**depth)"
            raise errors.InputError(
                f"image_size must be a multiple of {model.stride}{power}, got {size}; {remedy}"
            )
        if stage.gan_weight and model.discriminator == "patchgan":
            checks.patches(model.discriminator_depth, size, stage.name)
        for asked, asks, known in (
            ("encoder_start" in stage.frozen, "frozen encoder_start needs", HINTED),
            ("encoder" in stage.frozen, "frozen encoder needs", ENCODERS),
            (stage.encoder_rate != 1, "encoder_rate needs", ENCODERS),
            (stage.classification_weight, "classification_weight needs", CLASSIFIERS),
        ):
            if asked:
                checks.generator(asks, model.generator, known)
        if size < least:
            raise errors.InputError(
                f"size_weight needs an image_size of {least} or more in stage "
                f"{stage.name}, got {size}; or set {stage.name}.size_weight=0.0"
            )

    @property
    def total_steps(self) -> int:
        """Train steps of all stages, if none ends early."""
        return sum(stage.steps for stage in self.stages)

    @property
    def validation_size(self) -> int:
        """Side of the squares that all stages are validated on, pixels."""
        return self.seen_size or max(stage.image_size for stage in self.stages)

    @property
    def adversarial(self) -> bool:
        """Whether any stage needs the discriminator."""
        return any(stage.gan_weight for stage in self.stages)
