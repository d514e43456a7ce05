"""How the model learnt: learning.csv and learning.png, from the logs next to its weights.

python results/wavelet/learning.py [<folder for both>]

The logs have no clock, but crops per second: hours are the sum of crops over crops per second.
"""

import csv
import sys
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

import rnn_codec
from rnn_codec.figures import COLOURS, style_axes
from rnn_codec.runs.cost import read_cost

MODEL = Path(rnn_codec.__file__).parent / "zoo" / "wavelet"
TRAININGS = {
    "prior": (MODEL, "{}_auc", ("area under PSNR (dB bpp)", "area under MS-SSIM")),
    "restoration": (
        *(MODEL / "recon" / "one_shot", "{}_gain"),
        ("gained in PSNR (dB)", "gained in MS-SSIM"),
    ),
}
"""Folder, how its log names a score, and what the score is."""
SCORES = ("psnr", "ms_ssim")


class Point(NamedTuple):
    """A validation: the hours and steps of training before it, and what it logged."""

    hours: float
    steps: int
    logged: dict[str, float]


def validations(folder: Path) -> list[Point]:
    """All validations of a training and of those that it started from, oldest first.

    A resumed training counts its steps on, one that starts from weights begins again at 0.
    """
    cost = read_cost(folder / "training.json")
    assert cost is not None
    crops = cost.images / cost.steps
    points, seconds, steps, last = [], 0.0, 0, -1
    for log in sorted(folder.glob("logs/metrics_*.csv")):
        with log.open(newline="", encoding="utf-8") as file:
            rows = [{name: x for name, x in row.items() if x} for row in csv.DictReader(file)]
        if int(rows[0]["step"]) < last:
            last = -1
        for row in rows:
            if "train/images_per_s" in row:
                done = int(row["step"]) - last
                seconds += crops * done / float(row["train/images_per_s"])
                steps, last = steps + done, int(row["step"])
            logged = {name[4:]: float(x) for name, x in row.items() if name.startswith("val/")}
            if logged:
                points.append(Point(seconds / 3600, steps, logged))
    return points


def rows() -> list[tuple[str, float, int, float, float]]:
    """A line of learning.csv for each validation."""
    return [
        (name, point.hours, point.steps, *(point.logged[key.format(score)] for score in SCORES))
        for name, (folder, key, _) in TRAININGS.items()
        for point in validations(folder)
    ]


def draw(path: Path) -> None:
    """Draw the prior's areas, and what the restoration network adds, over hours."""
    figure = Figure(figsize=(11, 6.4), layout="constrained", dpi=130)
    panels = figure.subplots(len(TRAININGS), len(SCORES))
    for (name, (_, _, titles)), across in zip(TRAININGS.items(), panels, strict=True):
        _, hours, _, *scores = zip(*(row for row in rows() if row[0] == name), strict=True)
        for values, title, axes in zip(scores, titles, across, strict=True):
            axes.plot(hours, values, "o-", color=COLOURS[0])
            axes.set_xlim(left=0)
            axes.set_xlabel(f"hours of training, {name}")
            axes.set_ylabel(title)
            axes.ticklabel_format(useOffset=False)
            style_axes(axes)
    figure.savefig(path)


def main(folder: Path) -> None:
    """Write both files."""
    with (folder / "learning.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["training", "hours", "steps", *SCORES])
        writer.writerows([name, f"{hours:.3f}", *rest] for name, hours, *rest in rows())
    draw(folder / "learning.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
