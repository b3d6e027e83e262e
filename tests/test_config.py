import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcolor import config
from tfcolor.config import fields, recipes


@given(
    st.sampled_from(config.PRECISIONS),
    st.integers(1, 10**9),
    st.floats(1e-8, 1.0),
    st.text(),
    st.none() | st.text(),
)
def test_json_round_trip_gives_an_equal_config(precision, steps, rate, source, data_dir):
    settings = fields.override(
        config.TrainConfig(),
        precision=precision,
        total_steps=steps,
        learning_rate=rate,
        source=source,
        data_dir=data_dir,
    )
    assert fields.from_json(fields.to_json(settings)) == settings


def test_configs_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.TrainConfig().seed = 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total_steps", 0),
        ("learning_rate", -1.0),
        ("l1_weight", -0.1),
        ("batch_size", 0),
        ("image_size", 16),
        ("width", 48),
        ("depth", 1),
        ("dropout", 1.0),
        ("precision", "float8"),
        ("strategy", "many"),
        ("generator", "resnet"),
        ("discriminator", "none"),
        ("gan_loss", "wasserstein"),
        ("schedule", "step"),
        ("best_by", "ssim"),
        ("ema", 1.0),
        ("label_smoothing", -0.1),
        ("d_updates", 0),
        ("clip_norm", -1.0),
        ("patience", -1),
        ("normalization", "layer"),
        ("seed", -1),
        ("train_limit", 0),
        ("crop_min_fraction", 0.0),
    ],
)
def test_a_value_out_of_range_is_named_with_what_came(field, value):
    with pytest.raises(ValueError, match=rf"{field} .*{value}"):
        fields.override(config.TrainConfig(), **{field: value})


def test_image_size_must_be_a_multiple_of_the_stride_and_the_error_says_which_are():
    with pytest.raises(
        ValueError, match=r"multiple of 256 \(2\*\*depth\), got 384; use 256 or 512"
    ):
        fields.override(config.TrainConfig(), image_size=384)


@pytest.mark.parametrize(("image_size", "depth"), [(32, 5), (64, 6), (128, 7), (256, 8), (512, 8)])
def test_a_small_image_size_lowers_the_depth_to_what_fits(image_size, depth):
    assert fields.override(config.TrainConfig(), image_size=image_size).model.depth == depth


def test_an_image_size_is_what_the_network_is_to_see_unless_that_is_given():
    ours = recipes.get("tfcolor")
    assert ours.validation_size == ours.seen_size > max(each.image_size for each in ours.stages)
    assert fields.override(ours, image_size=64).validation_size == 64
    assert fields.override(ours, image_size=64, seen_size=96).validation_size == 96
    assert config.TrainConfig().validation_size == 256  # the largest of its stages


def test_an_explicit_depth_is_kept():
    assert fields.override(config.TrainConfig(), image_size=128, depth=4).model.depth == 4


def test_field_names_are_unique_so_that_override_is_unambiguous():
    names = [
        field.name
        for part in (config.TrainConfig, config.DataConfig, config.ModelConfig, config.StageConfig)
        for field in dataclasses.fields(part)
    ]
    assert len(names) == len(set(names))
    flat = {name.removeprefix("train.") for name in fields.flatten(config.TrainConfig())}
    assert flat == set(names) - {"data", "model", "stages", "name"}
    assert config.RESUMABLE < set(names)


def test_an_unknown_field_is_an_error():
    with pytest.raises(ValueError, match="unknown config field colour"):
        fields.override(config.TrainConfig(), colour=1)


def test_changed_leaves_out_what_may_change():
    old = config.TrainConfig()
    new = fields.override(old, total_steps=7, image_size=512, seed=3)
    assert fields.changed(old, new) == {"seed": (0, 3), "train.image_size": (256, 512)}


TWO = config.TrainConfig(
    stages=(config.StageConfig("first", steps=300), config.StageConfig("second", steps=100))
)


def test_a_field_of_stages_changes_in_all_or_in_one():
    both = fields.override(TWO, l1_weight=1.0)
    assert [stage.l1_weight for stage in both.stages] == [1.0, 1.0]
    one = fields.override(TWO, l1_weight=1.0, **{"second.l1_weight": 2.0})
    assert [stage.l1_weight for stage in one.stages] == [1.0, 2.0]
    with pytest.raises(ValueError, match=r"third.l1_weight; .* STAGE.FIELD, of first, second"):
        fields.override(TWO, **{"third.l1_weight": 1.0})


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.integers(5, 10**7))
def test_stages_share_total_steps_as_they_had_them(steps, total):
    stages = tuple(config.StageConfig(f"s{i}", steps=count) for i, count in enumerate(steps))
    shared = fields.override(config.TrainConfig(stages=stages), total_steps=total)
    assert shared.total_steps == total
    for stage, before in zip(shared.stages, steps, strict=True):
        # Each end is rounded, and moved where a stage would have had no step at all.
        assert abs(stage.steps - total * before / sum(steps)) <= len(steps)


