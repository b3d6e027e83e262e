"""Event handlers of the controls on the page."""

import contextlib
import dataclasses
import html
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from tfcolor import runtimes
from tfcolor.app import preview, results
from tfcolor.colorizing import failures, folder, marks
from tfcolor.support import errors

RECOLOR = "Replace colors that are there"
PROGRESS = gr.Progress()
# Errors that the user can fix are shown on the page; any other is a bug.
MENDABLE = (OSError, errors.InputError, MemoryError)


@dataclasses.dataclass(frozen=True, eq=False)
class Session:
    """State of a browser tab.

    Attributes:
      paths: the uploaded photographs.
      chosen: the photograph that is shown; None if there is none.
      shown: its preview.
      placed: photograph -> its hints.
    """

    paths: tuple[Path, ...] = ()
    chosen: Path | None = None
    shown: preview.Preview | None = None
    placed: Mapping[Path, tuple[marks.Hint, ...]] = dataclasses.field(default_factory=dict)

    def here(self) -> tuple[marks.Hint, ...]:
        """Hints of the photograph that is shown."""
        return self.placed.get(self.chosen, ()) if self.chosen else ()

    def with_hints(self, placed: Sequence[marks.Hint]) -> "Session":
        """A copy with these hints for the photograph that is shown."""
        if self.chosen is None:
            raise errors.InputError("give a photograph first")
        return dataclasses.replace(self, placed={**self.placed, self.chosen: tuple(placed)})


class Actions:
    """The functions behind the controls, in the order in which they are used."""

    def __init__(self, net: runtimes.Network, max_megapixels: float) -> None:
        """Takes a network, and the megapixels that a photograph may have."""
        self._net, self._max_megapixels = net, max_megapixels

    def take(self, files: list[str] | None, session: Session) -> tuple[Any, ...]:
        """Takes uploaded files, warns of those it rejects, and returns `_controls`' updates."""
        paths, wrong = [], []
        for path in dict.fromkeys(map(Path, files or ())):
            try:
                preview.check(path, self._max_megapixels)
                paths.append(path)
            except MENDABLE as error:
                wrong.append(_reason(path, error))
        taken = dataclasses.replace(session, paths=tuple(paths))
        if taken.chosen not in paths:
            taken = dataclasses.replace(taken, chosen=None, shown=None)
        while taken.paths and not taken.chosen:
            taken, unreadable = self._open(taken, taken.paths[0])
            wrong += unreadable
        _warn(wrong)
        return _controls(taken, session)

    def choose(self, index: int | None, session: Session) -> tuple[Any, ...]:
        """Shows another photograph, or warns and drops it; returns `_controls`' updates."""
        if index is None or session.paths[index] == session.chosen:  # set by `_controls`
            return _controls(session, session)
        chosen, unreadable = self._open(session, session.paths[index])
        _warn(unreadable)
        return _controls(chosen, session)

    def show(
        self, session: Session, strength: float, saturation: float, size: int, recolor: bool
    ) -> tuple[Any, ...]:
        """Colorizes the preview; returns comparison, picture to click, hints and their button."""
        if session.shown is None:
            return "", None, gr.update(choices=[], visible=False), gr.update(visible=False)
        placed, shown = session.here(), session.shown
        if shown.passed_over and not recolor:
            comparison, colored = _kept(shown), shown.pixels
        else:
            with explained():
                colored = preview.colored(self._net, shown, placed, int(size), strength, saturation)
            comparison = comparing(shown, colored)
        choices = [
            (f"{number}: X {hint.x}, Y {hint.y}, {marks.text_of(hint.rgb)}", number)
            for number, hint in enumerate(placed, start=1)
        ]
        listed = gr.update(
            choices=choices, value=[number for _, number in choices], visible=bool(placed)
        )
        pointing = preview.saved(preview.marked(colored, shown, placed), _temporary())
        return comparison, str(pointing), listed, gr.update(visible=bool(placed))

    def point(self, session: Session, event: gr.SelectData) -> tuple[int, int]:
        """A click on the preview -> X and Y in the photograph."""
        if session.shown is None:
            raise gr.Error("Give a photograph first.", print_exception=False)
        x, y = event.index
        return preview.place_of(x, y, session.shown)

    def add(self, session: Session, x: int | None, y: int | None, color: str) -> Session:
        """Adds a hint; it replaces an earlier one at the same pixel."""
        with explained():
            if session.shown is None or x is None or y is None:
                raise errors.InputError("click a place of the photograph, or fill in X and Y")
            hint = marks.Hint(int(x), int(y), marks.parse_color(color))
            marks.check([hint], session.shown.shape)
            others = [each for each in session.here() if (each.x, each.y) != (hint.x, hint.y)]
            return session.with_hints([*others, hint])

    def keep(self, session: Session, numbers: list[int]) -> Session:
        """Keeps only the hints with these numbers."""
        kept = [hint for number, hint in enumerate(session.here(), 1) if number in numbers]
        return session.with_hints(kept)

    def clear(self, session: Session) -> Session:
        """Removes all hints of the photograph that is shown."""
        return session.with_hints(())

    def save(
        self,
        session: Session,
        strength: float,
        saturation: float,
        size: int,
        recolor: bool,
        progress: gr.Progress = PROGRESS,
    ) -> tuple[str, str]:
        """Colorizes the shown photograph in full size; returns its file and a status line."""
        paths = (session.chosen,) if session.chosen else ()
        return self._write(session, paths, (strength, saturation, size, recolor), progress)

    def save_all(
        self,
        session: Session,
        strength: float,
        saturation: float,
        size: int,
        recolor: bool,
        progress: gr.Progress = PROGRESS,
    ) -> tuple[str, str]:
        """Colorizes all photographs in full size; returns a zip archive and a status line."""
        setting = strength, saturation, size, recolor
        return self._write(session, session.paths, setting, progress)

    def _write(
        self,
        session: Session,
        paths: tuple[Path, ...],
        setting: tuple[float, float, int, bool],
        progress: gr.Progress,
    ) -> tuple[str, str]:
        strength, saturation, size, recolor = setting
        options = folder.FileOptions(int(size), strength, saturation, recolor=recolor)
        place = _temporary()

        def tell(done: int, total: int) -> None:
            progress((done, total), unit="photographs")

        with explained():
            if not paths:
                raise errors.InputError("give a photograph first")
            made, failures = results.write(self._net, paths, place, options, session.placed, tell)
            if made is None:
                raise errors.InputError("; ".join(failures))
        _warn(failures)
        done = len(paths) - len(failures)
        return str(made), f"Done: {done} of {len(paths)}."

    def _open(self, session: Session, path: Path) -> tuple[Session, list[str]]:
        """Shows one of the photographs, or drops it and gives the reason."""
        try:
            shown = preview.read(path, self._max_megapixels)
        except MENDABLE as error:
            left = tuple(each for each in session.paths if each != path)
            return dataclasses.replace(session, paths=left), [_reason(path, error)]
        return dataclasses.replace(session, chosen=path, shown=shown), []


