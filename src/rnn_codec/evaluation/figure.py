"""The rate–distortion figure."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from rnn_codec.evaluation.curve import Curve

PANELS = (("psnr", "PSNR (dB)"), ("ms_ssim", "MS-SSIM (dB)"), ("psnr_hvs", "PSNR-HVS (dB)"))
COLOURS = ("#c8102e", "#4c4c4c", "#1f77b4", "#2a9d5c", "#e08a00", "#8a5cc2")
"""The first for the codec in question; those beside it are thinner and dashed."""
HIGHEST_MS_SSIM = 1 - 1e-6


def ms_ssim_decibels(ms_ssim: ArrayLike) -> NDArray[np.float64]:
    """Return −10 log10(1 − MS-SSIM), which spreads out the values near 1; at most 60 dB.

    >>> ms_ssim_decibels([0.9, 0.99]).round(6).tolist()
    [10.0, 20.0]
    """
    return -10 * np.log10(1 - np.minimum(np.asarray(ms_ssim), HIGHEST_MS_SSIM))


def draw_curves(
    path: str | Path, title: str, curves: Sequence[tuple[str, Curve]], note: str = ""
) -> None:
    """Draw (label, curve) pairs in three panels over bits per pixel; the suffix names the format.

    The first curve is the one in question and sets the range of rates, the others are beside it.
    """
    figure = Figure(figsize=(13, 4.4), layout="constrained", dpi=130)
    figure.suptitle(title, fontsize=13, fontweight="bold")
    highest = 1.04 * max(curves[0][1].bpp)
    for axes, (metric, label) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        _draw_panel(axes, metric, curves, highest)
        axes.set_ylabel(label)
    figure.axes[0].legend(loc="lower right", frameon=False, fontsize=9)
    if note:
        figure.supxlabel(note, fontsize=8, color="#777777")
    figure.savefig(path)


def _draw_panel(
    axes: Axes, metric: str, curves: Sequence[tuple[str, Curve]], highest: float
) -> None:
    """Draw one metric of all curves, without the points beyond the rate `highest`."""
    for index, (label, curve) in enumerate(curves):
        bpp, values = np.asarray(curve.bpp), np.asarray(getattr(curve, metric))
        if metric == "ms_ssim":
            values = ms_ssim_decibels(values)
        style = "o-" if index == 0 else "--"
        colour = COLOURS[index % len(COLOURS)]
        axes.plot(
            *_up_to(highest, bpp, values),
            style,
            color=colour,
            label=label,
            linewidth=2.0 if index == 0 else 1.4,
            markersize=4,
            zorder=10 - min(index, 5),
        )
    axes.set_xlim(0, highest)
    axes.set_xlabel("bits per pixel")
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)


def _up_to(
    highest: float, bpp: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cut a curve at `highest`, so that the vertical range fits what is seen."""
    order = np.argsort(bpp, kind="stable")
    bpp, values = bpp[order], values[order]
    inside = bpp < highest
    if inside.all() or not inside.any():
        return bpp[inside], values[inside]
    end = np.interp(highest, bpp, values)
    return np.append(bpp[inside], highest), np.append(values[inside], end)
