"""rnn-codec table: what it writes and prints, and messages about mistakes."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from rnn_codec_lab.evaluation.record import read_record
from tests.commands.program import run
from tests.conftest import ROOT
from tests.lab.comparison.made import write_classic, write_network

FAST = ["comparison.resamples=20", "published=null"]
FILES = {"ablation.md", "ablation.csv", "ablation.tex"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models of one experiment and the codecs that they are compared with."""
    results = tmp_path_factory.mktemp("entry") / "results"
    write_network(results / "grid" / "a", better=0.5)
    write_network(results / "grid" / "b", recon="additive")
    for name in ("jpeg_420", "webp"):
        write_classic(results / "baselines" / name, name, better=-1.0)
    return results


def test_writes_and_prints_the_table(results, tmp_path, capsys) -> None:
    options = [f"output={tmp_path / 'new'}", "published=results/published"]
    assert run("table", f"records={results}", *options, "comparison.resamples=20") == 0
    assert {file.name for file in (tmp_path / "new").iterdir()} == FILES
    shown = capsys.readouterr().out
    for text in (
        "grid, network tiny (measured, 1 seed)",
        "Classic codecs (measured)",
        "1.8116",
        "1.8166",
    ):
        assert text in shown
    with (tmp_path / "new" / "ablation.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["name"] for line in lines[2:4]] == ["gru one_shot", "gru additive"]
    assert str(tmp_path) not in (tmp_path / "new" / "ablation.md").read_text(encoding="utf-8")


def test_a_damaged_record_is_reported_and_the_rest_shown(results, tmp_path, capsys) -> None:
    file = write_network(results / "grid" / "edited", cell="lstm") / "points.csv"
    file.write_text(file.read_text().replace("0", "1", 1))
    options = [f"records={results}", f"output={tmp_path}", *FAST]
    assert run("table", *options) == 0
    shown = capsys.readouterr().out
    sentence = "points.csv is not the one that about.json was written for: its digest differs"
    assert f"grid/edited: {sentence}" in shown
    assert sentence in (tmp_path / "ablation.md").read_text(encoding="utf-8")
    assert "gru" in shown
    assert "grid/edited" not in (tmp_path / "ablation.csv").read_text(encoding="utf-8")
    assert "Papers" not in (tmp_path / "ablation.md").read_text(encoding="utf-8")
    assert run("table", *options, "strict=true") == 1
    assert "1 records are missing, incomplete or left out" in capsys.readouterr().err


def test_curves_are_exported_for_compressai(results, tmp_path) -> None:
    options = [f"records={results}", f"output={tmp_path}", f"compressai={tmp_path / 'curves'}"]
    assert run("table", *options, *FAST) == 0
    names = {file.name for file in (tmp_path / "curves").iterdir()}
    assert {"baselines-webp-files.json", "grid-a-nominal.json", "grid-a-progressive.json"} <= names
    content = json.loads((tmp_path / "curves" / "grid-a-progressive.json").read_text())
    record = read_record(results / "grid" / "a")
    curve = record.mean("progressive")
    assert (content["name"], content["description"]) == (
        record.about.name, record.about.description
    )  # fmt: skip
    assert content["results"] == {
        "bpp": list(curve.bpp),
        "psnr-rgb": list(curve.scores["psnr"]),
        "ms-ssim-rgb": list(curve.scores["ms_ssim"]),
    }


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("records=nowhere", "there is no folder nowhere"),
        ("comparison.confidence=2", "confidence must be between 0 and 1"),
    ],
)
def test_a_mistake_ends_in_one_sentence(
    results, tmp_path, capsys, option: str, sentence: str
) -> None:
    assert run("table", f"records={results}", f"output={tmp_path}", option) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert sentence in error


def test_the_committed_table_is_of_the_committed_records() -> None:
    with (ROOT / "results" / "ablation.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["coder"] in {"", "none"}]
    measured = [row for row in rows if row["origin"] == "measured"]
    assert {"jpeg_420", "webp", "jpeg2000", "avif"} <= {row["name"] for row in measured}
    for row in measured:
        records = [read_record(ROOT / "results" / path) for path in row["records"].split(" ")]
        for metric in ("ms_ssim", "psnr", "psnr_hvs"):
            expected = np.mean([record.areas()[metric] for record in records])
            assert float(row[f"{metric}_auc"]) == pytest.approx(expected, rel=1e-9)
