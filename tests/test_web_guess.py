"""What the page makes of hints and of probabilities of color classes, beside what Python makes."""

import json
import subprocess

import numpy as np
import pytest
from test_web import built_page, compiled, has_node

from tfcolor.colorizing import choices, likelihood, local_hints, marks, variants

pytestmark = pytest.mark.skipif(not has_node(), reason="needs Node.js 20.19 with npm")

HEIGHT, WIDTH = 240, 320  # what the network sees
SHAPE = (600, 800)  # the photograph
ASK = """
const {readFileSync} = require("node:fs");
const {modes, variantShift} = require("./guess.js");
const {lay, planes} = require("./hints.js");
const {spread} = require("./spread.js");
const {fromJson, toJson} = require("./choice.js");
const [height, width, down, right, asked] = JSON.parse(readFileSync(0, "utf8"));
const plane = (data) => ({width, height, data: new Float32Array(data)});
const size = {width: right, height: down};
const tasks = {
  modes: ({probabilities, lightness}) => modes(new Float32Array(probabilities), lightness),
  lay: ({l, hints, saturation}) => [...planes(lay(plane(l), hints, size, saturation)).planes],
  spread: ({l, guesses, hints, saturation}) => {
    const colors = guesses.map(([a, b]) => ({l: plane(l), a: plane(a), b: plane(b)}));
    const {a, b} = spread(colors, hints, size, saturation);
    return [[...a.data], [...b.data]];
  },
  shift: ({l, told, variant, seed, hints}) => {
    const nothing = plane(l.map(() => 0));
    const cells = {width: width / 4, height: height / 4, data: new Float32Array(told)};
    const planes = hints && {planes: new Float32Array(hints)};
    const none = {l: plane(l), a: nothing, b: nothing};
    const {a, b} = variantShift(none, cells, variant, seed, planes);
    return [[...a.data], [...b.data]];
  },
  choice: ({text, to}) => toJson(fromJson(text, "a.json", to), to),
};
console.log(JSON.stringify(asked.map(({task, ...given}) => tasks[task](given))));
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """A function that does tasks, each a dict, with the modules of the page."""
    folder = tmp_path_factory.mktemp("modules")
    built_page(folder / "page")  # fetches npm's packages and writes the constants
    compiled(folder, "guess", "spread", "choice")
    (folder / "ask.js").write_text(ASK)

    def run(*tasks):
        given = json.dumps([HEIGHT, WIDTH, *SHAPE, tasks])
        done = subprocess.run(
            ["node", "ask.js"], cwd=folder, input=given, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def lightness(seed=0):
    """Smooth lightness with an edge; float32 (h, w) in [-1, 1]."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return np.where(columns < WIDTH / 2, 0.02 * np.sin(rows), 0.5).astype(np.float32)


def test_likely_colors_are_those_of_the_command(ask, rng):
    told = rng.dirichlet(np.full(258, 0.02), 8).astype(np.float32)
    levels = [5.0, 20.0, 35.0, 50.0, 60.0, 75.0, 90.0, 97.0]
    tasks = [
        {"task": "modes", "probabilities": each.tolist(), "lightness": level}
        for each, level in zip(told, levels, strict=True)
    ]
    for found, each, level in zip(ask(*tasks), told, levels, strict=True):
        expected = likelihood.modes(each, level, 6)
        assert len(found) == len(expected)
        for ours, theirs in zip(found, expected, strict=True):
            assert ours["probability"] == pytest.approx(theirs.probability, abs=1e-4)
            difference = np.subtract(marks.parse_color(ours["color"]), theirs.rgb)
            assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("saturation", [1.0, 0.5])
def test_places_are_laid_as_the_command_lays_them(ask, saturation):
    l = lightness()
    hints = [
        {"x": 395, "y": 300, "color": "#c03028"},  # beside the edge
        {"x": 0, "y": 0, "color": "#00ff00"},
        {"x": 4, "y": 4, "color": "#3030d0"},
        {"x": 799, "y": 599, "color": "#808080"},
    ]
    chosen = choices.parse({"width": SHAPE[1], "height": SHAPE[0], "hints": hints})
    (found,) = ask(
        {"task": "lay", "l": l.ravel().tolist(), "hints": hints, "saturation": saturation}
    )
    expected = marks.planes(l, chosen.hints, SHAPE, saturation)
    np.testing.assert_allclose(np.reshape(found, expected.shape), expected, atol=1e-5)
    assert 15 < expected[..., 2].sum() < 60


