"""Figures: curves, and pictures side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rnn_codec.files import atomic_path
from rnn_codec.metrics.curve import Curve
from rnn_codec.metrics.scores import DECIBELS, SCORES, in_documents

COLOURS = ("#c8102e", "#4c4c4c", "#1f77b4", "#2a9d5c", "#e08a00", "#8a5cc2", "#8c564b")
"""Line colours: first that of the codec in question, then those of the thin dashed lines."""
PANEL_INCHES = 13 / 3
ACROSS = 3
"""Pictures in a row."""
PICTURE_INCHES = 4.2


def style_axes(axes: Axes) -> None:
    """Give axes a light grid, and remove the frame at the top and on the right."""
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)


def draw_savings(path: Path, savings: Mapping[str, Curve]) -> None:
    """Plot how much of the nominal rate each entropy coder saves (`Record.savings`)."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained", dpi=130)
    axes = figure.subplots()
    for label, curve in savings.items():
        percent = [100 * saving for saving in curve.scores["saving"]]
        axes.plot(curve.bpp, percent, "o-", markersize=4, label=label)
    axes.set_xlabel("bits per pixel before entropy coding")
    axes.set_ylabel("saved by entropy coding, % (header included)")
    axes.legend(frameon=False)
    style_axes(axes)
    with atomic_path(path) as partial:
        figure.savefig(partial)


def draw_curves(
    path: str | Path, title: str, curves: Sequence[tuple[str, Curve]], note: str = ""
) -> None:
    """Plot (label, curve) pairs over bits per pixel; the suffix of `path` selects the format.

    There is a panel for each metric that documents show and the first curve has. The first curve
    belongs to the codec in question and sets the range of rates; the others are for comparison.
    """
    metrics = [metric for metric in in_documents() if metric in curves[0][1].scores]
    size = (PANEL_INCHES * len(metrics), 4.4)
    figure = Figure(figsize=size, layout="constrained", dpi=130)
    figure.suptitle(title, fontsize=13, fontweight="bold")
    highest = 1.04 * max(curves[0][1].bpp)
    panels = figure.subplots(1, len(metrics), squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=True):
        _draw_panel(axes, metric, curves, highest)
        axes.set_ylabel(f"{SCORES[metric].title} ({DECIBELS})")
    figure.axes[0].legend(loc="lower right", frameon=False, fontsize=9)
    if note:
        figure.supxlabel(note, fontsize=8, color="#777777")
    with atomic_path(path) as partial:
        figure.savefig(partial)


def _draw_panel(
    axes: Axes, metric: str, curves: Sequence[tuple[str, Curve]], highest: float
) -> None:
    """Plot one metric of all curves, without the points beyond the rate `highest`."""
    for index, (label, curve) in enumerate(curves):
        if metric not in curve.scores:
            continue
        bpp, values = np.asarray(curve.bpp), SCORES[metric].decibels(curve.scores[metric])
        axes.plot(
            *_up_to(highest, bpp, values),
            "o-" if index == 0 else "--",
            color=COLOURS[index % len(COLOURS)],
            label=label,
            linewidth=2.0 if index == 0 else 1.4,
            markersize=4,
            zorder=10 - min(index, 5),
        )
    axes.set_xlim(0, highest)
    axes.set_xlabel("bits per pixel")
    style_axes(axes)


def _up_to(
    highest: float, bpp: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cut a curve at `highest`, so that the vertical range fits the visible part."""
    order = np.argsort(bpp, kind="stable")
    bpp, values = bpp[order], values[order]
    inside = bpp < highest
    if inside.all() or not inside.any():
        return bpp[inside], values[inside]
    end = np.interp(highest, bpp, values)
    return np.append(bpp[inside], highest), np.append(values[inside], end)


def draw_pictures(path: Path, labelled: Sequence[tuple[str, NDArray[np.uint8]]]) -> None:
    """Draw labelled pictures (H, W, 3) of one size; the suffix of `path` selects the format."""
    rows = -(-len(labelled) // ACROSS)
    height, width = labelled[0][1].shape[:2]
    size = (PICTURE_INCHES * ACROSS, (PICTURE_INCHES * height / width + 0.3) * rows)
    figure = Figure(figsize=size, layout="constrained", dpi=110)
    for place, (label, pixels) in enumerate(labelled, start=1):
        axes = figure.add_subplot(rows, ACROSS, place)
        axes.imshow(pixels)
        axes.set_title(label, fontsize=10)
        axes.set_axis_off()
        # Otherwise tick labels, which are not drawn, would still be measured a dozen times each.
        axes.xaxis.set_visible(False)
        axes.yaxis.set_visible(False)
    with atomic_path(path) as partial:
        figure.savefig(partial)
