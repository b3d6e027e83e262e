"""What the page runs, web/src/network.ts, told colors of places; in Node.js, not in a browser."""

import dataclasses
import functools
import json
import shutil
import subprocess

import hinted
import numpy as np
import pytest
from test_web import (
    CLOSE,
    ROOT,
    Files,
    built_page,
    colorized,
    difference,
    downloaded,
    has_node,
    photograph,
    pixels,
    serving,
    show,
    visiting,
)

from tfcolor.colorizing import choices, reduction
from tfcolor.export import lite_onnx
from tfcolor.runtimes import lite

pytestmark = pytest.mark.skipif(not has_node(), reason="needs Node.js 20.19 with npm")

WEB = ROOT / "web"
MORE = {"second.hints.json": {}, "small.hints.json": {"size": 48, "seed": 3}}
SCRIPT = "litert_wasm_compat_internal.js"
# Node.js in the place of a browser's worker: scripts and files come from the disk.
MAIN = """
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { runInThisContext } from "node:vm";
import { Network } from "%(web)s/src/network";

Object.assign(globalThis, {
  self: globalThis,
  require: createRequire(import.meta.url),
  __dirname: ".",
  importScripts: (path) => runInThisContext(readFileSync(path, "utf8")),
  fetch: async (path) => new Response(readFileSync(path)),
});
const { files, asked } = JSON.parse(readFileSync(0, "utf8"));
const network = await Network.load(files, () => {});
const answers = [];
for (const { width, height, l, hints } of asked) {
  const plane = { width, height, data: new Float32Array(l) };
  const { a, b } = await network.colors(plane, hints && new Float32Array(hints));
  answers.push([...a.data], [...b.data]);
}
process.stdout.write(JSON.stringify(answers), () => process.exit(0));
"""
CONFIG = """
export default {
  define: { NETWORK: { size: 64, stride: 32, bytes: 1 } },
  ssr: { noExternal: true },
  build: { ssr: "main.ts", target: "node20", outDir: "out" },
};
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    """Asks the page's runtime: a network's file and planes with or without hints -> planes."""
    folder = tmp_path_factory.mktemp("page")
    built_page(folder / "page")  # fetches npm's packages
    (folder / "main.ts").write_text(MAIN % {"web": WEB})
    (folder / "vite.config.mjs").write_text(CONFIG)
    vite = WEB / "node_modules" / ".bin" / "vite"
    done = subprocess.run([vite, "build"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (program,) = (folder / "out").glob("main.*")

    def ask(path, *asked):
        wasm = WEB / "node_modules" / "@litertjs" / "core" / "wasm"
        names = SCRIPT, SCRIPT.replace(".js", ".wasm")
        files = {"network": str(path), "runtime": {name: str(wasm / name) for name in names}}
        planes = [
            {
                "height": l.shape[0],
                "width": l.shape[1],
                "l": l.ravel().tolist(),
                **({} if hints is None else {"hints": hints.ravel().tolist()}),
            }
            for l, hints in asked
        ]
        text = json.dumps({"files": files, "asked": planes})
        done = subprocess.run(
            [shutil.which("node"), program], input=text, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        found = iter(json.loads(done.stdout.splitlines()[-1]))
        return [
            np.stack([np.reshape(plane, l.shape) for plane in (next(found), next(found))], -1)
            for l, _ in asked
        ]

    return ask


@pytest.mark.slow
def test_the_page_gives_what_the_file_gives_with_hints_and_without(runtime, hinted_file):
    path = hinted_file
    net = lite.LiteNetwork(path)
    l, hints = hinted.planes(50, 75)
    told, silent = runtime(path, (l, hints), (l, None))
    assert np.abs(told - silent).max() > 0.1
    np.testing.assert_allclose(told, reduction.colors(net, l, hints), atol=1e-4)
    np.testing.assert_allclose(silent, reduction.colors(net, l), atol=1e-4)


@pytest.mark.slow
def test_the_page_runs_a_file_of_one_input(runtime, tmp_path):
    path = hinted.write_plain(tmp_path / "plain.tflite")
    l, _ = hinted.planes(64, 64)
    (ab,) = runtime(path, (l, None))
    net = lite.LiteNetwork(path)
    assert not net.takes_hints
    np.testing.assert_allclose(ab, reduction.colors(net, l), atol=1e-4)


@pytest.fixture(scope="module")
def hinted_file(tmp_path_factory):
    """A network that takes hints, as a file."""
    path = tmp_path_factory.mktemp("network") / "hinted.tflite"
    path.write_bytes(lite_onnx.to_lite(hinted.generator(), "float32", hinted.probabilities))
    lite.add_card(path, hinted.SIZE, 32)
    return path


@pytest.mark.slow
def test_colors_that_a_visitor_chooses_are_those_of_the_command(browser, hinted_file, tmp_path):
    built_page(tmp_path / "page", "--model", hinted_file)
    path = photograph(tmp_path / "photo.png", (450, 300), mode="L")
    with serving(functools.partial(Files, directory=tmp_path)) as url:
        with visiting(browser, f"{url}/page/") as page:
            show(page, path)
            plain = pixels(downloaded(page))
            page.locator("#picture").click(position={"x": 90, "y": 120})
            likely = page.locator("#likely .swatch")
            likely.nth(1).wait_for()
            likely.nth(1).click()
            page.locator("button.mark").wait_for()
            page.locator("body:not(.busy)").wait_for()
            page.get_by_role("button", name="Done").click()
            page.locator("#picture").click(position={"x": 400, "y": 60})
            page.get_by_role("button", name="blue", exact=True).click()
            page.locator("button.mark").nth(1).wait_for()
            page.locator("body:not(.busy)").wait_for()
            page.get_by_role("button", name="Done").click()
            made = pixels(downloaded(page))
            with page.expect_download() as download:
                page.get_by_role("button", name="Save my choices").click()
            download.value.save_as(tmp_path / "photo.hints.json")
            variant = page.get_by_role("button", name="Variant 2")
            variant.click()
            page.locator("body:not(.busy)").wait_for()
            varied = pixels(downloaded(page))
            chosen = choices.read(tmp_path / "photo.hints.json")
            for name, more in MORE.items():
                options = {"variant": 2, **more}
                dataclasses.replace(chosen, options=options).write(tmp_path / name)
            page.set_input_files("#files", tmp_path / "small.hints.json")
            page.locator("body:not(.busy)").wait_for()
            small = pixels(downloaded(page))
    assert len(chosen.hints) == 2
    options = ["-m", str(hinted_file), "--hints", str(tmp_path / "photo.hints.json")]
    expected = colorized(path, *options)
    assert difference(made, expected) < CLOSE < 1 < difference(made, plain)
    found = []
    for name in MORE:
        options[-1] = str(tmp_path / name)
        found.append(colorized(path, *options, "--overwrite"))
    assert difference(varied, found[0]) < CLOSE < 0.1 < difference(varied, made)
    assert difference(small, found[1]) < CLOSE < 0.1 < difference(small, varied)
