"""The figures of docs/networks: well-formed, true to the models, and not stale."""

import runpy
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import keras
import pytest

from tfcolor.config import recipes
from tfcolor.models import cost, networks

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
COMMITTED = ROOT / "docs" / "networks"
SIZE = 256  # pixels a side that the figures are for
CONVOLUTIONS = {"convolution", "down", "up", "block"}  # kinds of boxes


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A folder with the pictures of every recipe."""
    folder = tmp_path_factory.mktemp("networks")
    runpy.run_path(str(ROOT / "bin" / "draw-networks"))["main"]([str(folder)])
    return folder


def boxes(path):
    """Class, side and channels of every box of a picture."""
    rectangles = ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}rect")
    return [
        (box.get("class"), int(box.get("data-side")), int(box.get("data-channels")))
        for box in rectangles
        if box.get("class")
    ]


def channels_of_convolutions(model):
    """Of every convolution; of a block with a depthwise one, of its projection alone."""
    folded = ("_expand", "_depthwise")
    return sorted(
        layer.filters
        for layer in model.layers
        if hasattr(layer, "filters") and not layer.name.endswith(folded)
    )


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_convolution_has_a_box_with_its_channels(drawn, name):
    settings = recipes.get(name)
    models = {"generator": networks.build_generator(settings.model, "float32", 0)}
    if settings.adversarial:
        models["discriminator"] = networks.build_discriminator(settings.model, "float32", 0)
    for role, model in models.items():
        found = boxes(drawn / f"{name}-{role}.svg")
        channels = sorted(count for kind, _, count in found if kind in CONVOLUTIONS)
        assert channels == channels_of_convolutions(model), role


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_generator_begins_with_lightness_and_ends_with_color_at_full_size(drawn, name):
    found = boxes(drawn / f"{name}-generator.svg")
    channels = 3 if recipes.get(name).model.space == "rgb" else 2
    assert found[0] == ("input", SIZE, 1)
    assert found[-1] == ("output", SIZE, channels)


def test_sides_are_those_of_the_model(drawn):
    model = networks.build_discriminator(recipes.get("sagan").model, "float32", 0)
    planes = [keras.KerasTensor((1, SIZE, SIZE, x.shape[-1])) for x in model.inputs]
    _, side, _, channels = model(planes).shape
    found = boxes(drawn / "sagan-discriminator.svg")
    assert found[-1] == ("output", side, channels)
    assert [box for box in found if box[0] == "attention"] == [("attention", SIZE // 8, 256)]


def test_skips_of_the_unet_are_arcs(drawn):
    paths = ElementTree.parse(drawn / "pix2pix-generator.svg").iter(
        "{http://www.w3.org/2000/svg}path"
    )
    assert sum(path.get("class") == "skip" for path in paths) == 7


def test_one_recipe_can_be_drawn_alone(tmp_path):
    main = runpy.run_path(str(ROOT / "bin" / "draw-networks"))["main"]
    main([str(tmp_path / "new"), "--recipe", "cdcgan"])
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["cdcgan-discriminator.svg", "cdcgan-generator.svg"]


def test_the_committed_pictures_are_what_is_drawn_now(drawn):
    assert {p.name for p in COMMITTED.iterdir()} == {p.name for p in drawn.iterdir()}
    for path in drawn.iterdir():
        remedy = f"{path.name} is stale: run bin/draw-networks"
        assert path.read_text() == (COMMITTED / path.name).read_text(), remedy
        assert path.stat().st_size < 60_000


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_the_page_of_recipes_has_their_costs(name):
    figures = cost.measure(recipes.get(name))
    assert vars(figures) == pytest.approx(recipes.costs()[name], abs=0.005)
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    (row,) = (line for line in page.splitlines() if line.startswith(f"| [`{name}`]"))
    assert f"| {figures.generator / 1e6:.1f} M, {figures.gflop:.1f} GFLOP |" in row
    judge = figures.discriminator
    assert f"| {f'{judge / 1e6:.1f} M' if judge else 'none'} |" in row
    for stage in recipes.get(name).stages:
        assert f"{stage.steps:,} x {stage.batch_size} at {stage.image_size}" in row
