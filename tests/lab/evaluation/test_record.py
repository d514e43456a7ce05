"""Records on disk."""

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnn_codec.errors import UserError
from rnn_codec.metrics.curve import Curve, Samples, UnequalPointsError, areas_under
from rnn_codec.runs.cost import TrainingCost
from rnn_codec_lab.evaluation.measurement import Measurement
from rnn_codec_lab.evaluation.record import (
    About,
    ModelFacts,
    bd_rates,
    bd_rates_of_images,
    check_same_pictures,
    read_about,
    read_record,
    saved_at,
    write_record,
)

PIXELS = 8000
MEASUREMENTS = [
    Measurement(
        *(image, "progressive", k, 120 * k + 0.5 * (image == "two"), PIXELS),
        {"psnr": 24 + shift + k / 2, "ms_ssim": 1 - 0.2 / k, "psnr_hvs": 25 + shift + k / 3},
    )
    for image, shift in (("one", 0.1), ("two", 2.0))
    for k in range(1, 17)
] + [
    Measurement(image, "nominal", k, 125 * k, PIXELS, {})
    for image in ("one", "two")
    for k in range(1, 17)
]
FACTS = ModelFacts(
    parameters=10,
    macs_per_pixel=2.5,
    identity="0123456789abcdef",
    training=TrainingCost("0123456789abcdef", 1.5, 2, 6, {"cpu": None}, {"torch": "2"}),
    coder_training_seconds={"progressive": 3.0},
)
ABOUT = About(
    name="LSTM one-shot",
    dataset="synthetic",
    description="no entropy coding",
    labels={"family": "binary", "cell": "lstm"},
    curves={
        "nominal": {"kind": "nominal", "scores_of": "progressive"},
        "progressive": {"kind": "files", "entropy": "progressive"},
        "cut": {"kind": "prefix"},
    },
    settings={"seed": 3, "config": {"cell": "lstm", "width": 0.25}, "command": "make train"},
    model=FACTS,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "deep" / "evaluation"
    write_record(folder, MEASUREMENTS, ABOUT)
    return folder


def test_every_measurement_is_in_the_table(folder: Path) -> None:
    with (folder / "points.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:5] == ["image", "curve", "point", "bytes", "pixels"]
    assert [row["bytes"] for row in rows[:2]] == ["120.0", "240.0"]
    assert len(rows) == len(MEASUREMENTS)
    for row, m in zip(rows, MEASUREMENTS, strict=True):
        assert (row["image"], row["curve"], float(row["bytes"])) == (m.image, m.curve, m.bytes)
        scores = {n: float(row[n]) for n in ("psnr", "ms_ssim", "psnr_hvs") if row[n]}
        assert scores == m.scores


def test_what_is_known_is_read_back(folder: Path) -> None:
    about = read_about(folder)
    digest = hashlib.sha256((folder / "points.csv").read_bytes()).hexdigest()
    curves = {name: ABOUT.curves[name] for name in ("nominal", "progressive")}
    assert about == replace(ABOUT, digest=digest, curves=curves)
    assert {"python", "torch", "lightning", "pillow"} <= set(about.versions)
    assert about.hardware["cpu"]
    assert read_record(folder).images == ("one", "two")


def test_means_areas_and_savings_are_derived(folder: Path) -> None:
    record = read_record(folder)
    mean = record.mean("progressive")
    assert mean.bpp[:2] == pytest.approx((120.25 / 1000, 240.25 / 1000))
    assert mean.scores["psnr"][0] == pytest.approx(24 + 1.05 + 0.5)
    assert record.mean().bpp[:2] == (0.125, 0.25)
    assert record.areas() == areas_under(record.mean("nominal"))
    assert (record.compared, record.entropy_coders) == (["nominal", "progressive"], ["progressive"])
    saved = saved_at(record, "progressive", (0.25, 2.0, 3.0))
    assert saved == pytest.approx({0.25: 1 - 240.25 / 250, 2.0: 1 - 1920.25 / 2000})
    assert saved_at(record, "nominal", (0.25,)) == {}


def test_bits_that_a_coder_leaves_as_they_are_are_not_compared(tmp_path: Path) -> None:
    files = [replace(m, curve="none") for m in MEASUREMENTS[32:]]
    curves = dict(
        ABOUT.curves, none={"kind": "files", "entropy": "none", "scores_of": "progressive"}
    )
    record = write_record(tmp_path, [*MEASUREMENTS, *files], replace(ABOUT, curves=curves))
    assert record.compared == ["nominal", "progressive"]
    assert record.entropy_coders == ["progressive", "none"]


def test_it_writes_nothing_when_there_is_no_mean(tmp_path: Path) -> None:
    with pytest.raises(UnequalPointsError):
        write_record(tmp_path / "record", MEASUREMENTS[1:], ABOUT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("facts", [replace(FACTS, training=None, identity=None), None])
def test_what_is_not_known_of_the_model_is_read_back(
    facts: ModelFacts | None, tmp_path: Path
) -> None:
    assert write_record(tmp_path, MEASUREMENTS, replace(ABOUT, model=facts)).about.model == facts


def test_other_pictures_of_the_same_name_are_not_written_over(tmp_path: Path) -> None:
    check_same_pictures(tmp_path, "mine", "a")
    write_record(tmp_path, MEASUREMENTS, replace(ABOUT, settings={"pictures": "a"}))
    check_same_pictures(tmp_path, "mine", "a")
    with pytest.raises(UserError, match="other pictures that are called mine"):
        check_same_pictures(tmp_path, "mine", "b")


def test_figures_that_nobody_reads_any_more_do_no_harm(tmp_path: Path) -> None:
    write_record(tmp_path, MEASUREMENTS, ABOUT)
    content = json.loads((tmp_path / "about.json").read_text())
    content["model"]["coding_seconds"] = {"progressive": [0.1, 0.2]}
    (tmp_path / "about.json").write_text(json.dumps(content))
    assert read_about(tmp_path).model == FACTS


def test_the_bd_rate_of_a_known_gain() -> None:
    """Two decibels better, where six decibels double the rate."""
    rates = (0.125, 0.25, 0.5, 1.0, 2.0)
    plain = Curve((), rates, {"psnr": tuple(30 + 6 * k for k in range(5))})
    better = Curve((), rates, {"psnr": tuple(32 + 6 * k for k in range(5))})
    assert bd_rates(better, plain) == {"psnr": pytest.approx(100 * (2 ** (-1 / 3) - 1), abs=0.1)}
    assert bd_rates(better, plain, min_overlap=0.99) == {}


def test_bd_rates_of_images_are_those_of_their_curves() -> None:
    bpp = np.array([0.25, 0.5, 1.0, 2.0])
    size, shifts = np.full((2, 4), PIXELS), (1.0, 2.0)
    psnr = np.array([[28.0, 31, 34, 37], [30.0, 33, 36, 39]])
    anchor = Samples((1, 2, 3, 4), bpp * size / 8, size, {"psnr": psnr})
    # A decibel is a third of a doubling of the rate.
    better = {"psnr": psnr + np.array(shifts)[:, None]}
    found = bd_rates_of_images(Samples((1, 2, 3, 4), bpp * size / 8, size, better), anchor, 0.1)
    expected = [100 * (2 ** (-shift / 3) - 1) for shift in shifts]
    assert found == {"psnr": [pytest.approx(value, abs=0.1) for value in expected]}
    short = Samples((1, 2), bpp[:2] * size[:, :2] / 8, size[:, :2], {"psnr": psnr[:, :2] + 30})
    assert bd_rates_of_images(short, anchor) == {}
