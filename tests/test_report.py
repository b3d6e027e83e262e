"""The page of an evaluation: its rules recomputed, its statistics beside SciPy's."""

import base64
import dataclasses
import io
import json
import re

import numpy as np
import pytest
import scipy.stats
from conftest import colorful_photo
from PIL import Image

from tfcolor import config, data
from tfcolor.color import cielab
from tfcolor.evaluation import protocol, record, run, scores, sets
from tfcolor.evaluation.metrics import hues
from tfcolor.evaluation.report import charts, choice, classes, correlation, page, pictures, tables
from tfcolor.pages import webpage

ODD = "<b>$x$ & y.png"
WILD, MILD = "wild </script><i>", "_mild$ 写真"
COUNT = 36


def painter(factors):
    """Knows the answer, and multiplies each photograph's chroma by one of some factors."""

    def paint(gray, batch):
        l, ab = cielab.rgb_to_planes(batch["rgb"])
        chosen = np.float32(factors)[np.asarray(batch["image_id"]) % len(factors)]
        return cielab.to_uint8(cielab.planes_to_rgb(l, ab * chosen[:, None, None, None])).numpy()

    return paint


def evaluated(folder, painters, kept, name="center-32"):
    """An evaluation of a folder, whose pictures are kept."""
    photos = data.open_part(config.DataConfig(source=str(folder)), "all")
    how = protocol.parse(name)
    return run.run(painters, photos, how, 4.0, batch_size=8, observers=[kept])


def photographs(folder, count, gray=()):
    """A folder of photographs from dull to gaudy, some of them gray."""
    folder.mkdir()
    for index in range(count):
        l, ab = cielab.rgb_to_planes(colorful_photo(index, 40, 44)[None])
        dulled = ab * (0.0 if index in gray else 0.25 + 0.75 * index / count)
        rgb = cielab.to_uint8(cielab.planes_to_rgb(l, dulled)).numpy()[0]
        Image.fromarray(rgb).save(folder / (ODD if index == 4 else f"photo{index:02d}.png"))
    return folder


