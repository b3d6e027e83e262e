"""Layout of the page, and which action each control calls."""

import csv
import functools
from importlib import resources
from pathlib import Path
from typing import Any

import gradio as gr

from tfcolor import images, runtimes
from tfcolor.app import actions

SAMPLES = Path(str(resources.files("tfcolor"))) / "data" / "samples"
INTRODUCTION = """# Colorize photographs

The colors are a guess: they are likely, but nobody knows the real ones. Downloaded files
say in their metadata that the color is synthetic. Photographs stay on the computer that runs this
page, and are deleted when it stops. A file may have up to {max_mb} MB and {max_megapixels:g}
megapixels.
"""
# Seconds between clean-ups of uploads and results, and the age at which they are deleted.
CACHE = (600, 6 * 3600)
# Starts the download by a click on the hidden link once the file is ready.
CLICK = "() => setTimeout(() => document.querySelector('#made').click(), 100)"

PICKER = '<label class="picker">Color<input type="color" value="${value}"></label>'
STYLE = """
.comparison { position: relative; display: grid; margin: 0 auto;
  width: min(100%, 75vh * var(--aspect)); }
.comparison > * { grid-area: 1 / 1; margin: 0; }
.comparison img { width: 100%; }
.comparison .after { clip-path: inset(0 0 0 var(--split, 50%)); }
.comparison span { position: absolute; inset: 0 auto 0 var(--split, 50%); width: 2px; height: auto;
  background: #fff; box-shadow: 0 0 3px #000; pointer-events: none; }
.comparison span::after { content: "\\2194"; position: absolute; top: 50%; left: 1px; width: 2.2rem;
  height: 2.2rem; margin: -1.1rem; border-radius: 50%; background: #fff; color: #222;
  font: 1.3rem/2.2rem system-ui, sans-serif; text-align: center; box-shadow: 0 0 3px #000; }
.comparison input { width: 100%; height: 100%; opacity: 0; cursor: ew-resize;
  touch-action: pan-y; }
.comparison:focus-within { outline: 3px solid #0d9488; outline-offset: 2px; }
img.kept { width: 100%; }
#comparison .pending { opacity: 1; }
#made { display: none; }
#state .progress-text, #state .meta-text { display: none; }
.picker { display: grid; gap: .6rem; color: var(--block-title-text-color); }
.picker input { width: 100%; height: 2.5rem; cursor: pointer; }
.example img { width: 4.5rem; height: 4.5rem; border-radius: 4px; }
"""


def build(net: runtimes.Network, max_mb: int, max_megapixels: float) -> gr.Blocks:
    """The page, ready to be launched with `theme` and `STYLE`.

    Args:
      net: the network, called from several threads.
      max_mb: largest file; only stated here, since whoever launches the page enforces it.
      max_megapixels: largest photograph.
    """
    acts = actions.Actions(net, max_megapixels)
    with gr.Blocks(title="tfcolor", analytics_enabled=False, delete_cache=CACHE) as blocks:
        session = gr.State(actions.Session())
        gr.Markdown(INTRODUCTION.format(max_mb=max_mb, max_megapixels=max_megapixels))
        with gr.Row():
            files = _files()
            _examples(files)
        with gr.Row(visible=False) as work:
            with gr.Column(scale=3, min_width=320):
                chooser = gr.Dropdown([], label="Photograph to show", visible=False)
                comparison = gr.HTML(label="Before and after", padding=False, elem_id="comparison")
                one = gr.Button("Download in full size", variant="primary")
                everything = gr.Button(visible=False)
                made = gr.DownloadButton(elem_id="made")  # hidden by `STYLE`
                state = gr.Markdown(min_height=64, elem_id="state")
                settings = _settings(net)
            with gr.Column(scale=2, min_width=320):
                place, corrected = _corrections(acts, session, settings, comparison)
        controls = [session, chooser, work, everything, *place]
        shown = [comparison, *corrected]
        taken = files.change(
            acts.take,
            [files, session],
            controls,
            concurrency_limit=2,
            api_visibility="private",
        )
        # Not `input`, which the mouse fires twice, nor `select`, which the keyboard never fires.
        chosen = chooser.change(
            acts.choose, [chooser, session], controls, concurrency_limit=2, api_visibility="private"
        )
        for event in (taken, chosen):
            _show(event.success, acts, session, settings, shown)
        for each in settings:
            _show(each.change, acts, session, settings, shown)
        for button, save in ((one, acts.save), (everything, acts.save_all)):
            button.click(
                save,
                [session, *settings],
                [made, state],
                # Long work has a queue of its own, so that previews need not wait for it.
                concurrency_limit=2,
                concurrency_id="files",
                show_progress_on=state,
                api_visibility="private",
            ).success(None, js=CLICK)
    return blocks


