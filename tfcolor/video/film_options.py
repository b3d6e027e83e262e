"""Options for colorizing and writing a film."""

import dataclasses
from pathlib import Path

from tfcolor.colorizing import planning, rendering
from tfcolor.support import errors


@dataclasses.dataclass(frozen=True)
class Codec:
    """An encoder of FFmpeg.

    Attributes:
      encoder: FFmpeg's name of it.
      quality: our default on its scale of constant quality (CRF); lower is better.
      worst: the end of that scale.
      options: further options of the encoder.
    """

    encoder: str
    quality: int
    worst: int
    options: dict[str, str]


CODECS = {
    "h264": Codec("libx264", 18, 51, {"preset": "medium"}),
    "h265": Codec("libx265", 20, 51, {"preset": "medium", "x265-params": "log-level=error"}),
    "vp9": Codec("libvpx-vp9", 24, 63, {"b": "0", "row-mt": "1", "cpu-used": "4"}),
    "av1": Codec("libsvtav1", 28, 63, {"preset": "8"}),
}
FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}  # suffix -> FFmpeg's


@dataclasses.dataclass(frozen=True)
class FilmOptions(rendering.Rendering):
    """Options of a film.

    Attributes:
      smoothing: weight of the colors of the frame before, in [0, 1); 0 is frame by frame.
      codec: of `CODECS`.
      quality: constant quality (CRF) of the codec, lower is better; None is the codec's default.
      deinterlace: whether to make whole frames from the fields of an interlaced film.
      provenance: whether the film says that its color is synthetic.
      recolor: whether scenes that are in color already are colorized, too.
      frames: a folder of some frames in color, which hold for their scenes; see `key_frames`.
    """

    smoothing: float = 0.9
    codec: str = "h264"
    quality: int | None = None
    deinterlace: bool = False
    provenance: bool = True
    recolor: bool = False
    frames: Path | None = None

    def __post_init__(self) -> None:
        """Checks what cannot be left to the encoder.

        Raises:
          ValueError: if an option is out of range; names it and its range.
        """
        super().__post_init__()
        if self.codec not in CODECS:
            raise errors.InputError(f"codec must be one of {', '.join(CODECS)}, got {self.codec}")
        if not 0 <= self.smoothing < 1:
            raise errors.InputError(f"smoothing must be in [0, 1), got {self.smoothing}")
        worst = CODECS[self.codec].worst
        if self.quality is not None and not 0 <= self.quality <= worst:
            raise errors.InputError(
                f"quality of {self.codec} must be from 0 (best) to {worst}, got {self.quality}"
            )

    @property
    def encoder_options(self) -> dict[str, str]:
        """Options for FFmpeg's encoder."""
        codec = CODECS[self.codec]
        crf = codec.quality if self.quality is None else self.quality
        return {**codec.options, "crf": str(crf)}


def beside(film: Path) -> Path:
    """The film NAME-color beside a film, in its container if that can be written."""
    suffix = film.suffix if film.suffix.lower() in FORMATS else ".mp4"
    return film.with_name(f"{film.stem}{planning.SUFFIX}{suffix}")


def check_target(source: Path, target: Path, overwrite: bool) -> None:
    """Checks the paths before anything is read.

    Raises:
      ValueError: if the target would overwrite the source, is there already, or ends in none of
        `FORMATS`.
    """
    if target.suffix.lower() not in FORMATS:
        raise errors.InputError(f"{target} must end in one of {', '.join(FORMATS)}")
    if target.resolve() == source.resolve():
        raise errors.InputError(f"{source} would be overwritten; give another output")
    if target.exists() and not overwrite:
        raise errors.InputError(f"{target} already exists; give another output, or --overwrite")
