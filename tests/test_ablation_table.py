"""src/ablation_table.py: what it writes, prints and says to mistakes."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import ablation_table as entry
from tests.comparison.made import write_classic, write_network
from tests.conftest import ROOT

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


def main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["ablation_table.py", *arguments])
    entry.main()


def test_writes_and_prints_the_table(results, tmp_path, monkeypatch, capsys) -> None:
    main(monkeypatch, f"results={results}", f"output={tmp_path / 'new'}", "comparison.resamples=20")
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


def test_an_inconsistent_record_is_reported_and_the_rest_shown(
    results, tmp_path, monkeypatch, capsys
) -> None:
    file = results / "grid" / "edited" / "summary.json"
    write_network(file.parent, cell="lstm")
    content = json.loads(file.read_text())
    content["areas"]["ms_ssim"] = 1.8749
    file.write_text(json.dumps(content))
    options = [f"results={results}", f"output={tmp_path}", "comparison.resamples=20"]
    main(monkeypatch, *options)
    shown = capsys.readouterr().out
    sentence = "the ms_ssim area in summary.json is 1.8749"
    assert f"grid/edited: {sentence}" in shown
    assert sentence.replace("_", "\\_") in (tmp_path / "ablation.md").read_text(encoding="utf-8")
    assert "gru" in shown
    assert "grid/edited" not in (tmp_path / "ablation.csv").read_text(encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(monkeypatch, *options, "strict=true")
    assert ended.value.code == 1
    assert "1 records are missing, incomplete or left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("results=nowhere", "there is no folder nowhere"),
        ("comparison.confidence=2", "confidence must be between 0 and 1"),
    ],
)
def test_a_mistake_ends_in_one_sentence(
    results, tmp_path, monkeypatch, capsys, option: str, sentence: str
) -> None:
    with pytest.raises(SystemExit):
        main(monkeypatch, f"results={results}", f"output={tmp_path}", option)
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert sentence in error


def test_without_published_figures(results, tmp_path, monkeypatch) -> None:
    options = ["published=null", "comparison.resamples=20"]
    main(monkeypatch, f"results={results}", f"output={tmp_path}", *options)
    assert "Papers" not in (tmp_path / "ablation.md").read_text(encoding="utf-8")


def test_the_committed_table_is_of_the_committed_records() -> None:
    with (ROOT / "results" / "ablation.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["coder"] in {"", "none"}]
    measured = [row for row in rows if row["origin"] == "measured"]
    assert {"jpeg_420", "webp", "jpeg2000", "avif"} <= {row["name"] for row in measured}
    for row in measured:
        areas = [
            json.loads((ROOT / "results" / record / "summary.json").read_text("utf-8"))["areas"]
            for record in row["records"].split(" ")
        ]
        for metric in ("ms_ssim", "psnr", "psnr_hvs"):
            expected = np.mean([of_seed[metric] for of_seed in areas])
            assert float(row[f"{metric}_auc"]) == pytest.approx(expected, rel=1e-9)