def test_fewer_steps_than_stages_is_an_error():
    with pytest.raises(ValueError, match="total_steps must be 2 or more"):
        fields.override(TWO, total_steps=1)


def test_assignments_are_read_as_json_and_else_as_text():
    texts = ["a=1", "b.c=1e-3", "d=true", "e=null", 'f=["encoder"]', "g=adam", "h=x=y"]
    assert fields.parse(texts) == {
        "a": 1, "b.c": 1e-3, "d": True, "e": None, "f": ("encoder",), "g": "adam", "h": "x=y"
    }  # fmt: skip
    with pytest.raises(ValueError, match="--set takes FIELD=VALUE, got 'steps'"):
        fields.parse(["steps"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("depth", 1.5),
        ("train_limit", "all"),
        ("jit", 1),
        ("seed", True),
        ("frozen", "encoder"),
        ("frozen", (1,)),
        ("frozen", (("encoder",),)),
    ],
)
def test_a_value_of_a_wrong_type_is_named(field, value):
    with pytest.raises(ValueError, match=f"{field} must be of type .*got"):
        fields.override(config.TrainConfig(), **{field: value})


def test_a_whole_number_may_stand_for_a_float_and_none_where_it_is_allowed():
    changed = fields.override(config.TrainConfig(), d_learning_rate=1, train_limit=None)
    assert changed.stages[0].d_learning_rate == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generator": "colorful", "space": "rgb"}, "space rgb needs the generator unet"),
        ({"weights": "imagenet"}, "weights imagenet need a generator pretrained-unet or colornet"),
        ({"classification_weight": 1.0}, "classification_weight needs a generator colorful or"),
        ({"uniform_share": 0.0}, r"uniform_share must be in \(0, 1\], got 0"),
        ({"size_weight": 1.0}, "size_weight needs an image_size of 512"),
        ({"discriminator_depth": 6}, "discriminator_depth must be 1 to 5, got 6"),
        (
            {"discriminator_depth": 5, "depth": 5, "image_size": 64},
            "discriminator_depth 5 needs an image_size of 96 or more, got 64 in stage train",
        ),
        ({"gan_weight": 0.0, "l1_weight": 0.0}, "one of gan_weight, .* must be greater than 0"),
        ({"frozen": ("decoder",)}, "frozen must be of encoder_start, encoder, generator"),
        ({"gan_loss": "hinge", "label_smoothing": 0.1}, "label_smoothing needs the gan_loss bce"),
        ({"frozen": ("generator", "discriminator")}, "stage train trains nothing"),
        ({"gan_weight": 0.0, "frozen": ("generator",)}, "stage train trains nothing"),
        (
            {"frozen": ("encoder",)},
            "needs a generator pretrained-unet or colornet or hintnet, got unet",
        ),
        ({"learning_rate": float("inf")}, "learning_rate must be greater than 0, got inf"),
        ({"weight_decay": float("nan")}, "weight_decay must be 0 or more, got nan"),
        ({"seen_size": 200}, "seen_size must be a multiple of 256 and at least"),
        ({"generator": "sagan", "image_size": 80}, "multiple of 32, got 80; use 64 or 96"),
    ],
)
def test_choices_that_do_not_fit_together_are_errors(changes, message):
    with pytest.raises(ValueError, match=message):
        fields.override(config.TrainConfig(), **changes)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"data": {"colour": 1}, "model": {}}'])
def test_text_that_is_no_config_is_a_value_error(text):
    with pytest.raises(ValueError):
        fields.from_json(text)


def test_every_recipe_is_valid_and_bears_its_name():
    assert recipes.DEFAULT in recipes.RECIPES
    for name, recipe in recipes.RECIPES.items():
        assert recipe.settings.recipe == name
        assert fields.from_json(json.dumps(dataclasses.asdict(recipe.settings))) == recipe.settings
        assert recipe.source
        assert recipe.summary


def test_an_unknown_recipe_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match="no recipe named 'magic'; there are tfcolor, pix2pix"):
        recipes.get("magic")