def with_realism(evaluation, rng):
    """The evaluation as if a network had seen it."""
    for row in evaluation.rows.values():
        realism = rng.uniform(0.9, 1.1, len(evaluation.names)).astype(np.float32)
        row.scores[sets.REALISM] = np.where(evaluation.is_gray, np.inf, realism)
    return evaluation


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An evaluation of two models with realism, its pictures, and the text of its page."""
    rng = np.random.default_rng(5)
    folder = photographs(tmp_path_factory.mktemp("report") / "photos", COUNT, gray=(7, 20))
    wild = rng.uniform(0.0, 1.3, COUNT)
    wild[:9] = -1.0  # the opposite hue
    painters = {WILD: painter(wild), MILD: painter(rng.uniform(0.0, 0.6, COUNT))}
    with pictures.Thumbnails() as kept:
        evaluation = evaluated(folder, painters, kept)
        with_realism(evaluation, rng)
        written = page.write(evaluation, kept, folder.parent / "deep/report")
        yield evaluation, kept, written.read_text(encoding="utf-8")


@pytest.fixture
def view(made):
    return choice.View(made[0])


def embedded(text, name):
    """The JSON in the page that has this id."""
    (found,) = re.findall(f'<script type="application/json" id="{name}">(.*?)</script>', text)
    return json.loads(found)


def under(text, title):
    """The HTML from a heading to the next of its kind or above."""
    return re.split(r"<h[23]>", text.split(f">{title}</h")[1])[0]


def shown(text, kept):
    """(row, photograph) of every picture in some HTML, in order."""
    keys = re.findall(r'data-picture="(\d+)/(\d+)"', text)
    return [(kept.rows[int(row)], int(place)) for row, place in keys]


def test_the_page_needs_nothing_beside_it(made):
    text = made[2]
    assert not re.search(r"https?:|file:|<link|@import|url\(", text)
    for target in re.findall(r"""(?:src|href)\s*=\s*["']([^"']+)""", text):
        assert target.startswith(("data:image/png;base64,", "#"))
    headings = [
        "Verdict",
        "Side by side",
        "All figures",
        "Distributions",
        "Metric against metric",
        "How little SSIM says",
        "By class",
        "Best, median and worst",
        "Where models disagree",
        "What went wrong",
    ]
    assert re.findall("<h2>(.*)</h2>", text) == headings
    contents = re.findall('<a href="#(.*)">(.*)</a>', text)
    assert [title for _, title in contents] == headings
    assert [f'<section id="{place}">' in text for place, _ in contents] == [True] * len(headings)


def test_every_picture_is_embedded_once(made):
    _, kept, text = made
    found, hover = embedded(text, "pictures"), embedded(text, "hover")
    asked = set(re.findall(r'data-picture="([^"]+)"', text)) | set(hover["truth"])
    assert asked | {key for row in hover["rows"] for key in row["pictures"]} == set(found)
    for key, uri in found.items():
        row, place = key.split("/")
        jpeg = kept.jpeg(kept.rows[int(row)], int(place))
        assert uri == f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    assert text.count("data:image/jpeg") == len(found)


def test_odd_names_are_shown_and_nothing_else(made):
    evaluation, _, text = made
    assert ODD in evaluation.names and ODD not in text and WILD not in text
    assert "&lt;b&gt;$x$ &amp; y.png" in text and "wild &lt;/script&gt;&lt;i&gt;" in text
    hover = embedded(text, "hover")
    assert ODD in hover["names"] and [row["name"] for row in hover["rows"]] == [WILD, MILD, "gray"]


def test_the_table_is_that_of_the_evaluation(made):
    evaluation, _, text = made
    table = under(text, "All figures")
    for row in evaluation.figures().values():
        for metric in ("ssim", "delta_e00", "colorfulness"):
            assert f"<td>{tables.shown(row[metric]).text}</td>" in table
    assert tables.shown((0.91234, 0.9072, 0.91734)) == webpage.Cell("0.9123 ±0.0051")
    assert tables.shown((20.4, 12.3, 25.0), signed=True) == webpage.Cell("+20.4 ±8.1")
    assert tables.shown((np.inf,) * 3) == webpage.Cell("∞")
    assert "2 gray photographs" in text


def rows_of(evaluation, row):
    """(place, scores, the truth's scores) of every color photograph, in plain numbers."""
    for place in np.flatnonzero(~evaluation.is_gray).tolist():
        yield (
            place,
            {name: float(each[place]) for name, each in evaluation.rows[row].scores.items()},
            {name: float(each[place]) for name, each in evaluation.rows["truth"].scores.items()},
        )


@pytest.mark.parametrize("row", [WILD, MILD])
def test_extremes_are_the_ends_and_the_middle(made, view, row):
    assert view.ranking(row) == [
        "ssim",
        "ssim_uniform",
        "psnr",
        "ab_error",
        "ab_auc",
        "ab_auc_rebalanced",
        "delta_e00",
        "delta_colorfulness",
        "realism",
    ]
    for metric in view.ranking(row):
        sign = 1 if metric in ("ab_error", "delta_e00", "delta_colorfulness") else -1
        order = [p for _, p in sorted((sign * s[metric], p) for p, s, _ in rows_of(made[0], row))]
        assert len(order) == 34
        found = choice.extremes(view, row, metric)
        assert found["best"] == order[:3] and found["median"] == order[15:18]
        values = made[0].rows[row].scores[metric]
        assert values[found["worst"]].tolist() == values[order[:-4:-1]].tolist()
        assert not set(found["best"]) & set(found["worst"])


@pytest.mark.parametrize("row", [WILD, MILD])
def test_low_ssim_yet_realistic_follows_its_rule(made, view, row):
    evaluation, kept, text = made
    each = list(rows_of(evaluation, row))
    limit = np.quantile([s["ssim"] for _, s, _ in each], 0.1)
    wanted = sorted(
        (-s["realism"], place)
        for place, s, truth in each
        if s["ssim"] <= limit
        and 0.75 <= s["colorfulness"] / truth["colorfulness"] <= 1.25
        and s["realism"] >= 0.98
    )
    places = [place for _, place in wanted[:6]]
    assert choice.low_ssim_yet_realistic(view, row) == places
    assert places or row == MILD
    pictures_of = [(r, p) for p in places for r in ("gray", row, "truth")]
    found = shown(under(text, "Low SSIM yet realistic"), kept)
    assert [pair for pair in found if pair[1] in places and pair[0] == row] == pictures_of[1::3]
    assert [row for row, _ in found][::3] == ["gray"] * (len(found) // 3)


@pytest.mark.parametrize("row", [WILD, MILD])
def test_high_ssim_yet_dull_and_desaturated_follow_their_rules(made, view, row):
    each = list(rows_of(made[0], row))
    limit = np.quantile([s["ssim"] for _, s, _ in each], 0.9)
    dull = sorted(
        (s["colorfulness"] / truth["colorfulness"], place, s["ssim"] >= limit)
        for place, s, truth in each
        if truth["colorfulness"] >= 15 and s["colorfulness"] < 0.5 * truth["colorfulness"]
    )
    assert choice.desaturated(view, row) == [place for _, place, _ in dull][:6]
    assert choice.high_ssim_yet_dull(view, row) == [p for _, p, high in dull if high][:6]
    colorful = sum(truth["colorfulness"] >= 15 for _, _, truth in each)
    assert choice.dull_share(view, row) == pytest.approx(len(dull) / colorful) and dull


def test_spilling_and_disagreement_follow_their_rules(made, view):
    evaluation, kept, text = made
    spilling = sorted(
        (truth["spill"] - s["spill"], place)
        for place, s, truth in rows_of(evaluation, WILD)
        if s["colorfulness"] >= 15 and s["spill"] > truth["spill"]
    )
    assert choice.spilling(view, WILD) == [place for _, place in spilling][:6] and spilling
    other = {place: s["delta_e00"] for place, s, _ in rows_of(evaluation, MILD)}
    order = sorted((s["delta_e00"] - other[p], p) for p, s, _ in rows_of(evaluation, WILD))
    wild = [place for gain, place in order if gain < 0][:6]
    mild = [place for gain, place in order[::-1] if gain > 0][:6]
    assert choice.disagreements(view, WILD, MILD) == wild
    assert choice.disagreements(view, MILD, WILD) == mild
    found = shown(under(text, "Where models disagree"), kept)
    assert found == [(row, place) for place in wild for row in (WILD, MILD, "truth")] + [
        (row, place) for place in mild for row in (MILD, WILD, "truth")
    ]


def test_limits_are_stated_on_the_page(made):
    text = under(made[2], "Low SSIM yet realistic") + under(made[2], "High SSIM yet dull")
    for limit in (choice.LOW_SSIM, 1 - choice.HIGH_SSIM):
        assert f"est {limit:.0%} by SSIM" in text
    for limit in (choice.REALISTIC, choice.DULL, choice.COLORFUL, *choice.NEAR_COLORFULNESS):
        assert re.search(rf"\b{limit:g}\b", text)


def test_gray_photographs_are_in_no_gallery_and_no_chart(made):
    evaluation, kept, text = made
    gray = set(np.flatnonzero(evaluation.is_gray).tolist())
    assert len(gray) == 2 and not gray & {place for _, place in shown(text, kept)}
    hover = embedded(text, "hover")
    assert len(hover["names"]) == COUNT - 2
    values = evaluation.rows[WILD].scores["delta_e00"][~evaluation.is_gray]
    assert hover["rows"][0]["values"]["delta_e00"] == pytest.approx(values, abs=1e-4)
    assert hover["rows"][0]["values"]["psnr"].count(None) == 0


def test_correlations_are_scipys(rng):
    x = np.round(rng.normal(size=40), 1)  # with equal values
    y = np.round(x + rng.normal(size=40), 1)
    assert len(set(x)) < 40
    pearson = scipy.stats.pearsonr(x, y)
    bounds = pearson.confidence_interval()
    assert correlation.pearson(x, y) == pytest.approx((pearson.statistic, *bounds), abs=1e-6)
    ranked, low, high = correlation.spearman(x, y)
    assert ranked == pytest.approx(scipy.stats.spearmanr(x, y).statistic, abs=1e-12)
    wider = np.sqrt(1 + ranked**2 / 2)
    middle = np.arctanh([low, high]).mean()
    assert middle == pytest.approx(np.arctanh(ranked))
    half = (np.arctanh(high) - middle) / wider
    assert half == pytest.approx(scipy.stats.norm.ppf(0.975) / np.sqrt(37), abs=1e-6)


def test_correlations_of_what_cannot_be_correlated_are_undefined():
    line = np.arange(5.0)
    assert np.isnan(correlation.pearson(line, np.ones(5))).all()
    assert np.isnan(correlation.spearman(line[:1], line[:1])).all()
    assert correlation.pearson(line, line)[0] == 1.0
    found = correlation.pearson(line[:3], np.array([0.0, 5.0, 1.0]))
    assert np.isfinite(found[0]) and np.isnan(found[1:]).all()
    endless = np.array([*line, np.inf])
    assert correlation.spearman(endless, np.arange(6.0))[0] == 1.0


def test_every_photograph_is_in_one_class(made, view):
    facts = made[0].photographs
    for found in (
        classes.by_brightness(view),
        classes.by_contrast(view),
        classes.by_colorfulness(view),
    ):
        assert (np.sum(list(found.values()), axis=0) == 1).all()
    contrast = facts["contrast"][view.places]
    thirds = classes.by_contrast(view)
    assert [which.sum() for which in thirds.values()] == pytest.approx([34 / 3] * 3, abs=1)
    assert contrast[thirds["low"]].max() <= contrast[thirds["high"]].min()
    truth = view.values("truth", "colorfulness")
    for name, which in classes.by_colorfulness(view).items():
        words = [
            word for word, limit in classes.COLORFULNESS.items() if limit <= truth[which].min()
        ]
        assert words[-1] == name
    which = thirds["high"]
    error = made[0].rows[MILD].scores["ab_error"][view.places][which].mean()
    assert f"{error:.1f}"[:3] in under(made[2], "By contrast")


def test_confusions_are_shares_of_the_truths_hue():
    counts = np.zeros((8, 8), int)
    red, blue, green, cyan = (hues.NAMES.index(name) for name in ("red", "blue", "green", "cyan"))
    counts[0, 0] = 5000
    counts[red, [0, red, blue]] = 50, 30, 20
    counts[green, [green, blue]] = 90, 10
    counts[cyan, red] = 5  # under one in a hundred of the pixels
    assert tables.named_confusions(counts) == ["blue for red (20.0%)", "blue for green (10.0%)"]
    assert tables.faded_share(counts) == pytest.approx(50 / 205)
    rows = {name: cells for name, *cells in tables.confusions(counts).rows}
    assert rows["red"][blue] == webpage.Cell("20.0%", 0.2, "wrong")
    assert rows["green"][green] == webpage.Cell("90.0%", 0.9, "right")
    assert np.isnan(tables.faded_share(counts * 0))


def test_confusions_are_shaded_by_their_share(made):
    cell = r'<td class="(right|wrong)" style="--shade: ([\d.]+)">([\d.]+)%</td>'
    found = re.findall(cell, under(made[2], "Hues taken for others"))
    assert [mark for mark, _, _ in found].count("right") == 2 * 8 and len(found) == 2 * 8 * 8
    for _, shade, percent in found:
        assert 100 * float(shade) == pytest.approx(float(percent), abs=0.11)


def test_the_charts_show_a_sample_of_many_photographs(made, view, monkeypatch):
    monkeypatch.setattr(charts, "HOVER_PHOTOGRAPHS", 10)
    places = charts.sampled(view)
    assert len(places) == 10 == len(set(places)) and sorted(places) == places.tolist()
    monkeypatch.setattr(charts, "HOVER_PICTURES", 4 * 6)  # truth, gray and two models
    assert len(charts.sampled(view)) == 6
    assert "6 of 34 photographs, at random" in page.render(made[0], made[1])


def titles(text):
    return set(re.findall("<h2>(.*)</h2>", text))


@pytest.mark.parametrize("count", [1, 3])
def test_few_photographs_one_model_and_no_realism(tmp_path, count):
    folder, painters = photographs(tmp_path / "few", count), {"one": painter([0.4])}
    with pictures.Thumbnails() as kept:
        evaluation = evaluated(folder, painters, kept)
        text = page.render(evaluation, kept)
    assert "Where models disagree" not in titles(text)
    assert "for realism was not measured" in text and 'data-y="realism"' not in text
    view = choice.View(evaluation)
    for metric in view.ranking("one"):
        found = choice.extremes(view, "one", metric)
        assert [len(places) for places in found.values()] == [1, 1, 1]
        assert len({place for places in found.values() for place in places}) == min(count, 3)


def test_no_model_or_no_color_is_no_error(tmp_path):
    plain = photographs(tmp_path / "plain", 4)
    with pictures.Thumbnails() as kept:
        evaluation = evaluated(plain, {}, kept)
        text = page.render(evaluation, kept)
    assert "What went wrong" not in titles(text) and "All figures" in titles(text)
    gray = photographs(tmp_path / "gray", 4, gray=range(4))
    with pictures.Thumbnails() as kept:
        evaluation = evaluated(gray, {"one": painter([1.0])}, kept)
        text = page.render(evaluation, kept)
    assert "4 gray photographs" in text and "nan" not in re.sub(r"base64,[^\"]*", "", text)


def test_without_realism_the_nearest_are_realistic(made):
    evaluation = made[0]
    rows = {
        name: dataclasses.replace(
            row, scores={k: v for k, v in row.scores.items() if k != sets.REALISM}
        )
        for name, row in evaluation.rows.items()
    }
    view = choice.View(dataclasses.replace(evaluation, rows=rows))
    places = choice.low_ssim_yet_realistic(view, WILD)
    deltas = evaluation.rows[WILD].scores["delta_e00"][places]
    assert places and deltas.tolist() == sorted(deltas)
    assert set(choice.low_ssim_yet_realistic(choice.View(evaluation), WILD)) <= set(places)


def test_rows_of_an_earlier_evaluation_have_figures_alone(made):
    evaluation, kept, _ = made
    earlier = record.RowScores(evaluation.rows[MILD].scores, hues=evaluation.rows[MILD].hues)
    rows = {"earlier": earlier, **evaluation.rows}
    text = page.render(dataclasses.replace(evaluation, rows=rows), kept)
    hover = embedded(text, "hover")
    assert hover["rows"][0]["name"] == "earlier" and hover["rows"][0]["pictures"] == []
    assert "they were measured in an earlier evaluation" in text
    # As is what was written to JSON and read back.
    again = record.from_json(record.to_json(evaluation))
    assert shown(page.render(again, kept), kept) == shown(made[2], kept)


def test_pictures_are_kept_as_good_jpegs(made, rng):
    with pictures.Thumbnails() as kept:
        truth = np.stack([colorful_photo(seed, 60, 90) for seed in range(3)])
        batches = [{"rgb": truth[:2]}, {"rgb": truth[2:]}]
        for batch in batches:
            for row in ("a/b", *scores.CONTROLS):
                kept(row, batch, batch["rgb"])
        assert kept.rows == ["a/b", "gray", "truth"]
        for index in range(3):
            decoded = np.asarray(Image.open(io.BytesIO(kept.jpeg("a/b", index))))
            assert np.abs(decoded.astype(int) - truth[index]).mean() < 2
        small = Image.open(io.BytesIO(kept.thumbnail("truth", 2, 30)))
        assert small.size == (30, 20)
        assert kept.thumbnail("truth", 2, 90) == kept.jpeg("truth", 2)
        folder = kept._path("truth", 0).parent.parent
        assert folder.is_dir()
    assert not folder.exists()


def test_all_models_are_shown_side_by_side_from_the_nearest_to_the_farthest(made, view):
    evaluation, kept, text = made
    means = {
        place: sum(float(evaluation.rows[row].scores["delta_e00"][place]) for row in (WILD, MILD))
        for place in view.places.tolist()
    }
    places = choice.side_by_side(view)
    assert len(set(places)) == 12 and [means[p] for p in places] == sorted(means[p] for p in places)
    assert {places[0], places[-1]} == {min(means, key=means.get), max(means, key=means.get)}
    rows = ("gray", WILD, MILD, "truth")
    assert shown(under(text, "Side by side"), kept) == [(row, p) for p in places for row in rows]


def test_a_table_with_many_columns_is_parted():
    lines = [["a", *range(8)], ["b", *range(8)]]
    first, second = tables.parts(webpage.Table(["", *"12345678"], lines))
    assert first == (["", *"1234"], [["a", *range(4)], ["b", *range(4)]])
    assert second == (["", *"5678"], [["a", *range(4, 8)], ["b", *range(4, 8)]])
