"""Extrapolates trainings: fits a power law to the last points of those in learning_curves.csv.

python results/extrapolation/extrapolate.py [<folder for extrapolation.json and .png>]

The distance of a loss from its limit falls by the same factor with each doubling of the
computation, over many doublings [Kaplan et al. 2020, Scaling laws for neural language models].
Here it is the distance of an area from the area of perfect pictures. Computation is counted in
steps of one recipe, which all cost the same; minutes would include other load on the machine.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from rnn_codec.figures import COLOURS, style_axes
from rnn_codec.files import write_json
from rnn_codec.metrics.curve import HIGHEST_BPP, LOWEST_BPP
from rnn_codec.metrics.psnr import HIGHEST_DECIBELS

FOLDER = Path(__file__).parent
LONGER = (20_000, 100_000)
RATES = HIGHEST_BPP - LOWEST_BPP
LIMITS = {"ms_ssim": RATES, "psnr": HIGHEST_DECIBELS * RATES}
TITLES = {"ms_ssim": "area under MS-SSIM", "psnr": "area under PSNR (dB bpp)"}


def power_law(steps: list[int], areas: list[float], limit: float) -> dict[str, float]:
    """Fit area = limit − factor · steps^−exponent by least squares of log(limit − area)."""
    lacks = np.log(limit - np.asarray(areas))
    slope, intercept = np.polyfit(np.log(steps), lacks, 1)
    return {"limit": limit, "factor": float(np.exp(intercept)), "exponent": -float(slope)}


def area(law: dict[str, float], steps: int) -> float:
    """Return the area that a law predicts after the given number of steps."""
    return float(law["limit"] - law["factor"] * steps ** -law["exponent"])


def main(folder: Path) -> None:
    """Fit the power laws, write them and draw them."""
    with (FOLDER / "learning_curves.csv").open(newline="", encoding="utf-8") as file:
        ends = {line["name"]: line for line in csv.DictReader(file)}.values()
    measured = {int(end["step"]): {m: float(end[m]) for m in LIMITS} for end in ends}
    laws = {
        metric: power_law(list(measured), [areas[metric] for areas in measured.values()], limit)
        for metric, limit in LIMITS.items()
    }
    trainings = [
        {
            "steps": steps,
            "measured": measured.get(steps),
            "fitted": {metric: area(law, steps) for metric, law in laws.items()},
        }
        for steps in (*sorted(measured), *LONGER)
    ]
    write_json(folder / "extrapolation.json", {"power_laws": laws, "trainings": trainings})
    figure = Figure(figsize=(11, 4.4), layout="constrained", dpi=130)
    for metric, axes in zip(LIMITS, figure.subplots(1, len(LIMITS)), strict=True):
        ends_of = [areas[metric] for areas in measured.values()]
        axes.plot(list(measured), ends_of, "o", color=COLOURS[0], label="measured")
        steps = [*sorted(measured), *LONGER]
        fitted = [area(laws[metric], n) for n in steps]
        axes.plot(steps, fitted, "--", color=COLOURS[1], label="power law")
        axes.set_xscale("log")
        axes.set_xlabel("steps of training")
        axes.set_ylabel(TITLES[metric])
        style_axes(axes)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside right", frameon=False)
    figure.savefig(folder / "extrapolation.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
