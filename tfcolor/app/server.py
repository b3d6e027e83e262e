"""The server of the app: its page, and the tasks that the page gives to the network.

A photograph that is given gets an identifier. A request about it has as its body what a file
NAME.hints.json holds, see `choices`; what such a file lacks is in the query: `recolor=1`,
`colors_from=IDENTIFIER` and, for pictures, `side=PIXELS`.
"""

import asyncio
import contextlib
import dataclasses
import logging
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette import (
    applications,
    background,
    concurrency,
    exceptions,
    middleware,
    requests,
    responses,
)
from starlette.middleware import trustedhost
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tfcolor import runtimes
from tfcolor.app import album, colorist, preview
from tfcolor.colorizing import choices, failures, marks
from tfcolor.support import errors

PAGE = Path(__file__).with_name("page")  # what `bin/web --app` builds from web/
# Errors that the user can mend are told to the page; any other is a bug.
MENDABLE = (OSError, errors.InputError, MemoryError)
FORGETS_EVERY = 600  # seconds; see `album.FORGOTTEN_AFTER`
_log = logging.getLogger(__name__)


def build(
    net: runtimes.Network, place: Path, max_mb: int, max_megapixels: float, hosts: list[str]
) -> applications.Starlette:
    """The app as an ASGI application.

    Args:
      net: the network, called from several threads.
      place: an empty folder for photographs.
      max_mb: largest file that is taken, megabytes.
      max_megapixels: largest photograph that is taken.
      hosts: names under which browsers may reach it, "*" for any: a page of another site could
        give a name of its own the address of this machine.
    """
    photographs = album.Album(place, max_megapixels)
    tasks = _Tasks(colorist.Colorist(net, max_megapixels), photographs, max_mb)

    @contextlib.asynccontextmanager
    async def lifespan(app: applications.Starlette) -> AsyncIterator[None]:
        forgetting = asyncio.create_task(_forget_old(photographs))
        yield
        forgetting.cancel()

    return applications.Starlette(
        routes=[*tasks.routes(), Mount("/", StaticFiles(directory=PAGE, html=True))],
        lifespan=lifespan,
        middleware=[
            middleware.Middleware(trustedhost.TrustedHostMiddleware, allowed_hosts=hosts),
            middleware.Middleware(_OwnPageOnly),
        ],
        exception_handlers={
            **dict.fromkeys(MENDABLE, _told),
            album.GoneError: _gone,
            exceptions.HTTPException: _told,
            Exception: _unexpected,
        },
    )


