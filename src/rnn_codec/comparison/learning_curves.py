"""How trainings got on: quality on the pictures held out against the time spent."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from rnn_codec.comparison.tables import Column, Table, arrange
from rnn_codec.complexity import macs_per_pixel
from rnn_codec.errors import UserError
from rnn_codec.evaluation.figure import COLOURS, style_axes
from rnn_codec.files import atomic_path, write_csv, write_json
from rnn_codec.runs.architecture import build_codec
from rnn_codec.runs.cost import TrainingCost, read_cost
from rnn_codec.runs.folder import RunFolder, metrics_logs, read_config

AREAS = {"ms_ssim": "val/ms_ssim_auc", "psnr": "val/psnr_auc"}
"""Columns of the log."""
PANELS = {"ms_ssim": "area under MS-SSIM", "psnr": "area under PSNR (dB bpp)"}
SHOWN_FROM = 0.25
"""Share of a training's time from which its points must be inside the figure: the first, far below
the others, would flatten them."""


@dataclass(frozen=True)
class Point:
    """A validation."""

    step: int
    """Steps done."""
    minutes: float
    ms_ssim: float
    """Area under the mean curve."""
    psnr: float
    """dB bpp."""


@dataclass(frozen=True)
class LearningCurve:
    """A finished training."""

    name: str
    macs_per_pixel: float
    """Multiply–accumulate operations of an iteration, encoder and decoder, per pixel."""
    cost: TrainingCost
    points: tuple[Point, ...]


def read_learning_curve(run: RunFolder) -> LearningCurve:
    """Read a run's log and cost.

    Steps are taken to have cost the same time each, validations included.

    Raises:
        UserError: it is not a finished training, or its log has no validation.
    """
    cost = read_cost(run.cost)
    if cost is None:
        raise UserError(f"{run.path} has no training.json: it is not a finished training")
    texts = (log.read_text(encoding="utf-8") for log in metrics_logs(run))
    rows = [row for text in texts for row in csv.DictReader(text.splitlines())]
    # A resumed training may have validated a step twice. Steps are counted from 0, but for a last
    # validation, after all of them.
    areas = {
        int(row["step"]) + (int(row["step"]) != cost.steps): row
        for row in rows
        if row.get(AREAS["ms_ssim"])
    }
    points = tuple(
        Point(
            step,
            step / cost.steps * cost.seconds / 60,
            *(float(row[column]) for column in AREAS.values()),
        )
        for step, row in sorted(areas.items())
        if step <= cost.steps
    )
    if not points:
        raise UserError(f"{run.path} has no log with validations: train with logger=csv")
    config = read_config(run)
    macs = macs_per_pixel(build_codec(config["codec"]))
    return LearningCurve(str(config.get("name", run.path.name)), macs, cost, points)


def read_learning_curves(runs: Sequence[RunFolder]) -> list[LearningCurve]:
    """Read several runs; those that have the same name get that of their folder.

    Raises:
        UserError: as `read_learning_curve`.
    """
    curves = [read_learning_curve(run) for run in runs]
    times = Counter(curve.name for curve in curves)
    return [
        curve if times[curve.name] == 1 else replace(curve, name=run.path.as_posix())
        for curve, run in zip(curves, runs, strict=True)
    ]


def write_learning_curves(folder: Path, curves: Sequence[LearningCurve]) -> None:
    """Write the points, the costs and the figure."""
    folder.mkdir(parents=True, exist_ok=True)
    points = (
        (curve.name, point.step, *(f"{n:.6g}" for n in (point.minutes, point.ms_ssim, point.psnr)))
        for curve in curves
        for point in curve.points
    )
    columns = ("name", "step", "minutes", "ms_ssim", "psnr")
    write_csv(folder / "learning_curves.csv", columns, points)
    runs = {
        curve.name: {"macs_per_pixel": curve.macs_per_pixel, "training": asdict(curve.cost)}
        for curve in curves
    }
    write_json(folder / "learning_curves.json", runs)
    with atomic_path(folder / "learning_curves.png") as partial:
        draw_learning_curves(partial, curves)


def draw_learning_curves(path: Path, curves: Sequence[LearningCurve]) -> None:
    """Draw both areas against minutes, on an axis for trainings of minutes and of hours."""
    with area_panels(path, "minutes of training") as panels:
        for metric, axes in panels.items():
            late = []
            axes.set_prop_cycle(cycler(linestyle=["-", "--", ":"]) * cycler(color=COLOURS))
            for curve in curves:
                minutes = [point.minutes for point in curve.points]
                values = [getattr(point, metric) for point in curve.points]
                shown_from = SHOWN_FROM * minutes[-1]
                late += [v for m, v in zip(minutes, values, strict=True) if m >= shown_from]
                axes.plot(minutes, values, marker="o", label=curve.name, markersize=4)
            margin = (max(late) - min(late)) / 10
            if margin:
                axes.set_ylim(min(late) - margin, max(late) + margin)
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())


@contextmanager
def area_panels(path: Path, across: str) -> Iterator[dict[str, Axes]]:
    """Axes to draw on for each metric; the figure is then written."""
    figure = Figure(figsize=(11, 4.4), layout="constrained", dpi=130)
    panels = dict(zip(PANELS, figure.subplots(1, len(PANELS)), strict=True))
    yield panels
    for metric, axes in panels.items():
        axes.set_xlabel(across)
        axes.set_ylabel(PANELS[metric])
        style_axes(axes)
    # Beside the panels: names are long, and there may be many.
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside right", frameon=False)
    figure.savefig(path, format="png")


def curves_table(curves: Sequence[LearningCurve]) -> Table:
    """The last point of each curve."""
    columns: tuple[Column[LearningCurve], ...] = (
        Column("name", "run", lambda curve: curve.name, numeric=False),
        Column("minutes", "minutes", lambda curve: curve.points[-1].minutes, digits=1),
        Column("step", "steps", lambda curve: curve.points[-1].step, digits=0),
        Column("ms_ssim", "MS-SSIM area", lambda curve: curve.points[-1].ms_ssim, digits=4),
        Column("psnr", "PSNR area", lambda curve: curve.points[-1].psnr, digits=2),
    )
    return arrange("learning curves", columns, [("", curves)])
