"""Every recipe, small, goes the whole way: trained, resumed, exported, colorized with."""

import numpy as np
import pytest
from conftest import colorful_photo, without_graphs

from tfcolor.color import cielab
from tfcolor.colorizing import graphs
from tfcolor.config import fields, recipes
from tfcolor.export import saved_model
from tfcolor.runtimes import saved_models, workdirs
from tfcolor.training import loop, states

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_recipe_trains_resumes_exports_and_colorizes(name, photo_folder, tmp_path, monkeypatch):
    created, made = states.TrainState, []
    monkeypatch.setattr(states, "TrainState", lambda *args: made.append(created(*args)) or made[0])
    small = {"image_size": 64, "width": 4, "batch_size": 2}
    settings = fields.override(
        recipes.get(name),
        source=str(photo_folder),
        steps=1,
        validation_limit=2,
        weights="random",
        **small,
    )
    run = tmp_path / "run"
    with without_graphs():  # tests/test_distribution.py traces the step of every recipe
        assert loop.train(settings, run)
    assert workdirs.steps_done(run) == len(settings.stages)
    resumed = created(settings)
    assert states.Checkpoints(resumed, run, keep=1).restore()
    for left, found in zip(made[0].whole(), resumed.whole(), strict=True):
        np.testing.assert_array_equal(left, found)

    saved = saved_model.export(run, tmp_path / "saved_models" / name)
    gray = cielab.without_color(colorful_photo(0, 70, 90)[None]).numpy()
    colored = saved_models.load(saved)(gray)
    assert colored.shape == gray.shape
    l, before = (cielab.rgb_to_planes(x)[0].numpy() for x in (colored, gray))
    assert np.abs(l - before).max() < 0.015  # L* kept, to its rounding in 8 bits: 0.7 of 100
    generator, _ = workdirs.load_generator(run)
    colorize = graphs.from_generator(generator, settings.validation_size, settings.model.stride)
    with without_graphs():
        own = colorize(gray)
    assert np.abs(own.astype(int) - colored).max() <= 1
