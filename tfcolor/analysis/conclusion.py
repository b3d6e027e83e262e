"""Conclusions from the statistics, as sentences; every threshold is a constant of this module."""

from typing import Any

from tfcolor.analysis import statistics

RARE = 0.05  # share of photographs; a brightness class with fewer is rare
HARMLESS_SHIFT = 2.0  # L*; preprocessing that changes mean and spread by less may always be on
HARMLESS_CLIPPING = 0.01  # share of pixels that harmless preprocessing may clip in addition
LARGEST_CHANGE = 20.0  # L*, mean absolute; a method that changes more is no augmentation
LIKE_LSTAR = 2.0  # L*, mean absolute distance; a gray conversion this close counts as L*
NEUTRAL_SHARE = 0.3  # share of pixels; above it, a loss over color bins needs rebalancing
BIG_ENOUGH = 0.9  # share of photographs whose short side is not enlarged in training


def conclude(report: dict[str, Any]) -> list[str]:
    """The conclusions, each a sentence with numbers.

    Args:
      report: the report of `study.analyze` without its conclusion.
    """
    if not _left(report):
        return [_dropped(report)]
    return [
        _dropped(report),
        _size(report),
        _preprocessing(report["preprocessing"]),
        _gray(report["gray_methods"]),
        _brightness(report),
        _color(report),
    ]


def _left(report: dict[str, Any]) -> int:
    return report["found"] - report["skipped"]["count"] - report["gray"]["count"]


def _dropped(report: dict[str, Any]) -> str:
    found, left = report["found"], _left(report)
    gray, sepia = report["gray"]["count"], report["sepia"]["count"]
    skipped = report["skipped"]["count"]
    kinds = ((gray, "gray, which teaches no color"), (skipped, "broken or tiny"))
    dropped = " and ".join(f"{count} {kind}" for count, kind in kinds if count)
    text = f"Train on {left} of {found} photographs ({_percent(left / found)})"
    text += f"; training drops the others: {dropped}." if dropped else "."
    if sepia:
        text += f" Look at {sepia} of sepia or one brown hue, and take the sepia ones out."
    return text


def _size(report: dict[str, Any]) -> str:
    shares = report["large_enough"]
    fits = [size for size in statistics.IMAGE_SIZES if shares[str(size)] >= BIG_ENOUGH]
    size = fits[0] if fits else statistics.IMAGE_SIZES[-1]
    median = report["photographs"]["short_side"]["median"]
    return (
        f"Train at {size} pixels or less: the short side is at least that in "
        f"{_percent(shares[str(size)])} of the photographs, and its median is {median:.0f}."
    )


def _preprocessing(rows: list[dict[str, Any]]) -> str:
    before, harmless, augmentation, too_much = rows[0], [], [], []
    for row in rows[1:]:
        shift = max(abs(row[name] - before[name]) for name in ("mean", "std"))
        clipping = row["clipped"] - before["clipped"]
        note = f"{row['method']} (L* changed by {row['change']:.1f})"
        if shift <= HARMLESS_SHIFT and clipping <= HARMLESS_CLIPPING:
            harmless.append(note)
        elif row["change"] <= LARGEST_CHANGE:
            augmentation.append(note)
        else:
            too_much.append(note)
    start = (
        f"{_list(harmless)} would be harmless as preprocessing of every photograph"
        if harmless
        else "Feed the network L* as it is: it is kept in the result, and every preprocessing "
        f"moves its mean ({before['mean']:.1f}) or contrast ({before['std']:.1f}) by more than "
        f"{HARMLESS_SHIFT:.0f} or clips {_percent(HARMLESS_CLIPPING)} more pixels"
    )
    return (
        f"{start}. As augmentation: {_list(augmentation)}. Too much even for that, over "
        f"{LARGEST_CHANGE:.0f}: {_list(too_much)}."
    )


def _gray(rows: list[dict[str, Any]]) -> str:
    others = sorted(rows[1:], key=lambda row: row["distance"])
    near = [row for row in others if row["distance"] <= LIKE_LSTAR]
    far = [row for row in others if row["distance"] > LIKE_LSTAR]

    def names(chosen: list[dict[str, Any]]) -> str:
        return _list([f"{row['method']} ({row['distance']:.1f})" for row in chosen])

    return (
        f"Convert to gray by L*. {names(near)} are within {LIKE_LSTAR:.0f} L* of it on average and "
        f"need no training of their own. Train with the films among the others, which real "
        f"photographs were taken on (--set film=SHARE): {names(far)}."
    )


def _brightness(report: dict[str, Any]) -> str:
    classes = report["brightness"]
    shares = ", ".join(
        f"{name} {_percent(each['share'])}" for name, each in classes.items() if each["count"]
    )
    rare = [name for name, each in classes.items() if each["share"] < RARE]
    advice = (
        f"add photographs where they are rare: {_list(rare)}"
        if rare
        else f"none is rarer than {_percent(RARE)}"
    )
    return f"By brightness ({shares}), {advice}."


def _color(report: dict[str, Any]) -> str:
    share = report["pixels"]["neutral_share"]
    median = report["photographs"]["colorfulness"]["median"]
    dull = report["dull_share"]
    dullest = (
        f", and it is under {statistics.DULL:.0f} in {_percent(dull)} of the photographs"
        if dull
        else ""
    )
    advice = (
        "a mean error would paint gray: rebalance the color classes"
        if share >= NEUTRAL_SHARE
        else "the color classes need no rebalancing"
    )
    return (
        f"The median colorfulness is {median:.1f}{dullest}. {_percent(share)} of the pixels have a "
        f"chroma under 10; {advice}."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _list(items: list[str]) -> str:
    return ", ".join(items) or "none"
