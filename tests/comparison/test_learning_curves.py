"""Learning curves, from the folders that trainings leave."""

import csv
import json
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from matplotlib import rcParams
from PIL import Image

from rnn_codec.comparison.learning_curves import (
    Point,
    read_learning_curve,
    read_learning_curves,
    write_learning_curves,
)
from rnn_codec.complexity import macs_per_pixel
from rnn_codec.configuration import plain
from rnn_codec.errors import UserError
from rnn_codec.runs.architecture import build_codec
from rnn_codec.runs.cost import TrainingCost, write_cost
from rnn_codec.runs.export import export_run
from rnn_codec.runs.folder import RunFolder, read_config, write_config
from rnn_codec.runs.weights import write_weights
from tests.conftest import ROOT, make_codec

COLUMNS = ["step", "train/loss", "val/ms_ssim_auc", "val/psnr_auc"]


def make_run(folder: Path, *logs: list[tuple[object, ...]]) -> RunFolder:
    """A finished training of 40 steps in 120 seconds; its log has a part for each resumption."""
    run = RunFolder(folder)
    for number, rows in enumerate(logs):
        log = folder / "logs" / f"version_{number}" / "metrics.csv"
        log.parent.mkdir(parents=True)
        with log.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *rows])
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        write_config(run, plain(compose("train", [f"name={folder.name}"])))
    write_cost(run.cost, TrainingCost("0", 120.0, 40, 80, {}, {}))
    return run


def test_validations_are_found_at_the_minute(tmp_path: Path) -> None:
    first = [(9, 0.5, "", ""), (9, "", 1.5, 40), (19, "", 1.6, 42)]
    # Resumed at step 10: step 20 was validated again.
    second = [(19, "", 1.61, 43), (39, "", 1.7, 45)]
    curve = read_learning_curve(make_run(tmp_path / "one", first, second))
    assert curve.name == "one"
    expected = (Point(10, 0.5, 1.5, 40), Point(20, 1.0, 1.61, 43), Point(40, 2.0, 1.7, 45))
    assert curve.points == expected


def test_the_validation_after_the_last_step_counts(tmp_path: Path) -> None:
    # Validated every 30 steps, and once more when all 40 were done.
    curve = read_learning_curve(make_run(tmp_path / "one", [(29, "", 1.5, 40), (40, "", 1.7, 45)]))
    assert curve.points == (Point(30, 1.5, 1.5, 40), Point(40, 2.0, 1.7, 45))


def test_an_exported_run_has_the_curve_of_the_run(tmp_path: Path) -> None:
    # The last part validated every step again: the eleventh comes after the second.
    parts = [[(9, "", 1.5 + part / 100, 40), (39, "", 1.7, 45)] for part in range(11)]
    run = make_run(tmp_path / "one", *parts)
    write_weights(run, build_codec(read_config(run)["codec"]).state_dict(), torch.float32)
    export_run(run, tmp_path / "kept")
    curve = read_learning_curve(RunFolder(tmp_path / "kept"))
    assert curve == read_learning_curve(run)
    assert curve.points[0].ms_ssim == 1.6


def test_runs_of_the_same_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    log = [(39, "", 1.7, 45)]
    runs = [make_run(tmp_path / place, log) for place in ("a/twin", "b/twin", "a/other")]
    curves = read_learning_curves(runs)
    twins = [(tmp_path / place).as_posix() for place in ("a/twin", "b/twin")]
    assert [curve.name for curve in curves] == [*twins, "other"]


def test_figure_and_points_are_written(tmp_path: Path) -> None:
    names = ("one", "two")
    runs = [make_run(tmp_path / name, [(9, "", 1.5, 40), (39, "", 1.7, 45)]) for name in names]
    write_learning_curves(tmp_path / "out", [read_learning_curve(run) for run in runs])
    lines = (tmp_path / "out" / "learning_curves.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1:] == [f"{n},{p}" for n in names for p in ("10,0.5,1.5,40", "40,2,1.7,45")]
    runs = json.loads((tmp_path / "out" / "learning_curves.json").read_text(encoding="utf-8"))
    assert {name: run["training"]["steps"] for name, run in runs.items()} == {"one": 40, "two": 40}
    # GRU at an eighth of the paper's width; see tests/test_complexity.py.
    assert runs["one"]["macs_per_pixel"] == macs_per_pixel(make_codec("gru", "one_shot"))
    assert Image.open(tmp_path / "out" / "learning_curves.png").width > 10 * rcParams["savefig.dpi"]


def test_what_is_no_finished_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no training\.json"):
        read_learning_curve(RunFolder(tmp_path))
    with pytest.raises(UserError, match="no log with validations"):
        read_learning_curve(make_run(tmp_path / "silent", [(9, 0.5, "", "")]))