class _Tasks:
    """What the server does for its page."""

    def __init__(self, own: colorist.Colorist, photographs: album.Album, max_mb: int) -> None:
        self._colorist, self._album, self._max_mb = own, photographs, max_mb

    def routes(self) -> list[Route]:
        """The addresses of the tasks."""
        one = "/photographs/{identifier}"
        return [
            Route("/photographs", self.take, methods=["POST"]),
            Route(one, self.forget, methods=["DELETE"]),
            Route(f"{one}/gray", self.gray, methods=["GET"]),
            Route(f"{one}/color", self.color, methods=["POST"]),
            Route(f"{one}/likely", self.likely, methods=["POST"]),
            Route(f"{one}/file", self.file, methods=["POST"]),
        ]

    async def take(self, request: requests.Request) -> responses.Response:
        """Takes a photograph, the body, of the name in the query."""
        with self._album.room(request.query_params.get("name", "")) as (identifier, path):
            await self._receive(request, path)
            try:
                kept = await concurrency.run_in_threadpool(self._album.add, identifier, path)
            except MENDABLE as error:
                reason = failures.naming(Path(path.name), errors.one_line(error))
                raise errors.InputError(reason.replace(str(path), path.name)) from error
        height, width = kept.shape
        about = {"id": identifier, "width": width, "height": height, "kept": kept.passed_over}
        return responses.JSONResponse(about)

    async def _receive(self, request: requests.Request, path: Path) -> None:
        """Writes the body of a request into a file."""
        left = self._max_mb * 1_000_000
        with open(path, "wb") as file:
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    raise errors.InputError(
                        f"{path.name} has more than {self._max_mb} MB; give a smaller file, or "
                        "start the app with a larger --max-mb"
                    )
                file.write(chunk)

    def forget(self, request: requests.Request) -> responses.Response:
        """Deletes a photograph."""
        self._album.forget(request.path_params["identifier"])
        return responses.Response(status_code=204)

    def gray(self, request: requests.Request) -> responses.Response:
        """The photograph as it was given, reduced."""
        return _picture(self._photograph(request).pixels)

    async def color(self, request: requests.Request) -> responses.Response:
        """The photograph in color, reduced."""
        side = _number(request.query_params, "side")

        def work(kept: album.Kept, wanted: colorist.Wanted) -> responses.Response:
            return _picture(self._colorist.color(kept, wanted, side))

        return await self._answer(request, work)

    async def likely(self, request: requests.Request) -> responses.Response:
        """The likely colors of the place x, y."""
        x, y = (_number(request.query_params, name) for name in "xy")

        def work(kept: album.Kept, wanted: colorist.Wanted) -> responses.Response:
            found = self._colorist.likely(kept, wanted.chosen, x, y)
            colors = [
                {"color": marks.text_of(each.rgb), "probability": each.probability}
                for each in found
            ]
            return responses.JSONResponse(colors)

        return await self._answer(request, work)

    async def file(self, request: requests.Request) -> responses.Response:
        """The file that `tfcolor colorize` writes."""

        def work(kept: album.Kept, wanted: colorist.Wanted) -> responses.Response:
            place = tempfile.TemporaryDirectory(dir=kept.path.parent.parent)
            try:
                path = self._colorist.write(kept, wanted, Path(place.name))
            except BaseException:
                place.cleanup()
                raise
            sent = background.BackgroundTask(place.cleanup)
            return responses.FileResponse(path, filename=path.name, background=sent)

        return await self._answer(request, work)

    async def _answer(
        self,
        request: requests.Request,
        work: Callable[[album.Kept, colorist.Wanted], responses.Response],
    ) -> responses.Response:
        """Does in a thread what a request wants of a photograph."""
        kept, wanted = self._photograph(request), self._wanted(request, await _body(request))
        return await concurrency.run_in_threadpool(work, kept, wanted)

    def _photograph(self, request: requests.Request) -> album.Kept:
        return self._album.get(request.path_params["identifier"])

    def _wanted(self, request: requests.Request, said: Any) -> colorist.Wanted:
        try:
            chosen = choices.parse(said)
        except (TypeError, ValueError) as error:
            raise errors.InputError(str(error)) from error
        other, recolor = (request.query_params.get(name) for name in ("colors_from", "recolor"))
        return colorist.Wanted(chosen, self._album.get(other) if other else None, recolor == "1")


@dataclasses.dataclass(frozen=True)
class _OwnPageOnly:
    """Refuses what a page of another site asks for, except to be shown the page itself."""

    app: Any

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        is_own = headers.get(b"sec-fetch-site", b"none") in (b"same-origin", b"none")
        is_page = scope.get("path") == "/" and headers.get(b"sec-fetch-mode") == b"navigate"
        await (self.app if is_own or is_page else _REFUSAL)(scope, receive, send)


async def _forget_old(photographs: album.Album) -> None:
    while True:
        await asyncio.sleep(FORGETS_EVERY)
        photographs.forget_old()


_REFUSAL = responses.PlainTextResponse("only for the app's own page", 403)


async def _body(request: requests.Request) -> Any:
    try:
        return await request.json()
    except ValueError as error:
        raise errors.InputError(f"the request is no JSON: {error}") from error


def _number(query: Mapping[str, str], name: str) -> int:
    """A whole number of a query.

    Raises:
      ValueError: if it is none.
    """
    text = query.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise errors.InputError(f"{name} must be a whole number, got {text!r}")
    return int(text)


def _picture(pixels: Any) -> responses.Response:
    return responses.Response(preview.jpeg(pixels), media_type="image/jpeg")


def _told(request: requests.Request, error: Exception) -> responses.Response:
    if isinstance(error, exceptions.HTTPException):
        return responses.JSONResponse({"error": error.detail}, error.status_code)
    return responses.JSONResponse({"error": errors.one_line(error)}, 400)


def _gone(request: requests.Request, error: Exception) -> responses.Response:
    """The page gives a photograph again that was forgotten."""
    return responses.JSONResponse({"error": "the app no longer has this photograph"}, 404)


def _unexpected(request: requests.Request, error: Exception) -> responses.Response:
    _log.error("%s", error)
    message = "Something went wrong in the app; where it was started, it says what"
    return responses.JSONResponse({"error": message}, 500)
