"""How far longer trainings would go: a power law through the ends of some of several lengths.

What a loss still has above its limit falls by the same factor with each doubling of the
computation, over many doublings [Kaplan et al. 2020, Scaling laws for neural language models].
Here that is what an area lacks to the area of pictures without error. Steps are those of one
recipe, so that each has cost as much; minutes would count what else the machine had to do.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from rnn_codec.comparison.learning_curves import LearningCurve, area_panels
from rnn_codec.comparison.tables import Column, Table, arrange
from rnn_codec.errors import UserError
from rnn_codec.evaluation.figure import COLOURS
from rnn_codec.files import atomic_path, write_json
from rnn_codec.metrics.area_under_curve import HIGHEST_BPP, LOWEST_BPP
from rnn_codec.metrics.psnr import HIGHEST_DECIBELS
from rnn_codec.metrics.scores import SCORES

RATES = HIGHEST_BPP - LOWEST_BPP
LIMITS = {"ms_ssim": RATES, "psnr": HIGHEST_DECIBELS * RATES}
"""Areas of pictures without error."""
DIGITS = {"ms_ssim": 4, "psnr": 2}


@dataclass(frozen=True)
class PowerLaw:
    """An area after so many steps: limit − factor · steps^−exponent."""

    limit: float
    factor: float
    exponent: float

    def area(self, steps: int) -> float:
        """The area after a training of so many steps."""
        return self.limit - self.factor * steps**-self.exponent


@dataclass(frozen=True)
class Length:
    """A training of so many steps."""

    steps: int
    measured: dict[str, float] | None
    """Areas at its end by metric; None for one that was not made."""
    fitted: dict[str, float]
    """What the power laws say."""


def fit_power_law(steps: Sequence[int], areas: Sequence[float], limit: float) -> PowerLaw:
    """The power law with least squared errors of the logarithm of what areas lack to their limit.

    Args:
        steps: of two trainings or more.
        areas: at their ends, below the limit.
        limit: of the areas.

    Example:
        >>> law = fit_power_law([1, 4], [1.8, 1.8375], limit=1.875)
        >>> round(law.exponent, 6), round(law.area(16), 6)
        (0.5, 1.85625)
    """
    lacks = np.log(limit - np.asarray(areas))
    slope, intercept = np.polyfit(np.log(steps), lacks, 1)
    return PowerLaw(limit, float(np.exp(intercept)), -float(slope))


def fit_ends(curves: Sequence[LearningCurve]) -> dict[str, PowerLaw]:
    """A power law for each metric through the ends of trainings.

    Raises:
        UserError: there are no two trainings of different lengths.
    """
    steps = [curve.points[-1].step for curve in curves]
    if len(set(steps)) < 2:
        raise UserError(
            "extrapolate_to needs models= that were trained for different numbers of steps"
        )
    return {
        metric: fit_power_law(steps, [getattr(c.points[-1], metric) for c in curves], limit)
        for metric, limit in LIMITS.items()
    }


def lengths(curves: Sequence[LearningCurve], extrapolate_to: Sequence[int]) -> list[Length]:
    """The trainings and longer ones, what is measured beside what the power laws say.

    Raises:
        UserError: as `fit_ends`.
    """
    laws = fit_ends(curves)

    def fitted(steps: int) -> dict[str, float]:
        return {metric: law.area(steps) for metric, law in laws.items()}

    ends = sorted((curve.points[-1] for curve in curves), key=lambda end: end.step)
    done = [
        Length(end.step, {m: getattr(end, m) for m in LIMITS}, fitted(end.step)) for end in ends
    ]
    return done + [Length(steps, None, fitted(steps)) for steps in sorted(extrapolate_to)]


def write_extrapolation(
    folder: Path, curves: Sequence[LearningCurve], extrapolate_to: Sequence[int]
) -> Table:
    """Write extrapolation.json and extrapolation.png; returns the table to print.

    Raises:
        UserError: as `fit_ends`.
    """
    found = lengths(curves, extrapolate_to)
    laws = {metric: asdict(law) for metric, law in fit_ends(curves).items()}
    folder.mkdir(parents=True, exist_ok=True)
    content = {"power_laws": laws, "trainings": [asdict(length) for length in found]}
    write_json(folder / "extrapolation.json", content)
    with atomic_path(folder / "extrapolation.png") as partial:
        draw_extrapolation(partial, found)
    return lengths_table(found)


def draw_extrapolation(path: Path, found: Sequence[Length]) -> None:
    """Draw both areas against steps: ends as points, power laws as lines."""
    steps = [length.steps for length in found]
    with area_panels(path, "steps of training") as panels:
        for metric, axes in panels.items():
            # An area that was not measured is no point.
            measured = [np.nan if x.measured is None else x.measured[metric] for x in found]
            axes.plot(steps, measured, "o", color=COLOURS[0], label="measured")
            fitted = [length.fitted[metric] for length in found]
            axes.plot(steps, fitted, "--", color=COLOURS[1], label="power law")
            axes.set_xscale("log")


def lengths_table(found: Sequence[Length]) -> Table:
    """The trainings made, and those extrapolated to."""
    columns: list[Column[Length]] = [
        Column("steps", "steps", lambda length: length.steps, digits=0)
    ]
    for metric, digits in DIGITS.items():
        title = f"{SCORES[metric].title} area"
        columns += [
            Column(metric, title, partial(_measured, metric), digits=digits),
            Column(f"{metric}_fitted", "power law", partial(_fitted, metric), digits=digits),
        ]
    return arrange("lengths", columns, [("", found)])


def _measured(metric: str, length: Length) -> float | None:
    return None if length.measured is None else length.measured[metric]


def _fitted(metric: str, length: Length) -> float:
    return length.fitted[metric]
