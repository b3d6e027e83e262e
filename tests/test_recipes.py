"""Every recipe, small, goes the whole way: trained, resumed, exported, colorized with."""

import logging

import numpy as np
import pytest
from conftest import colorful_photo

from tfcolor.color import cielab
from tfcolor.colorizing import graphs
from tfcolor.config import fields, recipes
from tfcolor.export import saved_model
from tfcolor.runtimes import saved_models, workdirs
from tfcolor.training import loop

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_recipe_trains_resumes_exports_and_colorizes(name, photo_folder, tmp_path, caplog):
    caplog.set_level(logging.INFO)
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
    assert loop.train(settings, run)
    last = settings.stages[-1].name
    longer = fields.override(settings, **{f"{last}.steps": 2})
    assert loop.train(longer, run)
    assert f"resumed {run} at step {len(settings.stages)}" in caplog.text
    assert workdirs.steps_done(run) == len(settings.stages) + 1

    saved = saved_model.export(run, tmp_path / "saved_models" / name)
    gray = cielab.to_gray(colorful_photo(0, 70, 90)[None]).numpy()
    colored = saved_models.load(saved)(gray)
    assert colored.shape == gray.shape
    l, before = (cielab.rgb_to_planes(x)[0].numpy() for x in (colored, gray))
    assert np.abs(l - before).max() < 0.015  # L* kept, to its rounding in 8 bits: 0.7 of 100
    generator, _ = workdirs.load_generator(run)
    own = graphs.from_generator(generator, settings.validation_size, settings.model.stride)(gray)
    assert np.abs(own.astype(int) - colored).max() <= 1
