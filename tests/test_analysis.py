"""The study of photographs: its figures beside NumPy and scikit-image, and its page."""

import html
import importlib.util
import json
import re
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import colorful_photo, saved
from PIL import Image
from skimage import color as skcolor
from skimage import exposure

from tfcolor import config, data
from tfcolor.analysis import (
    conclusion,
    figures,
    gallery,
    preprocessing,
    statistics,
    stream,
    study,
)
from tfcolor.cli import main
from tfcolor.color import grayscale

TONES = {"old/sepia.png": (30, 4, 14), "old/brown.jpg": (40, 8, 20)}  # most L*, a*, b*
SHADES = {"night.png": 10, "interior.png": 38, "day.png": 55, "snow.png": 90}  # L*


def toned(strength, height=60, width=50):
    """A gray photograph whose color goes from none in black to a tone; uint8 (h, w, 3)."""
    least, a, b = strength
    l = least + 50 * colorful_photo(5, height, width)[..., 1] / 255.0
    bend = np.sin(np.pi * l / 100)
    rgb = skcolor.lab2rgb(np.stack([l, a * bend, b * bend], axis=-1))
    return np.round(rgb * 255).astype(np.uint8)


def shade(lightness):
    """A picture of one lightness with green and violet in it; uint8 (40, 40, 3)."""
    lab = np.zeros((40, 40, 3)) + [lightness, 8, 0]
    lab[:, 20:, 1] = -8
    return np.round(skcolor.lab2rgb(lab) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Seven colorful photographs, two toned, one gray, four of known lightness, two unusable."""
    folder = tmp_path_factory.mktemp("studied")
    (folder / "old").mkdir()
    for seed in range(7):
        picture = Image.fromarray(colorful_photo(seed, 48 + seed, 64))
        saved(folder / f"color{seed}.png", picture)
    for name, strength in TONES.items():
        saved(folder / name, Image.fromarray(toned(strength)), quality=90)
    gray = np.repeat(colorful_photo(9)[..., :1], 3, axis=-1)
    saved(folder / "old/gray.jpg", Image.fromarray(gray))
    for name, lightness in SHADES.items():
        saved(folder / name, Image.fromarray(shade(lightness)))
    (folder / "broken.jpg").write_bytes(b"no JPEG")
    saved(folder / "tiny.png", Image.new("RGB", (5, 300)))
    return folder


def source(folder):
    return config.DataConfig(source=str(folder))


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    """The folder of a report, and what it says."""
    out = tmp_path_factory.mktemp("made") / "deep/report"
    return out, study.analyze(source(folder), "all", out, augment=True)


@pytest.fixture(scope="module")
def pictures(folder):
    """name -> uint8 (h, w, 3), the usable photographs by Pillow."""
    return {
        path.relative_to(folder).as_posix(): np.asarray(Image.open(path))
        if path.name != "gray.jpg"
        else np.asarray(Image.open(path).convert("RGB"))
        for path in sorted(folder.rglob("*.*g"))
        if path.name not in ("broken.jpg", "tiny.png")
    }


def labs(pictures):
    return {name: skcolor.rgb2lab(rgb) for name, rgb in pictures.items()}


def test_values_of_photographs_are_those_of_numpy(made, pictures):
    report = made[1]["photographs"]
    lightness = [lab[..., 0] for lab in labs(pictures).values()]
    for name, values in {
        "luminance": [l.mean() for l in lightness],
        "contrast": [l.std() for l in lightness],
        "short_side": [min(rgb.shape[:2]) for rgb in pictures.values()],
        "aspect": [rgb.shape[1] / rgb.shape[0] for rgb in pictures.values()],
    }.items():
        ours = report[name]
        for figure in ("mean", "std", "min", "max"):
            assert ours[figure] == pytest.approx(getattr(np, figure)(values), abs=2e-3), name
        assert ours["median"] == pytest.approx(np.median(values), abs=3 * ours["bin_width"] + 3)
        assert sum(ours["counts"]) == len(pictures) == 14


def test_histograms_of_pixels_are_those_of_numpy(made, pictures):
    pixels = np.concatenate([lab.reshape(-1, 3) for lab in labs(pictures).values()])
    ours = made[1]["pixels"]
    assert ours["count"] == len(pixels)
    assert ours["neutral_share"] == pytest.approx(
        np.mean(np.hypot(pixels[:, 1], pixels[:, 2]) < 10), abs=2e-3
    )
    for name, values, edges in zip(
        "lab", pixels.T, [np.arange(101), *[np.arange(-110, 111, 2)] * 2], strict=True
    ):
        assert ours[name]["mean"] == pytest.approx(values.mean(), abs=2e-3)
        assert ours[name]["std"] == pytest.approx(values.std(), abs=2e-3)
        counts = np.zeros(len(edges) - 1, int)
        counts[: len(ours[name]["counts"])] = ours[name]["counts"]
        theirs = np.histogram(values, edges)[0]
        # Values on an edge, as gray is on that at 0, may fall to either side in float32.
        middle = np.abs(edges[:-1] + 1) > 3 if name != "l" else np.ones(len(counts), bool)
        assert np.abs(counts - theirs)[middle].max() <= 0.002 * len(pixels)
        assert counts.sum() == theirs.sum()


def test_colorfulness_is_the_published_one(made, pictures):
    values = []
    for rgb in pictures.values():
        red, green, blue = np.moveaxis(rgb.astype(float), -1, 0)
        rg, yb = red - green, (red + green) / 2 - blue
        values.append(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))
    assert made[1]["photographs"]["colorfulness"]["mean"] == pytest.approx(np.mean(values), 1e-4)
    assert made[1]["dull_share"] == pytest.approx(np.mean(np.array(values) < 15), abs=1e-4)


def surveyed(folder, batch_size=stream.BATCH_SIZE):
    """What is measured of a folder, without the page."""
    photos = data.open_part(source(folder), "all")
    return study.survey(photos, config.DataConfig.min_chroma, batch_size=batch_size).report


@pytest.mark.parametrize("batch_size", [1, 5])
def test_the_figures_are_the_same_whatever_the_batch_size(folder, made, batch_size):
    assert surveyed(folder, batch_size) == made[1]


@pytest.mark.slow
def test_the_same_photographs_give_the_same_report(folder, made, tmp_path):
    study.analyze(source(folder), "all", tmp_path, augment=True)
    for name in ("analysis.json", "analysis.html"):
        assert (tmp_path / name).read_bytes() == (made[0] / name).read_bytes()


def test_gray_and_sepia_photographs_are_found_by_name(made):
    assert made[1]["gray"] == {"count": 1, "names": ["old/gray.jpg"]}
    assert made[1]["sepia"] == {"count": 2, "names": sorted(TONES)}


def test_brightness_classes_go_by_lightness(folder, tmp_path):
    for name in SHADES:
        alone = tmp_path / name.removesuffix(".png")
        alone.mkdir()
        shutil.copy(folder / name, alone)
        report = surveyed(alone)
        found = {kind for kind, each in report["brightness"].items() if each["count"]}
        assert found == {alone.name}


def test_broken_and_tiny_photographs_are_skipped_and_counted(made):
    _, report = made
    assert (report["found"], report["usable"], report["skipped"]["count"]) == (16, 14, 2)
    broken, tiny = report["skipped"]["reasons"]
    assert "broken.jpg" in broken and "5 x 300 pixels" in tiny
    dropped = "training drops the others: 1 gray, which teaches no color and 2 broken or tiny."
    assert f"Train on 13 of 16 photographs (81.2 %); {dropped}" in report["conclusion"][0]


def test_what_was_not_found_is_not_told(made):
    none = {"count": 0}
    report = {**made[1], "found": 14, "skipped": none, "gray": none, "sepia": none}
    assert conclusion.conclude(report)[0] == "Train on 14 of 14 photographs (100.0 %)."


def reference_gray(rgb, method):
    """Encoded gray in [0, 1], by the formulas themselves."""
    encoded = rgb / 255.0
    if method == "hsl":
        return (encoded.max(-1) + encoded.min(-1)) / 2
    encodings = {"rec601": (0.299, 0.587, 0.114), "average": (1 / 3, 1 / 3, 1 / 3)}
    encodings["rec709"] = (0.2126, 0.7152, 0.0722)
    if method in encodings:
        return encoded @ np.array(encodings[method])
    linear = np.where(encoded > 0.04045, ((encoded + 0.055) / 1.055) ** 2.4, encoded / 12.92)
    luminance = (0.212671, 0.715160, 0.072169)  # scikit-image's
    gray = linear @ np.array(luminance if method == "lstar" else grayscale.FILMS[method])
    return np.where(
        gray > 0.0031308, 1.055 * np.maximum(gray, 1e-9) ** (1 / 2.4) - 0.055, 12.92 * gray
    )


def test_ways_of_making_gray_are_measured_as_scikit_image_measures_them(made, pictures):
    rows = {row["method"]: row for row in made[1]["gray_methods"]}
    assert list(rows) == list(grayscale.METHODS)
    pixels = np.concatenate([rgb.reshape(1, -1, 3) for rgb in pictures.values()], axis=1)
    true = skcolor.rgb2lab(pixels)[..., 0]
    for method, row in rows.items():
        gray = reference_gray(pixels, method)
        l = skcolor.rgb2lab(np.repeat(gray[..., None], 3, axis=-1))[..., 0]
        assert row["shift"] == pytest.approx((l - true).mean(), abs=2e-3)
        assert row["spread"] == pytest.approx(l.std(), abs=2e-3)
        assert row["distance"] == pytest.approx(np.abs(l - true).mean(), abs=2e-3)


def test_preprocessing_is_scikit_images(made, pictures):
    rows = {row["method"]: row for row in made[1]["preprocessing"]}
    lightness = [lab[..., 0] for lab in labs(pictures).values()]
    ways = {
        "none": lambda l: l,
        "low contrast": lambda l: 25 + l / 2,
        "contrast stretching": lambda l: (
            np.clip((l - np.percentile(l, 2)) / (np.percentile(l, 98) - np.percentile(l, 2)), 0, 1)
            * 100
        ),
        "histogram equalization": lambda l: 100 * exposure.equalize_hist(l),
        "adaptive equalization": lambda l: 100 * exposure.equalize_adapthist(l / 100),
    }
    # Of the colorful ones: where L* is flat, what a way makes of it hangs on its last digit.
    for l in lightness[2:9]:
        for method, way in ways.items():
            np.testing.assert_allclose(preprocessing.apply(l, method), way(l), atol=1e-6)
    assert rows["none"]["mean"] == pytest.approx(np.mean([l.mean() for l in lightness]), abs=2e-3)
    assert rows["low contrast"]["std"] == pytest.approx(rows["none"]["std"] / 2, abs=2e-3)
    assert rows["none"]["change"] == 0 and rows["none"]["photographs"] == 14


def test_adaptive_equalization_is_measured_on_a_sample(photo_folder, monkeypatch):
    monkeypatch.setattr(preprocessing, "MAX_ADAPTIVE", 10)
    report = surveyed(photo_folder)
    rows = {row["method"]: row["photographs"] for row in report["preprocessing"]}
    assert rows["adaptive equalization"] == 10 and rows["histogram equalization"] == 40


def test_large_photographs_are_reduced_and_keep_their_size(tmp_path):
    (tmp_path / "large").mkdir()
    rgb = colorful_photo(3, 600, 400)
    saved(tmp_path / "large/one.png", Image.fromarray(rgb))
    report = surveyed(tmp_path / "large")
    assert report["photographs"]["short_side"]["max"] == 400
    assert report["pixels"]["count"] == 128 * 85
    l = skcolor.rgb2lab(rgb)[..., 0]
    assert report["photographs"]["luminance"]["mean"] == pytest.approx(l.mean(), abs=0.3)
    assert report["large_enough"] == {"512": 0, "256": 1, "128": 1, "64": 1}


def test_the_page_needs_nothing_beside_it(made):
    text = (made[0] / "analysis.html").read_text(encoding="utf-8")
    for target in re.findall(r"""(?:src|href)\s*=\s*["']?([^"'\s>]+)""", text):
        assert target.startswith(("data:image/png;base64,", "#"))
    assert not re.search(r"<link|<script|@import|url\(", text)
    assert not re.search(r"https?://", text)
    titles = re.findall("<h2>(.*)</h2>", text)
    assert titles == [
        "Conclusion",
        "Photographs",
        "Brightness",
        "Gray and sepia",
        "Color",
        "Preprocessing",
        "Ways of making gray",
        "Augmentation",
    ]
    drawn = {path.stem for path in (made[0] / study.PICTURES).glob("*.png")}
    assert {"contact", "density", "gray", "sepia", "augment", "preprocessing"} <= drawn
    assert text.count("<img ") == len(drawn) == 13
    for path in (made[0] / study.PICTURES).glob("*.png"):
        with Image.open(path) as image:
            assert len(image.convert("RGB").getcolors(1 << 24)) > 2, path


def numbers(report):
    """Every number in a tree of JSON."""
    if isinstance(report, dict):
        report = list(report.values())
    if isinstance(report, list):
        return {number for each in report for number in numbers(each)}
    return {report} if isinstance(report, int | float) else set()


def test_numbers_of_the_page_are_those_of_the_json(made):
    known = numbers(json.loads((made[0] / "analysis.json").read_text()))
    text = (made[0] / "analysis.html").read_text(encoding="utf-8")
    cells = re.findall(r"<td>(-?[\d.]+)</td>", text)
    assert len(cells) > 100 and {float(cell) for cell in cells} <= known
    for sentence in made[1]["conclusion"]:
        assert sentence in html.unescape(text)


def test_the_conclusion_follows_the_figures(made):
    report = json.loads(json.dumps(made[1]))
    for row in report["gray_methods"]:
        row["distance"] = 1.0
    assert (
        "which real photographs were taken on (--set film=SHARE): none"
        in (conclusion.conclude(report)[3])
    )
    for name in ("mean", "std", "clipped"):
        report["preprocessing"][2][name] = report["preprocessing"][0][name]
    assert conclusion.conclude(report)[2].startswith("contrast stretching (")
    report["preprocessing"][3]["change"] = 20.5
    assert (
        "for that, over 20: histogram equalization (L* changed by 20.5)"
        in (conclusion.conclude(report)[2])
    )
    report["pixels"]["neutral_share"] = 0.29
    assert "need no rebalancing" in conclusion.conclude(report)[5]
    report["brightness"] = {"day": {"count": 1, "share": 1.0}}
    assert "none is rarer than 5.0 %" in conclusion.conclude(report)[4]


def test_a_gallery_keeps_the_smallest_in_any_order(rng):
    keys = rng.permutation(50)
    kept = gallery.Gallery(5)
    for key in keys:
        kept.offer(float(key), f"{key}", np.full((1, 1, 3), key, np.uint8))
    assert [picture.key for picture in kept.pictures] == [0, 1, 2, 3, 4]
    assert [picture.rgb.max() for picture in kept.pictures] == [0, 1, 2, 3, 4]


def test_quantiles_and_shares_are_read_from_bins(rng):
    values = rng.normal(50, 10, 20_000)
    distribution = statistics.Distribution(0, 100, 100)
    for chunk in np.split(values, 8):
        distribution.add(chunk)
    for share in (0.05, 0.5, 0.95):
        assert distribution.quantile(share) == pytest.approx(np.quantile(values, share), abs=0.1)
    assert distribution.share_under(40) == np.mean(values < 40)


def test_the_outline_of_srgb_holds_all_its_colors(rng):
    outline = figures.outline()
    ab = skcolor.rgb2lab(rng.integers(0, 256, (1, 5000, 3), dtype=np.uint8))[0, :, 1:]
    degrees = (np.degrees(np.arctan2(ab[:, 1], ab[:, 0])) % 360).astype(int)
    assert (np.hypot(*ab.T) <= np.hypot(*outline.T)[degrees] + 1.0).all()
    assert np.abs(outline).max() < 108


def run(*arguments):
    return CliRunner().invoke(main.cli, ["analyze", *map(str, arguments)])


def fails(*arguments):
    """What is printed, one line, with exit code 2."""
    done = run(*arguments)
    assert done.exit_code == 2 and done.output.count("\n") == 1, done.output
    return done.output


@pytest.mark.slow
def test_the_command_writes_the_report_and_says_what_follows(photo_folder, tmp_path):
    done = run("--data", photo_folder, "--out", tmp_path / "r", "--limit", "9", "--part", "train")
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "r/analysis.json").read_text())
    assert report["found"] == 9 and all(line in done.output for line in report["conclusion"])
    assert not (tmp_path / "r/analysis/augment.png").exists()


