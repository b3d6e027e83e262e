"""Films: what is read, steadied, written and kept; each film of a test is written here."""

import dataclasses
import functools
import itertools
import os
import re
import subprocess
import sys
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import colorful_photo
from PIL import Image
from skimage import color as skimage_color

import tfcolor
import tfcolor.cli.main  # imports all commands
from tfcolor.cli import main
from tfcolor.colorizing import rendering
from tfcolor.data import samples
from tfcolor.video import film_options, join, key_frames, parts, read, run, smooth

HEIGHT, WIDTH = 48, 64
TIME_BASE = Fraction(1, 1000)


class Tint:
    """A network that gives every picture one color, and counts how often it was asked."""

    size, stride, takes_hints = 32, 8, False

    def __init__(self, fail_after=None):
        self.calls, self.fail_after = 0, fail_after

    def __call__(self, l):
        self.calls += 1
        if self.fail_after is not None and self.calls > self.fail_after:
            raise KeyboardInterrupt
        return np.full((*l.shape, 2), (0.2, -0.1), np.float32)


@pytest.fixture(autouse=True)
def net(monkeypatch):
    """A quick network in the place of the bundled one."""
    tint = Tint()
    monkeypatch.setattr(run.runtimes, "load", lambda model, threads: tint)
    return tint


def moving(count, height=HEIGHT, width=WIDTH, seed=0):
    """Gray frames of a picture that moves a pixel at a time; uint8 (n, h, w, 3)."""
    wide = colorful_photo(seed, height, width + count).mean(axis=-1, keepdims=True)
    wide = np.repeat(wide.astype(np.uint8), 3, axis=-1)
    return np.stack([wide[:, i : i + width] for i in range(count)])


def film(
    path,
    frames,
    *,
    times=None,
    base=TIME_BASE,
    codec="libx264",
    pix_fmt="yuv420p",
    options=None,
    extra=lambda made: [],
    **stream,
):
    """Writes a film.

    Args:
      path: its file.
      frames: uint8 (n, h, w, 3).
      times: of each, in units of `base`; 40 ms apart if not given.
      base: seconds.
      codec, pix_fmt, options: FFmpeg's; without loss for libx264 if no options are given.
      extra: called with the container before the first packet; gives packets of other streams.
      stream: attributes of the picture's stream.
    """
    times = times or [int(index / 25 / base) for index in range(len(frames))]
    options = {"qp": "0"} if codec == "libx264" and options is None else options
    with av.open(str(path), "w") as made:
        picture = made.add_stream(codec, rate=25, options=options)
        picture.height, picture.width = frames[0].shape[:2]
        picture.pix_fmt = pix_fmt
        picture.time_base = picture.codec_context.time_base = base
        for name, value in stream.items():
            getattr(picture, name)(value) if callable(getattr(picture, name)) else setattr(
                picture.codec_context, name, value
            )
        packets = extra(made)
        for rgb, time in zip(frames, times, strict=True):
            frame = av.VideoFrame.from_ndarray(rgb).reformat(
                format=pix_fmt, interpolation=read.ACCURATE, threads=1
            )
            frame.pts, frame.time_base = time, base
            packets += picture.encode(frame)
        packets += picture.encode(None)
        made.mux(sorted(packets, key=lambda packet: (packet.dts or 0) * packet.time_base))
    return path


def sound(codec="aac", seconds=1, rate=16000):
    """A tone, for `extra`."""

    def packets(made):
        stream = made.add_stream(codec, rate=rate, bit_rate=64_000)
        stream.metadata["language"] = "fra"
        tone = np.sin(np.arange(rate * seconds) * 0.1).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), "fltp", "stereo")
        frame.sample_rate = rate
        resampled = av.AudioResampler(stream.format, "stereo", rate).resample(frame)
        fifo = av.AudioFifo()
        for each in resampled:
            fifo.write(each)
        encoded = []
        size = stream.codec_context.frame_size or 1024
        while (part := fifo.read(size, partial=True)) is not None:
            encoded += stream.encode(part)
        return encoded + stream.encode(None)

    return packets


def subtitles(codec, *lines):
    """Lines of text, half a second each, for `extra`."""

    def packets(made):
        stream = made.add_stream(codec)
        stream.metadata["language"] = "eng"
        stream.time_base = TIME_BASE
        stream.codec_context.subtitle_header = (
            b"[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\n[Events]\n"
            b"Format: Layer, Start, End, Style, Text\n"
        )
        made_packets = []
        for index, line in enumerate(lines):
            text = f"{index},0,Default,,0,0,0,,{line}".encode()
            shown = av.subtitles.subtitle.SubtitleSet.create(text, 0, 500, 500 * index)
            packet = stream.codec_context.encode_subtitle(shown)
            packet.time_base, packet.stream, packet.duration = TIME_BASE, stream, 500
            packet.pts = packet.dts = 500 * index
            made_packets.append(packet)
        return made_packets

    return packets


def colorize(source, name="made.mp4", **options):
    """The film that is made of another, in the same folder, and the notes about it."""
    target, notes = source.with_name(name), []
    run.colorize_film(source, target, film_options.FilmOptions(**options), note=notes.append)
    return target, notes


