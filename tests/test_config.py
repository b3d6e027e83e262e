import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcolor import config, recipes


@given(
    st.sampled_from(config.PRECISIONS),
    st.integers(1, 10**9),
    st.floats(1e-8, 1.0),
    st.text(),
    st.none() | st.text(),
)
def test_json_round_trip_gives_an_equal_config(precision, steps, rate, source, data_dir):
    settings = config.override(
        config.TrainConfig(),
        precision=precision,
        total_steps=steps,
        learning_rate=rate,
        source=source,
        data_dir=data_dir,
    )
    assert config.from_json(config.to_json(settings)) == settings


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
        ("normalization", "layer"),
        ("seed", -1),
        ("train_limit", 0),
        ("crop_min_fraction", 0.0),
    ],
)
def test_a_value_out_of_range_is_named_with_what_came(field, value):
    with pytest.raises(ValueError, match=rf"{field} .*{value}"):
        config.override(config.TrainConfig(), **{field: value})


def test_image_size_must_be_a_multiple_of_the_stride_and_the_error_says_which_are():
    with pytest.raises(
        ValueError, match=r"multiple of 256 \(2\*\*depth\), got 384; use 256 or 512"
    ):
        config.override(config.TrainConfig(), image_size=384)


@pytest.mark.parametrize(("image_size", "depth"), [(32, 5), (64, 6), (128, 7), (256, 8), (512, 8)])
def test_a_small_image_size_lowers_the_depth_to_what_fits(image_size, depth):
    assert config.override(config.TrainConfig(), image_size=image_size).model.depth == depth


def test_an_explicit_depth_is_kept():
    assert config.override(config.TrainConfig(), image_size=128, depth=4).model.depth == 4


def test_field_names_are_unique_so_that_override_is_unambiguous():
    names = [
        field.name
        for part in (config.TrainConfig, config.DataConfig, config.ModelConfig)
        for field in dataclasses.fields(part)
    ]
    assert len(names) == len(set(names))
    assert set(config.flatten(config.TrainConfig())) == set(names) - {"data", "model"}
    assert config.RESUMABLE < set(names)


def test_an_unknown_field_is_an_error():
    with pytest.raises(ValueError, match="unknown config field colour"):
        config.override(config.TrainConfig(), colour=1)


def test_changed_fields_leaves_out_what_may_change():
    old = config.TrainConfig()
    new = config.override(old, total_steps=7, image_size=512, seed=3)
    assert config.changed_fields(old, new) == {"image_size": (256, 512), "seed": (0, 3)}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"data": {"colour": 1}, "model": {}}'])
def test_text_that_is_no_config_is_a_value_error(text):
    with pytest.raises(ValueError):
        config.from_json(text)


def test_every_recipe_is_valid_and_bears_its_name():
    for name, recipe in recipes.RECIPES.items():
        assert recipe.recipe == name
        assert config.from_json(json.dumps(dataclasses.asdict(recipe))) == recipe


def test_an_unknown_recipe_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match="no recipe named 'magic'; there are pix2pix"):
        recipes.get("magic")