def test_mistakes_are_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    out = tmp_path / "report"
    assert "no photograph" in fails("--data", tmp_path / "empty", "--out", out)
    assert "missing" in fails("--data", tmp_path / "missing", "--out", out)
    assert "is a file; give a folder" in fails("--data", "samples", "--out", tmp_path / "file")
    assert not out.exists()
    for name in ("analysis.html", "analysis.json"):
        (tmp_path / name).write_text("mine")
        line = fails("--data", "samples", "--out", tmp_path)
        assert f"{tmp_path / name} was not made by tfcolor; give another folder" in line
        (tmp_path / name).unlink()
    (tmp_path / "empty/broken.png").write_bytes(b"")
    done = run("--data", tmp_path / "empty", "--out", out)
    assert done.exit_code == 2 and "nothing to analyze" in done.output


def test_missing_libraries_are_one_line(tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "matplotlib" else find(name)
    )
    line = fails("--data", "samples", "--out", tmp_path)
    assert line.endswith("install them with: pip install 'tfcolor[analyze]'\n")


@pytest.mark.slow
def test_odd_names_are_shown(tmp_path):
    odd = tmp_path / "odd"
    odd.mkdir()
    for seed, name in enumerate(["<b>$x$ & y.png", "写真.png", "a_$\\frac.png"]):
        saved(odd / name, Image.new("RGB", (20, 20), (90, 90, 90 + seed)))
    with open(bytes(odd) + b"/\xff.png", "wb") as file:
        Image.new("RGB", (20, 20), (90, 90, 99)).save(file, format="png")
    report = study.analyze(source(odd), "all", tmp_path / "report")
    assert report["gray"]["names"] == sorted(report["gray"]["names"]) and report["usable"] == 4
    assert "&lt;b&gt;$x$ &amp; y.png" in (tmp_path / "report/analysis.html").read_text()
