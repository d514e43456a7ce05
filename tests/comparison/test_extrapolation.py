"""Power laws through the ends of trainings."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rnn_codec.comparison.extrapolation import LIMITS, fit_power_law, write_extrapolation
from rnn_codec.comparison.learning_curves import LearningCurve, Point
from rnn_codec.errors import UserError
from rnn_codec.runs.cost import TrainingCost

COST = TrainingCost("0", 120.0, 40, 80, {}, {})


def training(steps: int, ms_ssim: float, psnr: float) -> LearningCurve:
    """A training of so many steps, far from its end in the middle."""
    points = (Point(steps // 2, 1.0, 1.0, 20.0), Point(steps, 2.0, ms_ssim, psnr))
    return LearningCurve(str(steps), 1.0, COST, points)


@given(
    exponent=st.floats(0.01, 1.5),
    factor=st.floats(0.01, 1.0),
    steps=st.lists(st.integers(1, 10**6), min_size=2, max_size=6, unique=True),
)
def test_points_of_a_power_law_give_that_law(
    exponent: float, factor: float, steps: list[int]
) -> None:
    areas = [1.875 - factor * m**-exponent for m in steps]
    law = fit_power_law(steps, areas, limit=1.875)
    assert law.exponent == pytest.approx(exponent, rel=1e-3, abs=1e-4)
    for m in (*steps, 300):
        assert law.area(m) == pytest.approx(1.875 - factor * m**-exponent, abs=1e-2 * factor)


def test_the_fit_has_the_least_squares_of_logarithms() -> None:
    steps, lacks = np.array([1, 4, 16]), np.array([0.08, 0.05, 0.02])
    law = fit_power_law(steps.tolist(), (1.875 - lacks).tolist(), limit=1.875)

    def error(factor: float, exponent: float) -> float:
        return float(
            np.sum((np.log(factor * steps.astype(float) ** -exponent) - np.log(lacks)) ** 2)
        )

    least = error(law.factor, law.exponent)
    for change in (0.99, 1.01):
        assert error(law.factor * change, law.exponent) > least
        assert error(law.factor, law.exponent * change) > least


def test_lengths_are_written_beside_those_extrapolated_to(tmp_path: Path) -> None:
    curves = [training(8, 1.825, 60.0), training(2, 1.775, 50.0)]
    table = write_extrapolation(tmp_path / "out", curves, [32])
    lines = [line for group in table.groups for line in group.lines]
    assert [line[0] for line in lines] == ["2", "8", "32"]
    # Half of what was lacking after each quadrupling; nothing is measured at the last.
    assert lines[0][1:3] == ("1.7750", "1.7750")
    assert lines[2][1] != lines[2][2] == "1.8500"
    content = json.loads((tmp_path / "out" / "extrapolation.json").read_text(encoding="utf-8"))
    assert [entry["steps"] for entry in content["trainings"]] == [2, 8, 32]
    assert content["trainings"][2]["measured"] is None
    assert content["trainings"][2]["fitted"]["ms_ssim"] == pytest.approx(1.85)
    lacking = (LIMITS["psnr"] - 60) ** 2 / (LIMITS["psnr"] - 50)
    assert content["trainings"][2]["fitted"]["psnr"] == pytest.approx(LIMITS["psnr"] - lacking)
    assert Image.open(tmp_path / "out" / "extrapolation.png").width > 100


def test_trainings_of_one_length_are_refused(tmp_path: Path) -> None:
    curves = [training(8, 1.825, 60.0), training(8, 1.775, 50.0)]
    with pytest.raises(UserError, match="trained for different numbers of steps"):
        write_extrapolation(tmp_path / "out", curves, [32])
    assert not (tmp_path / "out").exists()
