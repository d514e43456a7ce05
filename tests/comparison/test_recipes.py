"""What parts of a recipe are worth, from records made up for it."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from rnn_codec.comparison.recipes import read_gains, write_gains
from rnn_codec.errors import UserError
from rnn_codec.evaluation.measurement import Measurement
from rnn_codec.evaluation.record import Description, ModelFacts, write_evaluation
from rnn_codec.runs.cost import TrainingCost

FACTS = ModelFacts(1, 1.0, "0", TrainingCost("0", 90.0, 10, 20, {}, {}), {})


def put(folder: Path, name: str, ms_ssim: float, dataset: str = "held_out") -> None:
    """A record whose curve is flat: its areas are 1.875 times its scores."""
    points = [
        Measurement("a.png", point, point / 8, {"psnr": 30.0, "ms_ssim": ms_ssim})
        for point in range(1, 17)
    ]
    write_evaluation(folder / name, points, Description(name, dataset, model=FACTS))


def test_gains_are_differences_of_areas(tmp_path: Path) -> None:
    for name, ms_ssim in (("without_x", 0.8), ("recipe", 0.9), ("with_y", 0.95)):
        put(tmp_path, name, ms_ssim)
    gains = read_gains(tmp_path, "recipe")
    assert [gain.name for gain in gains] == ["with_y", "recipe", "without_x"]
    assert [g.gains["ms_ssim"] for g in gains] == pytest.approx([0.05 * 1.875, 0, -0.1 * 1.875])
    assert [g.areas["ms_ssim"] for g in gains] == pytest.approx(
        [0.95 * 1.875, 0.9 * 1.875, 0.8 * 1.875]
    )
    assert {(g.training.steps, g.training.seconds, g.gains["psnr"]) for g in gains} == {
        (10, 90.0, 0.0)
    }
    write_gains(tmp_path, gains)
    lines = (tmp_path / "gains.md").read_text(encoding="utf-8").splitlines()
    assert lines[2] == r"| with\_y | 1.7812 | +0.0937 | 56.25 | +0.00 | 10 | 1.5 |"
    assert Image.open(tmp_path / "gains.png").height > 15  # three quarters of an inch, of 20 pixels


def test_a_missing_base_is_named(tmp_path: Path) -> None:
    put(tmp_path, "other", 0.9)
    with pytest.raises(UserError, match="name recipe, to compare with: it has other"):
        read_gains(tmp_path, "recipe")


def test_other_pictures_are_not_compared(tmp_path: Path) -> None:
    put(tmp_path, "recipe", 0.9)
    put(tmp_path, "other", 0.9, dataset="elsewhere")
    with pytest.raises(UserError, match="other was measured on elsewhere, recipe on held_out"):
        read_gains(tmp_path, "recipe")


def test_a_record_without_a_training_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "recipe", 0.9)
    bare = Description("bare", "held_out", model=replace(FACTS, training=None))
    point = Measurement("a.png", 1, 0.125, {"psnr": 30.0, "ms_ssim": 0.9})
    write_evaluation(tmp_path / "bare", [point], bare)
    with pytest.raises(UserError, match="bare says nothing of its training"):
        read_gains(tmp_path, "recipe")
