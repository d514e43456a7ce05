"""Draws areas on held-out pictures over minutes: learning_curves.png from learning_curves.csv.

python results/longer_trainings/learning_curves.py <folder> [<folder for the figure>]

The folder is one of results/ that contains learning_curves.csv. This file, and the cost of each
training in learning_curves.json, were read from the logs of run folders that are not kept, by
`rnn-codec learning-curves` of commit 5955632.
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from rnn_codec.figures import COLOURS, style_axes

TITLES = {"ms_ssim": "area under MS-SSIM", "psnr": "area under PSNR (dB bpp)"}
SHOWN_FROM = 0.25
"""Share of a training's time after which its points must be inside the figure. Earlier points lie
far below and would flatten the curves."""


def main(record: Path, folder: Path) -> None:
    """Draw the curves of a record, on a logarithmic axis for trainings of minutes and hours."""
    curves = defaultdict(list)
    with (record / "learning_curves.csv").open(newline="", encoding="utf-8") as file:
        for point in csv.DictReader(file):
            curves[point["name"]].append(point)
    figure = Figure(figsize=(11, 4.4), layout="constrained", dpi=130)
    for metric, axes in zip(TITLES, figure.subplots(1, len(TITLES)), strict=True):
        late: list[float] = []
        axes.set_prop_cycle(cycler(linestyle=["-", "--", ":"]) * cycler(color=COLOURS))
        for name, points in curves.items():
            minutes = [float(point["minutes"]) for point in points]
            values = [float(point[metric]) for point in points]
            shown = zip(minutes, values, strict=True)
            late += [value for minute, value in shown if minute >= SHOWN_FROM * minutes[-1]]
            axes.plot(minutes, values, marker="o", label=name, markersize=4)
        margin = (max(late) - min(late)) / 10
        axes.set_ylim(min(late) - margin, max(late) + margin)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("minutes of training")
        axes.set_ylabel(TITLES[metric])
        style_axes(axes)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside right", frameon=False)
    figure.savefig(folder / "learning_curves.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[-1]))
