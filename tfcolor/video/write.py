"""Encodes colorized frames as a segment of a film."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from tfcolor.video import film_options, read

os.environ.setdefault("SVT_LOG", "1")  # only errors: by default SVT-AV1 prints its settings
FORMAT = "nut"  # for segments: the only container that keeps any time base


def frame(film: read.Film, time: int, duration: int, rgb: np.ndarray) -> av.VideoFrame:
    """A frame ready for the encoder: BT.709, limited range, 4:2:0.

    4:2:0 needs even sides: for an odd one, the last row or column is repeated.

    Args:
      film: to which it belongs.
      time, duration: those of the frame that it was made from, see `read.Frame`.
      rgb: uint8 (h, w, 3), or gray (h, w).
    """
    if rgb.ndim == 2:
        rgb = np.repeat(rgb[..., None], 3, axis=-1)
    height, width = rgb.shape[:2]
    if height % 2 or width % 2:
        rgb = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    made = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=read.ACCURATE,
        threads=1,
    )
    made.color_primaries = ColorPrimaries.BT709
    made.color_trc = ColorTrc.BT709
    made.time_base = film.time_base
    made.pts = time
    made.duration = duration
    return made


def encode(
    path: Path, film: read.Film, settings: film_options.FilmOptions, frames: Iterable[av.VideoFrame]
) -> None:
    """Encodes frames into a segment that begins with a key frame.

    It has no B-frames: without reordering, the packets of segments follow each other at the times
    of their frames, however those vary.
    """
    codec = film_options.CODECS[settings.codec]
    with av.open(read.url(path), "w", format=FORMAT) as container:
        stream = container.add_stream(
            codec.encoder, rate=film.rate, options=settings.encoder_options
        )
        stream.width = film.width + film.width % 2
        stream.height = film.height + film.height % 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = film.time_base
        context = stream.codec_context
        context.time_base = film.time_base
        context.max_b_frames = 0
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.ITU709
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        if film.pixel_aspect:
            context.sample_aspect_ratio = film.pixel_aspect
        with _usual_scheduling():
            context.open()
        for each in frames:
            container.mux(stream.encode(each))
        container.mux(stream.encode(None))


@contextlib.contextmanager
def _usual_scheduling() -> Iterator[None]:
    """Restores the scheduling of this process's threads after SVT-AV1 has changed it.

    As root, SVT-AV1 gives its own threads and the caller's real-time scheduling at the highest
    priority. All processes that the caller starts later inherit it, and a few that busy-wait for
    each other stop the machine.
    """
    if not hasattr(os, "sched_getscheduler"):  # macOS, Windows
        yield
        return
    before = os.sched_getscheduler(0)
    try:
        yield
    finally:
        changed = os.sched_getscheduler(0) != before
        for thread in os.listdir("/proc/self/task") if changed else ():
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.sched_setscheduler(int(thread), before, os.sched_param(0))