def shown(path):
    """Times in seconds and frames of a film, by the reader that the package does not use."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        return [frame.time for frame in frames], [
            frame.to_ndarray(format="rgb24") for frame in frames
        ]


def packets_of(path, kind):
    """The bytes and times of all packets of the first stream of a kind."""
    with av.open(str(path)) as container:
        stream = container.streams.get({kind: 0})[0]
        return [
            (bytes(packet), packet.pts * packet.time_base)
            for packet in container.demux(stream)
            if packet.dts is not None
        ]


def lightness(rgb):
    return skimage_color.rgb2lab(rgb)[..., 0]


def test_lightness_is_kept_and_color_is_the_networks(tmp_path):
    source = film(tmp_path / "in.mp4", moving(4))
    before = moving(4)
    target, notes = colorize(source, quality=1)
    after = [read.pixels(read.open_film(target), f.picture) for f in frames_of(target)]
    assert notes == []
    lab = skimage_color.rgb2lab(np.stack(after))
    assert np.abs(lab[..., 0] - lightness(before)).mean() < 0.5  # a level is 0.4
    np.testing.assert_allclose(np.median(lab[..., 1:], axis=(0, 1, 2)), (22, -11), atol=1)


def frames_of(path):
    return list(read.frames(read.open_film(path)))


@pytest.mark.parametrize("name", ["made.mp4", "made.mov", "made.mkv"])
def test_times_of_frames_are_kept_however_they_vary(tmp_path, name):
    times = [0, 33, 100, 101, 500, 3000]
    source = film(tmp_path / "in.mkv", moving(6), times=times)
    target, _ = colorize(source, name)
    assert shown(target)[0] == pytest.approx([time / 1000 for time in times], abs=1e-9)


def test_a_film_that_begins_late_begins_at_nought(tmp_path):
    source = film(tmp_path / "in.ts", moving(3), times=[5000, 5040, 5080])
    target, _ = colorize(source)
    assert shown(target)[0] == pytest.approx([0, 0.04, 0.08], abs=1e-4)


def test_sound_is_copied_as_it_is(tmp_path):
    source = film(tmp_path / "in.mp4", moving(25), extra=sound())
    target, notes = colorize(source)
    assert notes == []
    assert packets_of(target, "audio") == packets_of(source, "audio")
    with av.open(str(target)) as container:
        assert container.streams.audio[0].language == "fra"


def test_sound_stays_beside_the_picture_in_a_film_that_begins_late(tmp_path):
    source = film(tmp_path / "in.ts", moving(25), extra=sound())
    target, _ = colorize(source, "made.mkv")

    def gap(path):
        with av.open(str(path)) as container:
            first = {}
            for packet in container.demux(video=0, audio=0):
                if packet.pts is not None:
                    first.setdefault(packet.stream.type, float(packet.pts * packet.time_base))
            return first["audio"] - first["video"]

    assert gap(target) == pytest.approx(gap(source), abs=2e-3)  # Matroska counts milliseconds


@pytest.mark.parametrize("name", ["made.mp4", "made.mov", "made.mkv"])
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_slow_film_keeps_every_frame(tmp_path, name, codec):
    times = [0, 5000, 10_000, 15_000, 20_000, 21_000, 60_000]
    source = film(tmp_path / "in.mkv", moving(7), times=times)
    target, _ = colorize(source, name, codec=codec)
    assert shown(target)[0] == pytest.approx([time / 1000 for time in times])


def without_one(segments, stream, pictures=join._pictures):
    """`join._pictures` that loses a frame."""
    packets = pictures(segments, stream)
    next(packets)
    return packets


def test_a_frame_that_was_not_written_is_an_error_that_keeps_the_parts(tmp_path, monkeypatch, net):
    source = film(tmp_path / "in.mp4", moving(4))
    monkeypatch.setattr(join, "_pictures", without_one)
    with pytest.raises(OSError, match=r"made\.mp4 .*3 of 4 frames.*\.made\.mp4\.parts"):
        colorize(source)
    assert not (tmp_path / "made.mp4").exists()
    monkeypatch.undo()
    monkeypatch.setattr(run.runtimes, "load", lambda model, threads: net)
    net.calls = 0
    assert len(shown(colorize(source)[0])[0]) == 4
    assert net.calls == 0  # the parts were there


def test_a_sound_that_ends_early_is_noticed(tmp_path):
    target, _ = colorize(film(tmp_path / "in.mp4", moving(25), extra=sound()))
    ends = {0: Fraction(24, 25), 1: Fraction(1)}
    assert join.missing(target, 25, ends) is None
    assert "stream 1 ends after 1.0" in join.missing(target, 25, {**ends, 1: Fraction(2)})
    assert "24 frames" in join.missing(target, 24, ends)


def click(*begins, rate=16_000):
    """From each of some times on, in seconds, a second of silence with a click, for `extra`."""

    def packets(made):
        stream = made.add_stream("mp2", rate=rate, layout="mono")
        wave = np.zeros(rate, np.int16)
        wave[rate // 2 :][:200] = 20_000 * (-1) ** np.arange(200)
        encoded = []
        for begin in begins:
            for place in range(0, rate, 1152):  # samples of a packet
                part = wave[None, place : place + 1152]
                frame = av.AudioFrame.from_ndarray(part, "s16", "mono")
                frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
                frame.pts = begin * rate + place
                encoded += stream.encode(frame)
        return encoded + stream.encode(None)

    return packets


def clicks(path):
    """Seconds at which the clicks of a film begin."""
    with av.open(str(path)) as container:
        frames = [(f.time, f.to_ndarray()[0], f.sample_rate) for f in container.decode(audio=0)]
    loud = [
        time + np.flatnonzero(np.abs(wave / np.abs(wave).max()) > 0.3) / rate
        for time, wave, rate in frames
        if np.abs(wave.astype(float)).max() > (0.1 if wave.dtype == np.float32 else 3000)
    ]
    heard = np.concatenate(loud)
    return heard[np.insert(np.diff(heard) > 0.1, 0, True)]


@pytest.mark.parametrize(
    ("suffix", "codec", "base"),
    [
        ("ts", "libx264", TIME_BASE),
        ("ts", "mpeg2video", Fraction(1, 25)),
        ("vob", "mpeg2video", Fraction(1, 25)),
    ],
)
@pytest.mark.parametrize("start", [0, 30], ids=["anew", "ahead"])
@pytest.mark.parametrize("name", ["made.mp4", "made.mkv"])
def test_a_film_whose_times_jump_is_as_long_as_its_parts(
    tmp_path, suffix, codec, base, start, name
):
    source = tmp_path / f"in.{suffix}"
    parts_of_it = [
        film(
            tmp_path / f"{begin}-{index}.{suffix}",
            moving(25),
            times=[round((begin + k / 25) / base) for k in range(25)],
            base=base,
            codec=codec,
            extra=click(begin),
        ).read_bytes()
        for index, begin in enumerate((0, start))
    ]
    source.write_bytes(b"".join(parts_of_it))
    target, _ = colorize(source, name)
    steps = np.diff(shown(target)[0])
    within = np.delete(steps, 24)
    assert within == pytest.approx([0.04] * 48, abs=2e-3)  # Matroska counts milliseconds
    assert steps[24] == pytest.approx(0.04, abs=0.08)  # as much as a packet of sound lasts
    first, second = clicks(target)
    assert second - first == pytest.approx(1, abs=0.08)


def test_a_sound_that_pauses_is_no_jump(tmp_path):
    times = [500 * index for index in range(40)]
    source = film(tmp_path / "in.ts", moving(40), times=times, extra=click(0, 15))
    target, _ = colorize(source)
    assert np.diff(clicks(target)) == pytest.approx([15], abs=0.01)
    assert np.diff(shown(target)[0]) == pytest.approx([0.5] * 39, abs=1e-3)


@pytest.mark.parametrize(
    ("suffix", "codec", "name"),
    [("mkv", "subrip", "made.mp4"), ("mp4", "mov_text", "made.mkv"), ("mkv", "subrip", "made.mkv")],
)
def test_subtitles_come_along(tmp_path, suffix, codec, name):
    words = subtitles(codec, "Good evening,", "good night.")
    source = film(tmp_path / f"in.{suffix}", moving(25), extra=words)
    target, notes = colorize(source, name)
    assert notes == []
    with av.open(str(target)) as container:
        stream = container.streams.subtitles[0]
        assert stream.language == "eng"
        texts = {}
        for packet in container.demux(stream):
            for line in packet.decode() if packet.size > 2 else ():
                words = re.sub(r"\{.*?\}", "", line.dialogue.decode())  # of styles
                texts[float(packet.pts * packet.time_base)] = words
    assert texts == {0: "Good evening,", 0.5: "good night."}


def test_sound_that_the_container_cannot_hold_is_encoded_again_and_named(tmp_path):
    source = film(tmp_path / "in.asf", moving(25), extra=sound("wmav2"))
    target, (note,) = colorize(source)
    assert "stream 1 (audio, wmav2) does not fit into mp4; encoded again as AAC, stereo" in note
    assert "; give a .mkv output to keep it" in note

    def waves(path):
        with av.open(str(path)) as container:
            planes = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        return np.concatenate(planes)[2000:12_000]

    made, given = waves(target), waves(source)
    match = max(np.corrcoef(made[:8000], given[lag : lag + 8000])[0, 1] for lag in range(64))
    assert match > 0.99  # a tone of 63 samples a period
    assert packets_of(target, "audio")[-1][1] == pytest.approx(1, abs=0.15)


def tone(codec, rate, layout):
    """A second of sound that nothing compresses, for `extra`."""

    def packets(made):
        stream = made.add_stream(codec, rate=rate, layout=layout)
        wave = np.sin(np.arange(rate) * 2 * np.pi * 400 / rate).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave[None], "flt", "mono")
        frame.sample_rate = rate
        (resampled,) = av.AudioResampler(stream.format, layout, rate).resample(frame)
        resampled.pts = 0
        return stream.encode(resampled) + stream.encode(None)

    return packets


@pytest.mark.parametrize(
    ("suffix", "codec", "rate", "layout"),
    [
        ("avi", "pcm_s16le", 44_100, "stereo"),  # an AVI does not say which two channels
        ("avi", "pcm_u8", 11_127, "mono"),  # a rate that AAC does not have
        ("mkv", "pcm_s24le", 192_000, "stereo"),
        ("mov", "pcm_s16be", 48_000, "stereo"),
    ],
)
@pytest.mark.parametrize("name", ["made.mp4", "made.mov", "made.mkv"])
def test_plain_sound_is_heard_in_every_container(tmp_path, suffix, codec, rate, layout, name):
    source = film(
        tmp_path / f"in.{suffix}",
        moving(25),
        codec="mjpeg",
        pix_fmt="yuvj420p",
        extra=tone(codec, rate, layout),
    )
    target, notes = colorize(source, name)
    assert all("encoded again as AAC" in note for note in notes)
    with av.open(str(target)) as container:
        made = av.AudioResampler("flt", "mono", 48_000)
        frames = [each for frame in container.decode(audio=0) for each in made.resample(frame)]
        wave = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    assert len(wave) / 48_000 == pytest.approx(1, abs=0.1)
    spectrum = np.abs(np.fft.rfft(wave[4000:40_000]))
    assert np.argmax(spectrum) / 36_000 * 48_000 == pytest.approx(400, abs=2)


@pytest.mark.parametrize("name", ["made.mp4", "made.mov", "made.mkv"])
def test_a_time_code_comes_along(tmp_path, name):
    def coded(made):
        made.streams.video[0].metadata["timecode"] = "10:00:00:00"
        return []

    source = film(tmp_path / "in.mov", moving(12), base=Fraction(1, 12_800), extra=coded)
    with av.open(str(source)) as container:
        assert [stream.type for stream in container.streams] == ["video", "data"]
    target, notes = colorize(source, name)
    if tuple(map(int, av.__version__.split(".")[:2])) < (18, 1) and name != "made.mkv":
        assert ["the time code does not fit" in note for note in notes] == [True]
        return
    assert notes == []
    with av.open(str(target)) as container:
        metadata = {key.lower(): value for key, value in container.streams[0].metadata.items()}
    assert metadata["timecode"] == "10:00:00:00"


def test_names_with_a_colon_are_names(tmp_path):
    folder = tmp_path / "http:"
    folder.mkdir()
    source = film(folder / "film.mp4", moving(2)).rename(folder / "pipe: part 1.mp4")
    target, _ = colorize(source, "data:made.mp4")
    assert len(shown(f"file:{target}")[0]) == 2


def test_the_muxer_is_tried_before_the_first_frame(tmp_path, net):
    source = film(tmp_path / "in.mp4", moving(4))
    with pytest.raises(ValueError, match=r"\.mov cannot hold vp9; give another --codec or output"):
        colorize(source, "made.mov", codec="vp9")
    assert net.calls == 0
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def damaged(path, share):
    """Overwrites sound in a transport stream at a share of its length."""
    content = bytearray(path.read_bytes())
    packets = [
        place
        for place in range(0, len(content), 188)
        if int.from_bytes(content[place + 1 : place + 3], "big") & 0x1FFF == 0x101
    ]
    place = packets[int(share * len(packets))]
    content[place + 8 : place + 188] = bytes(180)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_a_broken_packet_of_sound_is_passed_over(tmp_path, share):
    frames, seconds = np.repeat(moving(50), 10, axis=0), 20
    source = film(tmp_path / "in.ts", frames, extra=sound(seconds=seconds))
    target, notes = colorize(damaged(source, share))
    assert notes == []
    assert packets_of(target, "audio")[-1][1] == pytest.approx(seconds, abs=0.3)
    assert len(packets_of(target, "audio")) > 0.95 * len(packets_of(source, "audio"))


def test_sound_that_cannot_be_decoded_is_told(tmp_path):
    source = film(tmp_path / "in.mkv", moving(25), extra=sound("flac", rate=16_000))
    content = source.read_bytes()
    packets = [packet for packet, _ in packets_of(source, "audio")]
    bad = packets[len(packets) // 2 :]
    for packet in bad:
        content = content.replace(packet, bytes(len(packet)))
    source.write_bytes(content)
    _, notes = colorize(source, "made.mov")
    assert "encoded again as AAC" in notes[0]
    assert f"(audio, flac): {len(bad)} of {len(packets)} packets are damaged" in notes[1]


@pytest.mark.parametrize("name", ["made.mp4", "made.mkv"])
def test_a_stream_without_packets_is_told(tmp_path, name):
    def silent_and_heard(made):
        made.add_stream("ac3", rate=48_000)
        return sound(seconds=1)(made)

    source = film(tmp_path / "in.mkv", moving(25), extra=silent_and_heard)
    target, notes = colorize(source, name)
    assert notes == [f"{source}: stream 1 (audio, ac3) is empty; left out"]
    with av.open(str(target)) as container:
        heard = {p.stream.codec_context.name for p in container.demux() if p.size}
    assert heard == {"h264", "aac"}


def test_the_last_packet_of_sound_is_kept_if_its_length_is_not_known(tmp_path):
    source = film(tmp_path / "in.mkv", moving(25), extra=sound("alac"))
    target, _ = colorize(source)
    with av.open(str(source)) as before, av.open(str(target)) as after:
        lengths = [sum(f.samples for f in each.decode(audio=0)) for each in (before, after)]
    assert lengths[0] == lengths[1]


def test_sound_that_changes_its_channels_is_heard_to_the_end(tmp_path):
    parts_of_it = [
        film(
            tmp_path / f"{layout}.vob",
            moving(25),
            base=Fraction(1, 25),
            codec="mpeg2video",
            extra=tone("pcm_dvd", 48_000, layout),
        ).read_bytes()
        for layout in ("stereo", "mono")
    ]
    source = tmp_path / "in.vob"
    source.write_bytes(b"".join(parts_of_it))
    target, (note,) = colorize(source)
    assert "encoded again as AAC" in note
    with av.open(str(target)) as container:
        heard = [(f.time, np.abs(f.to_ndarray()).max()) for f in container.decode(audio=0)]
    assert max(time for time, loudness in heard if loudness > 0.1) > 1.8


def test_sound_of_an_unknown_kind_is_left_out_for_that_reason(tmp_path):
    source = film(tmp_path / "in.avi", moving(4), codec="mpeg4", extra=tone("pcm_u8", 8000, "mono"))
    content = source.read_bytes()
    place = content.index(b"strf", content.index(b"auds")) + 8  # WAVEFORMATEX's tag
    source.write_bytes(content[:place] + b"\x34\x12" + content[place + 2 :])
    _, (note,) = colorize(source)
    assert note.endswith("(audio) is of a kind that FFmpeg does not know; left out")


def test_a_long_name_has_room_for_the_parts(tmp_path):
    source = film(tmp_path / "in.mp4", moving(2))
    target, _ = colorize(source, "n" * 251 + ".mp4")
    assert len(shown(target)[0]) == 2


def test_what_is_left_out_is_said(tmp_path):
    def more(made):
        second = made.add_stream("mjpeg", rate=25)
        second.height, second.width, second.pix_fmt = 48, 64, "yuvj420p"
        if made.format.name == "matroska":
            made.add_attachment("font.ttf", "font/ttf", b"letters")
        else:
            second.disposition = av.stream.Disposition.attached_pic
        return second.encode(av.VideoFrame.from_ndarray(moving(1)[0]))

    def notes(suffix, made="made.mp4"):
        source = film(tmp_path / f"in.{suffix}", moving(4), extra=more)
        return [note.split(": ")[1] for note in colorize(source, f"{suffix}-{made}")[1]]

    assert notes("mp4") == ["stream 1 (cover, mjpeg) is left out"]
    assert notes("mkv") == [
        "stream 1 (video, mjpeg) is left out",
        "stream 2 (attachment) is left out; give a .mkv output to keep it",
    ]
    assert notes("mkv", "made.mkv") == ["stream 1 (video, mjpeg) is left out"]


def scenes(path, *colors):
    """A film of scenes of 30 frames, gray or in color; its frames."""
    still = [
        colorful_photo(seed, HEIGHT, WIDTH) if in_color else moving(1, seed=seed)[0]
        for seed, in_color in enumerate(colors)
    ]
    frames = np.stack([np.roll(each, shift, 1) for each in still for shift in range(30)])
    return film(path, frames, codec="ffv1", pix_fmt="bgr0"), frames


def difference(path, frames):
    """Mean difference of each frame of a film from what it was made of."""
    made = np.stack(shown(path)[1]).astype(int)
    return np.abs(made - frames).mean(axis=(1, 2, 3))


def test_scenes_that_are_in_color_stay_as_they_are(tmp_path):
    source, frames = scenes(tmp_path / "in.mkv", False, True, False)
    target, (note,) = colorize(source, quality=0)
    before, within, after = difference(target, frames).reshape(3, 30)
    assert within.max() < 8 and before.min() > 10 and after.min() > 10
    assert "in.mkv has scenes in color, which stay as they are; --recolor" in note
    target, notes = colorize(source, "all.mp4", recolor=True)
    assert difference(target, frames).min() > 10 and not notes


def test_a_scene_in_color_may_fade_to_black(tmp_path):
    color = colorful_photo(0, HEIGHT, WIDTH)
    frames = np.stack([color, color // 2, np.zeros_like(color)])
    source = film(tmp_path / "in.mkv", np.concatenate([moving(30), frames]), codec="ffv1")
    target, _ = colorize(source, quality=0)
    made = shown(target)[1]
    assert np.abs(made[-3].astype(int) - frames[0]).mean() < 8
    assert made[-1].max() <= 2


def test_a_film_that_is_wholly_in_color_is_not_written(tmp_path):
    source, _ = scenes(tmp_path / "in.mkv", True, True)
    target, notes = colorize(source, name="made.mkv")
    assert not target.exists() and not list(tmp_path.glob(".*.parts"))
    assert "is in color already; nothing was written; --recolor" in notes[-1]
    target, _ = colorize(source, name="made.mkv", recolor=True)
    assert len(frames_of(target)) == 60


def test_a_film_that_goes_on_after_an_interruption_knows_its_scene(tmp_path, net, monkeypatch):
    source, frames = scenes(tmp_path / "in.mkv", False, True)
    monkeypatch.setattr(run, "SEGMENT_FRAMES", 7)
    monkeypatch.setattr(run, "ASKED", 1)
    net.fail_after = 50  # within the second scene
    with pytest.raises(KeyboardInterrupt):
        colorize(source, quality=0)
    net.fail_after = None
    looked_at = []
    monkeypatch.setattr(run.tone, "is_in_color", looked_at.append)
    target, _ = colorize(source, quality=0)
    assert difference(target, frames)[30:].max() < 8 and not looked_at


def test_a_result_is_not_colorized_again_unless_it_is_asked_for(tmp_path):
    source = film(tmp_path / "in.mp4", moving(4))
    target, _ = colorize(source)
    with pytest.raises(ValueError, match="made.mp4 was colorized already; --recolor"):
        colorize(target, "again.mp4")
    again, _ = colorize(target, "again.mp4", recolor=True)
    assert len(frames_of(again)) == 4


def test_a_film_that_is_not_there_is_bad_input(tmp_path):
    done = CliRunner().invoke(main.cli, ["video", str(tmp_path / "no.mp4")])
    assert done.exit_code == 2 and "no.mp4: No such file or directory" in done.stderr


def test_a_film_needs_no_name(tmp_path):
    source = film(tmp_path / "old film.avi", moving(4), codec="mpeg4", pix_fmt="yuv420p")
    done = CliRunner().invoke(main.cli, ["video", str(source)])
    made = tmp_path / "old film-color.mp4"
    assert done.exit_code == 0 and made.exists()
    assert done.stdout == f"{made}\n"


def interlaced(path, count=12):
    """A film of two fields a frame, the lower first, and the frames that they were taken of."""
    taken = moving(2 * count)  # one for each field
    frames = taken[::2].copy()
    frames[:, ::2] = taken[1::2, ::2]
    return film(path, frames, options={"qp": "0", "x264-params": "interlaced=1:bff=1"}), taken


def test_an_interlaced_film_is_told(tmp_path):
    source, _ = interlaced(tmp_path / "in.mp4")
    (note,) = colorize(source)[1]
    assert "in.mp4 is interlaced" in note and "--deinterlace" in note
    assert colorize(source, "again.mp4", deinterlace=True)[1] == []


def test_deinterlaced_frames_are_those_of_one_moment(tmp_path):
    source, taken = interlaced(tmp_path / "in.mp4")
    known = read.open_film(source)
    whole = list(read.frames(known, deinterlace=True))
    assert [frame.time for frame in whole] == [frame.time for frame in read.frames(known)]
    for index, frame in enumerate(whole[1:-1], 1):
        made, field = np.atleast_3d(read.pixels(known, frame.picture)), taken[2 * index]
        assert np.abs(made[1::2].astype(int) - field[1::2]).max() <= 2  # the first field stays
        combed = taken[2 * index + 1]
        error, of_combs = (np.abs(x.astype(int) - field)[2:-2:2].mean() for x in (made, combed))
        assert error < of_combs / 2
    rest = list(read.frames(known, 5, deinterlace=True))
    assert [frame.time for frame in rest] == [frame.time for frame in whole[5:]]


def test_pictures_for_subtitles_that_the_container_cannot_hold_are_named(tmp_path):
    def blank(made):
        stream = made.add_stream("dvbsub")
        stream.time_base = TIME_BASE
        return []

    source = film(tmp_path / "in.mkv", moving(4), extra=blank)
    (note,) = colorize(source)[1]
    assert "(subtitle, dvbsub) does not fit into mp4, or cannot be decoded; left out" in note


def test_chapters_and_titles_come_along(tmp_path):
    def titled(made):
        made.metadata["title"] = "A film"
        made.metadata["comment"] = "Of 1926"
        times = {"start": 0, "end": 500, "time_base": TIME_BASE}
        made.set_chapters([{"id": 1, **times, "metadata": {"title": "One"}}])
        return []

    target, _ = colorize(film(tmp_path / "in.mkv", moving(25), extra=titled))
    with av.open(str(target)) as container:
        (chapter,) = container.chapters()
        assert chapter["metadata"]["title"] == "One"
        assert chapter["end"] * chapter["time_base"] == Fraction(1, 2)
        metadata = {name.lower(): value for name, value in container.metadata.items()}
        assert metadata["title"] == "A film"
        note = f"Colorized by tfcolor {tfcolor.__version__}; the color is synthetic"
        assert metadata["comment"] == f"Of 1926; {note}"


def test_a_film_says_that_its_color_is_synthetic_unless_told_not_to(tmp_path):
    source = film(tmp_path / "in.mp4", moving(2))
    for provenance in (True, False):
        target, _ = colorize(source, f"{provenance}.mp4", provenance=provenance)
        with av.open(str(target)) as container:
            assert ("synthetic" in container.metadata.get("comment", "")) == provenance


def test_a_rotated_film_is_written_upright(tmp_path):
    source = film(tmp_path / "in.mp4", moving(2), set_display_rotation=90)
    with av.open(str(source)) as container:
        (first, *_) = container.decode(video=0)
        upright = np.rot90(first.to_ndarray(format="rgb24"), first.rotation // 90)
    target, _ = colorize(source, quality=1)
    with av.open(str(target)) as container:
        (first, *_) = container.decode(video=0)
        assert first.rotation == 0
    made = shown(target)[1][0]
    assert made.shape == (WIDTH, HEIGHT, 3)
    assert np.corrcoef(lightness(made).ravel(), lightness(upright).ravel())[0, 1] > 0.99


def test_odd_sides_get_one_more_pixel_and_lose_none(tmp_path):
    source = film(tmp_path / "in.mkv", moving(2, 49, 65), codec="ffv1", pix_fmt="gray")
    made = shown(colorize(source, quality=1)[0])[1][0]
    assert made.shape == (50, 66, 3)
    assert np.abs(lightness(made)[:49, :65] - lightness(moving(2, 49, 65)[0])).mean() < 1
    assert np.abs(made[49].astype(int) - made[48]).mean() < 2


def test_the_shape_of_pixels_is_kept(tmp_path):
    source = film(tmp_path / "in.mp4", moving(2), sample_aspect_ratio=Fraction(4, 3))
    with av.open(str(colorize(source)[0])) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


@pytest.mark.parametrize(
    ("pix_fmt", "color_range"),
    [("gray", 2), ("gray", 1), ("yuv420p", 1), ("yuv420p", 2), ("yuvj420p", 2), ("yuv444p", 1)],
)
def test_levels_are_read_in_their_range(pix_fmt, color_range):
    levels = np.tile(np.arange(16, 236, dtype=np.uint8), (16, 1))
    frame = av.VideoFrame(220, 16, pix_fmt)
    for plane in frame.planes:  # 128 is no color
        rows = np.full((plane.height, plane.line_size), 128, np.uint8)
        plane.update(rows)
    luma = np.zeros((16, frame.planes[0].line_size), np.uint8)
    luma[:, :220] = levels
    frame.planes[0].update(luma)
    frame.color_range = color_range
    known = read.Film("", 0, 220, 16, 0, None, TIME_BASE, 0, Fraction(25), 1)
    expected = levels if color_range == 2 else np.round((levels - 16.0) * 255 / 219)
    pixels = read.pixels(known, frame)
    assert pixels.ndim == 2  # gray is painted faster than equal red, green and blue
    assert np.abs(pixels - expected).max() <= 1
    larger = dataclasses.replace(known, width=440, height=32)  # read by swscale
    resized = read.pixels(larger, frame).reshape(32, 440, -1)
    assert np.abs(resized[8:24:2, 8:-8:2] - expected[4:12, 4:-4, None]).max() <= 2


def test_a_colored_film_is_read_with_the_matrix_that_it_names():
    green = np.full((16, 16, 3), (0, 200, 0), np.uint8)
    known = read.Film("", 0, 16, 16, 0, None, TIME_BASE, 0, Fraction(25), 1)
    for matrix in ("ITU709", "ITU601"):
        frame = av.VideoFrame.from_ndarray(green).reformat(
            format="yuv444p", dst_colorspace=matrix, dst_color_range="MPEG"
        )
        assert np.abs(read.pixels(known, frame).astype(int) - green).max() <= 2


@pytest.mark.parametrize("pix_fmt", ["rgb24", "bgr0", "gbrp", "gbrp10le", "yuv422p10le"])
def test_every_way_to_store_a_color_is_read(pix_fmt):
    green = np.full((16, 16, 3), (40, 200, 120), np.uint8)
    known = read.Film("", 0, 16, 16, 0, None, TIME_BASE, 0, Fraction(25), 1)
    frame = av.VideoFrame.from_ndarray(green).reformat(format=pix_fmt, threads=1)
    assert np.abs(read.pixels(known, frame).astype(int) - green).max() <= 3


def test_the_film_says_how_its_colors_are_meant(tmp_path):
    with av.open(str(colorize(film(tmp_path / "in.mp4", moving(2)))[0])) as container:
        context = container.streams.video[0].codec_context
        tags = (context.colorspace, context.color_primaries, context.color_trc)
        assert (*tags, context.color_range, context.pix_fmt) == (1, 1, 1, 1, "yuv420p")


@pytest.mark.parametrize("codec", film_options.CODECS)
def test_every_codec_keeps_frames_and_times(tmp_path, monkeypatch, codec):
    monkeypatch.setattr(run, "SEGMENT_FRAMES", 3)
    source = film(tmp_path / "in.mkv", moving(7, 64, 64), times=[0, 40, 90, 91, 200, 240, 280])
    target, _ = colorize(source, codec=codec)
    times, frames = shown(target)
    assert times == pytest.approx([0, 0.04, 0.09, 0.091, 0.2, 0.24, 0.28], abs=1e-6)
    for made, given in zip(frames, moving(7, 64, 64), strict=True):
        assert np.corrcoef(made.mean(axis=-1).ravel(), given[..., 0].ravel())[0, 1] > 0.97
    assert os.sched_getscheduler(0) == os.SCHED_OTHER  # SVT-AV1 asks for real time where it may


def test_motion_is_followed():
    picture = cv2.GaussianBlur(
        np.random.default_rng(0).uniform(-1, 1, (96, 128)).astype(np.float32), (0, 0), 3
    )
    picture /= np.abs(picture).max()
    before, now = picture[4:84, 6:106], picture[6:86, 3:103] + 0.05  # by (-3, 2), and brighter
    where, trust = smooth.follow(before, now)
    y, x = np.mgrid[:80, :100]
    inside = np.s_[10:-10, 10:-10]
    np.testing.assert_allclose(where[..., 0][inside], (x - 3)[inside], atol=0.3)
    np.testing.assert_allclose(where[..., 1][inside], (y + 2)[inside], atol=0.3)
    assert trust[inside].mean() > 0.9
    assert trust[:, 0].max() == 0  # which came into view


def scene(index):
    """l of a photograph as it moves, under changing light: two frames, float32 (96, 128)."""
    path = sorted(samples.FOLDER.glob("*.jpg"))[index]
    gray = np.asarray(Image.open(path).convert("L").resize((140, 140))).astype(np.float32)
    grain = np.random.default_rng(index).normal(0, 0.02, (2, 96, 128)).astype(np.float32)
    l = gray / 127.5 - 1
    return l[4:100, 4:132] + grain[0], l[5:101, 6:134] * 0.95 + 0.03 + grain[1]


def test_cuts_are_found_and_nothing_else():
    scenes = [scene(index) for index in range(8)]
    for index, (before, now) in enumerate(scenes):
        assert not smooth.is_cut(smooth.follow(before, now)[1])
        assert smooth.is_cut(smooth.follow(scenes[index - 1][1], now)[1])


def constant(*ab):
    """A plane of one color; float32 (96, 128, 2)."""
    return np.full((96, 128, 2), ab, np.float32)


def test_colors_start_anew_after_a_cut():
    before = smooth.steady(None, scene(0)[0], constant(0.5, 0.3), 0.9)
    blue = constant(0.1, -0.6)
    assert smooth.steady(before, scene(1)[0], blue, 0.9).ab is blue
    assert np.abs(smooth.steady(before, scene(0)[1], blue, 0.9).ab - blue).mean() > 0.2


def test_smoothing_of_nought_changes_nothing():
    before = smooth.steady(None, scene(0)[0], constant(0.5, 0.3), 0)
    blue = constant(0.1, -0.6)
    assert smooth.steady(before, scene(0)[1], blue, 0).ab is blue


@pytest.mark.parametrize("smoothing", [0.0, 0.9])
def test_a_scene_begins_after_a_cut_alone(smoothing):
    now, begins = None, []
    for l in (*scene(0), *scene(1)):
        now = smooth.steady(now, l, constant(0.1, 0), smoothing)
        begins.append(now.begins_scene)
    assert begins == [True, False, True, False]


def test_the_first_frames_of_a_still_picture_are_averaged_and_later_ones_weigh_less():
    now, l = None, scene(0)[0]
    for red in (0.1, 0.2, 0.3):
        now = smooth.steady(now, l, constant(red, 0), 0.6)
    assert now.ab[10:-10, 10:-10, 0] == pytest.approx(0.6 * 0.15 + 0.4 * 0.3, abs=1e-3)


def test_a_flickering_network_gets_steady_and_stays_true():
    rng = np.random.default_rng(0)
    frames = [frame[..., 0].astype(np.float32) / 127.5 - 1 for frame in moving(30, 64, 96)]
    true = np.float32([0.2, -0.1])
    seen = [np.tile(true + rng.normal(0, 0.1, 2), (64, 96, 1)).astype(np.float32) for _ in frames]
    steadied, now = [], None
    for l, ab in zip(frames, seen, strict=True):
        now = smooth.steady(now, l, ab, 0.8)
        steadied.append(now.ab)

    def flicker(planes):
        return np.mean([np.abs(a - b).mean() for a, b in itertools.pairwise(planes)])

    assert flicker(steadied) < flicker(seen) / 3  # 1 - 0.8, and the noise of one instead of two
    assert np.abs(np.stack(steadied) - true).mean() < np.abs(np.stack(seen) - true).mean() / 1.5


def panned(count, step):
    """l of a view that moves over a photograph, and x of its left side; (n, 96, 128)."""
    path = sorted(samples.FOLDER.glob("*.jpg"))[0]
    wide = Image.open(path).convert("L").resize((128 + count * step, 96))
    gray = np.asarray(wide).astype(np.float32) / 127.5 - 1
    return [(gray[:, left : left + 128], left) for left in range(0, count * step, step)]


def test_the_first_guess_of_a_scene_holds_where_it_stays_in_view():
    now = None
    for place, (l, _) in enumerate(panned(30, 1)):
        now = smooth.steady(now, l, constant(0.1 + 0.01 * place, 0), 0.9)
    first = np.mean([0.1 + 0.01 * place for place in range(smooth.FIRST)])
    assert (np.abs(now.ab[10:-10, 40:-40, 0] - first) < 0.02).mean() > 0.8  # the mean is 0.2 more
    assert now.ab[10:-10, -8:, 0].mean() > 0.3  # which came into view at last


def test_a_guess_is_made_anew_when_most_of_it_has_left_the_view():
    now = None
    for l, left in panned(40, 4):
        now = smooth.steady(now, l, constant(0.1 if left < 64 else 0.4, 0), 0.9)
    assert np.median(now.ab[10:-10, 10:-10, 0]) == pytest.approx(0.4, abs=0.03)


def test_what_was_hidden_has_its_colors_of_before_again():
    now = None
    for place, (l, _) in enumerate(panned(24, 1)):
        covered, red = l.copy(), constant(0.1, 0)
        if 8 <= place < 16:
            covered[20:70, 40:90], red[20:70, 40:90] = 0.9, 0.5
        elif place >= 16:
            red += 0.3  # the network has changed its mind
        now = smooth.steady(now, covered, red, 0.9)
    assert np.median(now.ab[25:65, 45:80, 0]) == pytest.approx(0.1, abs=0.06)


def test_frames_whose_colors_are_given_do_not_hold_the_guess():
    now = None
    for place, (l, _) in enumerate(panned(30, 1)):
        now = smooth.steady(now, l, constant(0.1 + 0.01 * place, 0), 0.5, np.ones((96, 128)))
    assert (np.abs(now.ab[10:-10, 40:-40, 0] - 0.38) < 0.02).mean() > 0.95


def test_colors_are_asked_for_where_those_before_cannot_be_carried_on():
    asked, now = [], None

    def ask(place):
        asked.append(place)
        return constant(0.1 + 0.01 * place, 0)

    frames = [*panned(12, 1)[:12], *panned(14, 40)[12:]]  # at last, it moves too fast
    for place, l in enumerate([*(l for l, _ in frames), scene(1)[0]]):
        now = smooth.steady(now, l, functools.partial(ask, place), 0.9)
    assert asked == [*range(smooth.FIRST + 1), 12, 13, 14]
    assert now.begins_scene  # the last frame is of another picture
    still = smooth.steady(now, scene(1)[0], functools.partial(ask, 15), 0)
    assert asked[-1] == 15  # nothing is carried on without smoothing
    assert np.allclose(still.ab[..., 0], 0.25)


def test_most_frames_of_a_calm_film_do_not_need_the_network(tmp_path, net):
    source, calm = tmp_path / "film.mkv", moving(40, 192, 256)
    net.size = 96
    film(source, calm)
    assert run.colorize_film(source, tmp_path / "color.mkv", film_options.FilmOptions())
    first = smooth.FIRST + 1
    assert net.calls == first + (40 - first) // run.ASKED
    net.calls = 0
    options = film_options.FilmOptions(smoothing=0)
    assert run.colorize_film(source, tmp_path / "each.mkv", options)
    assert net.calls == 40


def test_what_a_key_frame_gave_is_carried_on_where_later_ones_do_not_fit():
    now, everywhere, nowhere = None, np.ones((96, 128)), np.zeros((96, 128))
    for place, (l, _) in enumerate(panned(24, 1)):
        red = constant(0.5 if place == 8 else 0.1, 0)
        now = smooth.steady(now, l, red, 0.5, everywhere if place == 8 else nowhere)
    assert np.median(now.ab[10:-10, 40:-40, 0]) > 0.25  # the mean of 0.5 and what was before


def test_work_runs_ahead_by_few_frames_and_keeps_their_order():
    taken = []

    def items():
        for item in range(100):
            taken.append(item)
            yield item

    with run.futures.ThreadPoolExecutor(2) as pool:
        done = run._in_order(pool, lambda item: -item, items())
        assert next(done) == 0
        assert len(taken) <= run.WORKERS + 1
        assert list(done) == [-item for item in range(1, 100)]


def test_an_interrupted_film_is_the_film_made_in_one_go(tmp_path, monkeypatch, net):
    monkeypatch.setattr(run, "SEGMENT_FRAMES", 10)
    monkeypatch.setattr(run, "ASKED", 1)
    source = film(tmp_path / "in.mp4", moving(36), extra=sound(seconds=2))
    whole, _ = colorize(source, "whole.mp4")
    net.calls, net.fail_after = 0, 25 + 2 * run.WORKERS
    with pytest.raises(KeyboardInterrupt):
        colorize(source, "made.mp4")
    assert not (tmp_path / "made.mp4").exists()
    done = len(parts.segments(tmp_path / ".made.mp4.parts"))
    assert done in (2, 3)
    net.calls, net.fail_after = 0, None
    steps = []
    run.colorize_film(
        source,
        tmp_path / "made.mp4",
        film_options.FilmOptions(),
        progress=lambda *step: steps.append(step),
    )
    assert net.calls == 36 - 10 * done
    assert steps[-1] == (36 - 10 * done, 36 - 10 * done)
    times, frames = shown(tmp_path / "made.mp4")
    assert times == shown(whole)[0]
    for made, expected in zip(frames, shown(whole)[1], strict=True):
        assert np.abs(made.astype(int) - expected).mean() < 1  # x264 is not always exact itself
    assert packets_of(tmp_path / "made.mp4", "audio") == packets_of(source, "audio")
    assert not (tmp_path / ".made.mp4.parts").exists()


def test_a_film_goes_on_as_if_it_had_not_stopped(tmp_path):
    def net(l):
        return np.stack([np.sin(40 * l), np.cos(30 * l)], axis=-1) / 4

    net.size, net.stride = 32, 8
    known = read.open_film(film(tmp_path / "in.mp4", moving(12)))
    about = (
        net,
        known,
        film_options.FilmOptions(),
        key_frames.KeyFrames(None, known, net, rendering.Rendering()),
    )
    whole = list(run._colorized(*about, 0, None))
    rest = list(run._colorized(*about, 5, whole[4].moment))
    assert [made.place for made in rest] == list(range(5, 12))
    for made, expected in zip(rest, whole[5:], strict=True):
        np.testing.assert_array_equal(made.moment.ab, expected.moment.ab)
        np.testing.assert_array_equal(made.picture.to_ndarray(), expected.picture.to_ndarray())


def test_parts_of_other_settings_or_another_film_are_not_used(tmp_path, monkeypatch, net):
    monkeypatch.setattr(run, "SEGMENT_FRAMES", 5)
    monkeypatch.setattr(run, "ASKED", 1)
    source = film(tmp_path / "in.mp4", moving(30))
    for change in ("settings", "film"):
        net.calls, net.fail_after = 0, 8 + 2 * run.WORKERS
        with pytest.raises(KeyboardInterrupt):
            colorize(source, f"{change}.mp4")
        net.calls, net.fail_after = 0, None
        if change == "film":
            film(source, moving(30, seed=1))
        colorize(source, f"{change}.mp4", saturation=0.5 if change == "settings" else 1.0)
        assert net.calls == 30


def test_two_processes_do_not_make_one_film(tmp_path):
    source = film(tmp_path / "in.mp4", moving(2))
    with parts.opened(tmp_path / "made.mp4", {}):
        with pytest.raises(ValueError, match=r"made\.mp4 is being made by another process"):
            colorize(source)


def sound_only(path):
    with av.open(str(path), "w") as made:
        made.mux(sound()(made))


def cover_only(path):
    with av.open(str(path), "w") as made:
        picture = made.add_stream("mjpeg", rate=1)
        picture.height, picture.width, picture.pix_fmt = 48, 64, "yuvj420p"
        picture.disposition = av.stream.Disposition.attached_pic
        packets = sound()(made)
        made.mux(picture.encode(av.VideoFrame.from_ndarray(moving(1)[0])))
        made.mux(packets)


BROKEN = {
    "text.mp4": lambda path: path.write_text("no film"),
    "empty.mp4": lambda path: path.write_bytes(b""),
    "sound.mp4": sound_only,
    "cover.mp4": cover_only,
    "tiny.mkv": lambda path: film(path, moving(2, 8, 8), codec="ffv1"),
    "folder.mp4": lambda path: path.mkdir(),
    "missing.mp4": lambda path: None,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_film_is_one_line_with_its_name(tmp_path, name):
    BROKEN[name](tmp_path / name)
    with pytest.raises((ValueError, OSError), match=name):
        colorize(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} <= {name}


def test_a_truncated_film_is_colorized_as_far_as_it_goes(tmp_path):
    whole = film(tmp_path / "whole.mkv", moving(30)).read_bytes()
    source = tmp_path / "in.mkv"
    source.write_bytes(whole[: len(whole) * 2 // 3])
    assert 5 < len(shown(colorize(source)[0])[0]) < 30


@pytest.mark.parametrize(
    ("target", "reason"),
    [("in.mp4", "would be overwritten"), ("made.avi", "must end in"), ("old.mp4", "--overwrite")],
)
def test_a_target_that_cannot_be_is_refused(tmp_path, target, reason):
    source = film(tmp_path / "in.mp4", moving(2))
    (tmp_path / "old.mp4").write_bytes(b"old")
    before = source.read_bytes()
    with pytest.raises(ValueError, match=reason):
        colorize(source, target)
    assert source.read_bytes() == before


def test_a_target_that_cannot_be_written_is_named(tmp_path):
    source = film(tmp_path / "in.mp4", moving(2))
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"made\.mp4"):
        run.colorize_film(source, tmp_path / "file" / "made.mp4", film_options.FilmOptions())


@pytest.mark.parametrize(
    "wrong", [{"codec": "divx"}, {"smoothing": 1.0}, {"quality": 52}, {"size": 0}, {"strength": 2}]
)
def test_options_out_of_range_are_refused_by_name(tmp_path, wrong):
    source = film(tmp_path / "in.mp4", moving(2))
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}.* must be"):
        colorize(source, **wrong)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_the_command_tells_what_was_left_out(tmp_path):
    source = film(tmp_path / "in.asf", moving(4), extra=sound("wmav2"))
    arguments = [
        str(source),
        "-o",
        str(tmp_path / "made.mp4"),
        "--smoothing",
        "0",
        "--quality",
        "30",
    ]
    done = CliRunner().invoke(main.video.video, arguments)
    assert done.exit_code == 0
    assert "Note: " in done.stderr and "wmav2" in done.stderr
    assert len(shown(tmp_path / "made.mp4")[0]) == 4


def test_films_are_colorized_without_tensorflow():
    program = "import sys, tfcolor.video.run; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], env={**os.environ}).returncode == 0
