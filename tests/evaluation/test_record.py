"""Evaluations on disk."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib import rcParams
from PIL import Image

from rnn_codec.evaluation.curve import UnequalPointsError, areas_under, mean_curve
from rnn_codec.evaluation.measurement import Measurement
from rnn_codec.evaluation.record import Description, ModelFacts, read_summary, write_evaluation
from rnn_codec.runs.cost import TrainingCost

MEASUREMENTS = [
    Measurement(
        *(image, k, k / 8),
        {"psnr": 24 + shift + k / 2, "ms_ssim": 1 - 0.2 / k, "psnr_hvs": 25 + shift + k / 3},
    )
    for image, shift in (("one", 0.1), ("two", 2.0))
    for k in range(1, 17)
]
DESCRIPTION = Description(
    name="LSTM one-shot",
    dataset="synthetic",
    description="no entropy coding",
    settings={"seed": 3, "config": {"cell": "lstm", "width": 0.25}, "command": "make train"},
)
FILES = ["compressai.json", "per_image.csv", "rate_distortion.png", "summary.json"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "deep" / "evaluation"
    beside = [("JPEG 4:2:0", replace(mean_curve(MEASUREMENTS), bpp=tuple(np.linspace(0.2, 4, 16))))]
    write_evaluation(folder, MEASUREMENTS, DESCRIPTION, beside)
    return folder


def test_writes_its_files_and_no_other(folder: Path) -> None:
    assert sorted(file.name for file in folder.iterdir()) == FILES


def test_every_measurement_is_read_back_from_the_table(folder: Path) -> None:
    with (folder / "per_image.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    read = [
        Measurement(
            row.pop("image"), int(row.pop("point")), float(row.pop("bpp")),
            {metric: float(score) for metric, score in row.items()},
        )
        for row in rows
    ]  # fmt: skip
    assert read == MEASUREMENTS


def test_the_summary_is_read_back(folder: Path) -> None:
    summary = read_summary(folder)
    assert summary == read_summary(str(folder / "summary.json"))
    assert summary.curve == mean_curve(MEASUREMENTS)
    assert summary.areas == areas_under(summary.curve)
    assert (summary.name, summary.dataset, summary.images) == ("LSTM one-shot", "synthetic", 2)
    assert summary.settings == DESCRIPTION.settings


def test_the_summary_says_how_it_came_about(folder: Path) -> None:
    content = json.loads((folder / "summary.json").read_text())
    assert "trapezoid" in content["area_protocol"]
    assert {"python", "torch", "lightning", "pillow", "pytorch-msssim", "rnn-codec"} == set(
        content["versions"]
    )
    assert content["hardware"]["cpu"]
    assert content["hardware"]["cores"] >= 1
    assert "accelerator" in content["hardware"]


def test_speaks_compressais_format(folder: Path) -> None:
    content = json.loads((folder / "compressai.json").read_text())
    assert list(content) == ["name", "description", "results"]
    assert content["description"] == "no entropy coding"
    curve = mean_curve(MEASUREMENTS)
    assert content["results"] == {
        "bpp": list(curve.bpp),
        "psnr-rgb": list(curve.scores["psnr"]),
        "ms-ssim-rgb": list(curve.scores["ms_ssim"]),
    }


def test_draws_a_figure(folder: Path) -> None:
    with Image.open(folder / "rate_distortion.png") as figure:
        assert figure.width > 10 * rcParams["savefig.dpi"]
        assert len(np.unique(np.asarray(figure.convert("RGB")).reshape(-1, 3), axis=0)) > 50


def test_one_point_and_perfect_images_make_a_record_too(tmp_path: Path) -> None:
    lossless = [Measurement("one", 1, 8.0, {"psnr": 100.0, "ms_ssim": 1.0})]
    summary = write_evaluation(tmp_path, lossless, Description("lossless", "synthetic"))
    assert read_summary(tmp_path) == summary
    assert sorted(file.name for file in tmp_path.iterdir()) == FILES


def test_writes_nothing_when_there_is_no_mean(tmp_path: Path) -> None:
    with pytest.raises(UnequalPointsError):
        write_evaluation(tmp_path / "record", MEASUREMENTS[:-1], DESCRIPTION)
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_json_lacks_leaves_the_old_summary(tmp_path: Path) -> None:
    write_evaluation(tmp_path, MEASUREMENTS, DESCRIPTION)
    bad = replace(DESCRIPTION, settings={"rate": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        write_evaluation(tmp_path, MEASUREMENTS, bad)
    assert read_summary(tmp_path).settings == DESCRIPTION.settings
    assert sorted(file.name for file in tmp_path.iterdir()) == FILES


@pytest.mark.parametrize("content", ["[]", "{}", '{"name": "x"}', "not JSON"])
def test_refuses_to_read_another_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "summary.json").write_text(content)
    with pytest.raises(ValueError, match=r"summary|Expecting value"):
        read_summary(tmp_path)


def test_says_when_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_summary(tmp_path)


FACTS = ModelFacts(
    parameters=10,
    macs_per_pixel=2.5,
    identity="0123456789abcdef",
    training=TrainingCost("0123456789abcdef", 1.5, 2, 6, {"cpu": None}, {"torch": "2"}),
    coder_training_seconds={"progressive": 3.0},
)


@pytest.mark.parametrize("facts", [FACTS, replace(FACTS, training=None, identity=None), None])
def test_what_is_known_of_the_model_is_read_back(facts: ModelFacts | None, tmp_path: Path) -> None:
    written = write_evaluation(tmp_path, MEASUREMENTS, replace(DESCRIPTION, model=facts))
    assert written.model == facts
    assert read_summary(tmp_path) == written


def test_a_summary_from_before_models_were_described_is_read(folder: Path, tmp_path: Path) -> None:
    content = json.loads((folder / "summary.json").read_text())
    del content["model"]
    (tmp_path / "summary.json").write_text(json.dumps(content))
    assert read_summary(tmp_path).model is None


@pytest.mark.parametrize(("field", "value"), [("curve", 3), ("curve", {"x": [1]}), ("model", {})])
def test_a_damaged_part_of_a_summary_is_an_error(
    field: str, value: object, folder: Path, tmp_path: Path
) -> None:
    content = json.loads((folder / "summary.json").read_text()) | {field: value}
    (tmp_path / "summary.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"summary\.json"):
        read_summary(tmp_path)