def _controls(session: Session, before: Session) -> tuple[Any, ...]:
    """Updates of session, chooser, work area, "all" button, X, Y; a new photo empties X and Y."""
    many = len(session.paths) > 1
    choices = [(path.name, index) for index, path in enumerate(session.paths)]
    index = session.paths.index(session.chosen) if session.chosen else None
    chooser = gr.update(choices=choices, value=index, visible=many)
    place = gr.skip() if session.chosen == before.chosen else None
    return (
        session,
        gr.skip() if session.paths == before.paths else chooser,
        gr.update(visible=bool(session.paths)),
        gr.update(visible=many, value=f"Download all {len(session.paths)} as a zip"),
        place,
        place,
    )


def _temporary() -> Path:
    """A new folder in Gradio's own, whose files it serves as they are, and deletes when old."""
    return Path(tempfile.mkdtemp(dir=os.environ["GRADIO_TEMP_DIR"]))


def _kept(shown: preview.Preview) -> str:
    """HTML of a photograph that keeps its color."""
    return (
        f'<p class="kept">This photograph is {shown.passed_over}, and is left as it is. '
        f"Tick &ldquo;{RECOLOR}&rdquo; to colorize it all the same.</p>"
        f'<img class="kept" src="{preview.data_url(shown.pixels)}" '
        'alt="The photograph as it was given">'
    )


def comparing(shown: preview.Preview, colored: Any) -> str:
    """HTML of both pictures, one over the other, with a slider for mouse and arrow keys."""
    before, after = preview.data_url(shown.pixels), preview.data_url(colored)
    height, width = shown.pixels.shape[:2]
    return (
        f'<div class="comparison" style="--aspect: {width / height:.4f}">'
        f'<img src="{before}" alt="The photograph as it was given">'
        f'<img src="{after}" alt="The photograph in color" class="after">'
        '<span aria-hidden="true"></span>'
        '<input type="range" min="0" max="100" value="50" step="1" '
        'aria-label="Where color begins, from left to right" '
        # Kept on the root element, so that the slider's position survives a new preview.
        "oninput=\"document.documentElement.style.setProperty('--split', this.value + '%')\" "
        'onfocus="this.value = parseFloat(document.documentElement.style.getPropertyValue('
        "'--split')) || 50\"></div>"
    )


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Shows `MENDABLE` errors on the page."""
    try:
        yield
    except MENDABLE as error:
        message = html.escape(errors.one_line(error))
        raise gr.Error(message, print_exception=False) from error


def _reason(path: Path, error: Exception) -> str:
    return failures.naming(Path(path.name), errors.one_line(error))


def _warn(lines: Sequence[str]) -> None:
    if lines:
        gr.Warning("<br>".join(map(html.escape, lines)), duration=None)