def test_areas_are_laid_as_the_command_lays_them_but_for_their_borders(ask):
    l = lightness()
    hints = [
        {"polygon": [[40, 60], [700, 120], [400, 560], [200, 180]], "color": "#4060a0"},
        {"stroke": [[600, 400], [760, 500], [780, 200]], "width": 80.0, "color": "#a04030"},
        {"x": 400, "y": 200, "color": "#30a040"},
    ]
    chosen = choices.parse({"width": SHAPE[1], "height": SHAPE[0], "hints": hints})
    (found,) = ask({"task": "lay", "l": l.ravel().tolist(), "hints": hints, "saturation": 1})
    expected = marks.planes(l, chosen.hints, SHAPE)
    differs = np.abs(np.reshape(found, expected.shape) - expected).max(-1) > 1e-5
    covered = expected[..., 2] > 0
    assert 0.2 < covered.mean() < 0.7 and differs.sum() < 0.05 * covered.sum()


def test_a_stroke_is_laid_as_the_command_lays_it(ask):
    l = lightness()
    hints = [{"stroke": [[600, 400], [760, 500], [780, 200]], "width": 70.0, "color": "#a04030"}]
    chosen = choices.parse({"width": SHAPE[1], "height": SHAPE[0], "hints": hints})
    (found,) = ask({"task": "lay", "l": l.ravel().tolist(), "hints": hints, "saturation": 1})
    expected = marks.planes(l, chosen.hints, SHAPE)
    np.testing.assert_allclose(np.reshape(found, expected.shape), expected, atol=1e-5)
    assert expected[..., 2].mean() > 0.02


def test_hints_spread_as_the_command_spreads_them(ask, rng):
    l = lightness() + rng.normal(0, 0.02, (HEIGHT, WIDTH)).astype(np.float32)
    coarse = rng.uniform(-0.1, 0.1, (2, 6, 8, 2)).astype(np.float32)
    guesses = [np.kron(each, np.ones((40, 40, 1), np.float32)) for each in coarse]
    hints = [{"x": 100, "y": 150, "color": "#c03028"}, {"x": 600, "y": 250, "color": "#4060a0"}]
    chosen = choices.parse({"width": SHAPE[1], "height": SHAPE[0], "hints": hints}).hints
    expected = np.mean([local_hints.spread(l, ab, chosen, SHAPE, 0.8) for ab in guesses], 0)
    planes = [np.moveaxis(ab, -1, 0).reshape(2, -1).tolist() for ab in guesses]
    asked = {"task": "spread", "l": l.ravel().tolist(), "guesses": planes}
    (found,) = ask({**asked, "hints": hints, "saturation": 0.8})
    found = np.moveaxis(np.reshape(found, (2, HEIGHT, WIDTH)), 0, -1)
    np.testing.assert_allclose(found, expected, atol=0.002)
    assert np.abs(expected - np.mean(guesses, 0)).max() > 0.3


@pytest.mark.parametrize(("variant", "seed"), [(2, 0), (9, 3)])
def test_variants_are_those_of_the_command(ask, rng, variant, seed):
    class Telling:
        size, stride, takes_hints, tells_classes = 64, 4, True, True

        def __call__(self, l, hints=None):
            raise AssertionError

        def classes(self, l, hints=None):
            return told

    told = rng.dirichlet(np.full(258, 0.1), (HEIGHT // 4, WIDTH // 4)).astype(np.float32)
    l, hints = lightness(), np.zeros((HEIGHT, WIDTH, 3), np.float32)
    hints[:9, :9] = [0.2, 0.1, 1.0]
    task = {"task": "shift", "l": l.ravel().tolist(), "told": told.ravel().tolist()}
    task |= {"variant": variant, "seed": seed}
    plain, hinted = ask(task, {**task, "hints": hints.ravel().tolist()})
    for found, given in ((plain, None), (hinted, hints)):
        expected = variants.shift(Telling(), l, given, variant, seed)
        shape = (2, HEIGHT, WIDTH)
        np.testing.assert_allclose(
            np.moveaxis(np.reshape(found, shape), 0, -1), expected, atol=1e-5
        )
    assert np.abs(expected).max() > 0.01


def test_a_file_of_hints_is_read_and_written_as_the_command_does(ask, tmp_path):
    hints = (
        marks.Hint(10, 20, (192, 48, 40)),
        marks.Area(((0, 0), (199, 10), (50, 149)), (1, 2, 3)),
        marks.Area(((5, 5), (60, 70)), (4, 5, 6), 7.5),
    )
    chosen = choices.Choices((150, 200), hints, {"strength": 0.5, "variant": 3})
    chosen.write(path := tmp_path / "a.hints.json")
    to = {"width": 400, "height": 300}
    (written,) = ask({"task": "choice", "text": path.read_text(), "to": to})
    path.write_text(written)
    found, expected = choices.read(path), chosen.fit((300, 400))
    assert found.hints == expected.pop("hints") and found.options == expected
