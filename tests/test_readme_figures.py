"""The figures that README.md and results/README.md print are those of the committed records."""

import csv
import json
import re

import pytest

from rnn_codec.evaluation import read_summary
from rnn_codec.evaluation.curve import quality_at
from rnn_codec.models import DEFAULT_MODEL, SHIPPED
from tests.conftest import ROOT

RESULTS = ROOT / "results"
FLAGSHIP = RESULTS / DEFAULT_MODEL / "evaluation" / "kodak"
JPEG = RESULTS / "baselines" / "jpeg_420"
TEXTS = {path: (ROOT / path).read_text("utf-8") for path in ("README.md", "results/README.md")}

MEGABYTE = 10**6


def table(text: str, heading: str) -> list[dict[int, str]]:
    """The rows of the table whose first line begins so: column → cell."""
    lines = text[text.index(f"\n{heading}") + 1 :].splitlines()
    rows = []
    for line in lines[2:]:
        if not line.startswith("|"):
            return rows
        rows.append(dict(enumerate(cell.strip() for cell in line.strip("|").split("|"))))
    return rows


def printed(value: float, like: str) -> str:
    """A figure as the text prints it, with as many decimals and the same signs."""
    decimals = len(like.partition(".")[2])
    sign = "+" if like[0] in "+−-" else ""
    return f"{value:{sign}.{decimals}f}".replace("-", "−")


def rows_of_the_table() -> list[dict[str, str]]:
    with (RESULTS / "ablation.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def row_of(record: str, coder: str) -> dict[str, str]:
    """The row of results/ablation.csv with a record and an entropy coder."""
    return next(
        row
        for row in rows_of_the_table()
        if record in row["records"].split(" ") and row["coder"] == coder
    )


def test_the_flagships_curve() -> None:
    own, jpeg = read_summary(FLAGSHIP), read_summary(JPEG)
    columns = [(1, own, "psnr"), (2, jpeg, "psnr"), (3, own, "ms_ssim"), (4, jpeg, "ms_ssim")]
    rows = table(TEXTS["README.md"], "| bpp | PSNR |")
    assert len(rows) >= 5
    for row in rows:
        for column, summary, metric in columns:
            if row[column] == "–":
                continue
            if row[0] == "area":
                value = summary.areas[metric]
            else:
                curve = summary.curve
                value = quality_at(curve.bpp, getattr(curve, metric), float(row[0]))
            assert row[column] == printed(value, row[column])


def test_the_flagships_files() -> None:
    content = json.loads((FLAGSHIP / "file_sizes.json").read_text("utf-8"))
    coders = {entry["coder"]: entry for entry in content["coders"]}
    rows = table(TEXTS["README.md"], "| iterations | bits |")
    assert [int(row[0]) for row in rows][-1] == 16
    for row in rows:
        index = int(row[0]) - 1
        none = coders["none"]
        assert float(row[1]) == none["nominal_bpp"][index]
        assert row[2] == printed(none["file_bpp"][index], row[2])
        for column, name in ((3, "single_iteration"), (4, "progressive")):
            rate, saving = re.fullmatch(r"([\d.]+) \(([\d.]+) %\)", row[column]).groups()
            assert rate == printed(coders[name]["file_bpp"][index], rate)
            assert saving == printed(100 * coders[name]["saving"][index], saving)


def test_the_model_zoo() -> None:
    rows = table(TEXTS["README.md"], "| model | cell |")
    named = {row[0].strip("`") for row in rows}
    assert {folder.name for folder in SHIPPED.iterdir() if folder.is_dir()} <= named
    for row in rows:
        name, parameters, size, area, coded, bd_rate = (row[k] for k in (0, 3, 4, 5, 6, 7))
        name = name.strip("`")
        record = f"{name}/evaluation/kodak"
        none, best = row_of(record, "none"), row_of(record, "progressive")
        assert parameters == f"{float(none['parameters']) / 1e6:.2f} M"
        assert size == f"{megabytes(name):.1f} MB"
        assert area == printed(float(none["ms_ssim_auc"]), area)
        assert coded == printed(float(best["ms_ssim_auc"]), coded)
        assert bd_rate == printed(float(best["bd_rate_jpeg_420_ms_ssim"]), bd_rate)


def megabytes(name: str) -> float:
    """Of a model's weights, entropy coders included."""
    place = SHIPPED / name if (SHIPPED / name).is_dir() else RESULTS / name
    return sum(file.stat().st_size for file in place.rglob("*.safetensors")) / MEGABYTE


@pytest.mark.parametrize("path", TEXTS)
def test_areas_in_the_prose_are_recorded(path: str) -> None:
    """Every MS-SSIM area that a text prints with four decimals is in a record, or published."""
    prose = re.sub(r"^\|.*$", "", TEXTS[path], flags=re.MULTILINE)
    areas = {
        f"{float(row['ms_ssim_auc']):.4f}" for row in rows_of_the_table() if row["ms_ssim_auc"]
    }
    found = re.findall(r"\b1\.[78]\d\d\d\b", prose)
    assert [area for area in found if area not in areas] == []