def theme() -> gr.Theme:
    """Gradio's default theme with system fonts, instead of fonts from a server."""
    plain = gr.themes.Default(
        primary_hue="teal",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
    return plain.set(
        # The default colors have too little contrast (WCAG 2 asks for 4.5 to 1).
        block_info_text_color="*neutral_600",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
    )


def _files() -> gr.File:
    return gr.File(
        label="Photographs",
        file_count="multiple",
        file_types=sorted(images.EXTENSIONS),
        height=160,
        scale=3,
        min_width=320,
    )


def _examples(files: gr.File) -> None:
    """A button for each gray photograph that comes with the package, and their authors."""
    with open(SAMPLES / "attribution.csv", encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["part"] == "gray"]
    with gr.Column(scale=2, min_width=320):
        with gr.Row():
            for number, row in enumerate(rows, start=1):
                path = str(SAMPLES / row["file"])
                button = gr.Button(
                    f"Example {number}", icon=path, size="md", elem_classes="example", min_width=120
                )
                button.click(lambda path=path: [path], None, files, api_visibility="private")
        authors = " and ".join(row["author"] for row in rows)
        gr.Markdown(f"Photographs by {authors}, CC BY 2.0, made gray.")


def _settings(net: runtimes.Network) -> list[Any]:
    """Strength, saturation, size, and whether colors that are there are replaced."""
    sliders = [
        gr.Slider(0, 1, 1, step=0.05, label="Strength", info="0 keeps the photograph as it is."),
        gr.Slider(0, 2, 1, step=0.05, label="Saturation", info="How vivid the colors are."),
        gr.Slider(
            64,
            max(512, net.size),
            net.size,
            step=32,
            label="Network size",
            info="Short side that the network sees, pixels. Another size gives other colors.",
        ),
    ]
    for slider in sliders:
        # Gradio raises an error with a traceback for a number typed outside of the limits.
        slider.preprocess = functools.partial(_limited, slider)
    return [*sliders, gr.Checkbox(label=actions.RECOLOR, info="For photographs in color.")]


def _limited(slider: gr.Slider, value: float | None) -> float:
    """The number typed beside a slider, clipped to its limits; if none, its initial value."""
    return min(max(slider.value if value is None else value, slider.minimum), slider.maximum)


def _corrections(
    acts: actions.Actions, session: gr.State, settings: list[Any], comparison: gr.HTML
) -> tuple[list[gr.Number], list[Any]]:
    """The controls for hints: picture to click, X, Y, color, and the list of hints.

    Returns:
      X and Y; and the outputs that each preview updates: picture, list and the list's button.
    """
    with gr.Accordion("Correct a color", open=True):
        gr.Markdown(
            "Click a place in this picture, or fill in X and Y. Choose a color and set it: it "
            "spreads to similar surroundings. Light and dark stay as they are."
        )
        pointing = gr.Image(
            label="Place",
            show_label=False,  # it would cover a corner
            alt_text="The photograph in color; click a place to correct its color",
            interactive=False,
            buttons=[],
            format="jpeg",
        )
        with gr.Row():
            x = gr.Number(label="X, pixels", precision=0, min_width=90)
            y = gr.Number(label="Y, pixels", precision=0, min_width=90)
            # The browser's own color picker suits keyboards and phones better than Gradio's.
            color = gr.HTML(
                "#c03028",
                html_template=PICKER,
                js_on_load="element.oninput = event => { props.value = event.target.value }",
                container=True,
                min_width=90,
            )
        setting = gr.Button("Set this color")
        listed = gr.CheckboxGroup(
            [], label="Your corrections; untick one to remove it", visible=False
        )
        clearing = gr.Button("Remove all of them", visible=False)
    pointing.select(acts.point, session, [x, y], api_visibility="private")
    corrected = [pointing, listed, clearing]
    for event in (
        setting.click(acts.add, [session, x, y, color], session, api_visibility="private"),
        listed.input(acts.keep, [session, listed], session, api_visibility="private"),
        clearing.click(acts.clear, session, session, api_visibility="private"),
    ):
        _show(event.success, acts, session, settings, [comparison, *corrected])
    return [x, y], corrected


def _show(
    event: Any,
    acts: actions.Actions,
    session: gr.State,
    settings: list[Any],
    shown: list[Any],
) -> None:
    """Updates the preview after an event; of events in quick succession only the last counts."""
    event(
        acts.show,
        [session, *settings],
        shown,
        concurrency_limit=4,
        concurrency_id="preview",
        show_progress="minimal",
        trigger_mode="always_last",
        api_visibility="private",
    )
