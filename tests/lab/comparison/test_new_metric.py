"""A metric that is added to `SCORES` appears in every format without another edit."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from rnn_codec.metrics.scores import SCORES, Score
from rnn_codec_lab.comparison.collecting import Collection, collect
from rnn_codec_lab.comparison.columns import columns
from rnn_codec_lab.comparison.documents import (
    csv_text,
    latex_document,
    markdown_document,
    sections,
    shown_in_terminal,
)
from rnn_codec_lab.comparison.rows import Comparison, Row, table_rows
from rnn_codec_lab.evaluation.measurement import Measurement, scores
from rnn_codec_lab.evaluation.record import About, read_record, write_record
from rnn_codec_lab.evaluation.table import curve_table
from rnn_codec_lab.report.curves import curves_of, metric_choices
from rnn_codec_lab.report.page import figures
from rnn_codec_lab.report.table import table_content

COLUMNS_FOR = Comparison(resamples=10, anchors=(), saving_at=())


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Score:
    """Accuracy: the share of samples that are equal."""

    def accuracy(image, reference):
        return (image == reference).double().mean(dim=(1, 2, 3))

    score = Score(accuracy, "Accuracy", unit="", digits=3)
    monkeypatch.setitem(SCORES, "accuracy", score)
    return score


def record(folder: Path, name: str, errors: int) -> None:
    """Write a record of one picture that has fewer wrong samples at each point."""
    original = np.random.default_rng(0).integers(0, 255, (161, 170, 3), dtype=np.uint8)
    points = []
    for point in (1, 2, 3):
        decoded = original.copy()
        decoded[: errors // point] += 1
        found = scores(decoded, original)
        points.append(Measurement("a.png", "files", point, 1000 * point, 161 * 170, found))
    curves = {"files": {"kind": "files"}}
    write_record(folder, points, About(name, "kodak", curves=curves))


@pytest.fixture
def rows(added: Score, tmp_path: Path) -> Iterator[list[Row]]:
    record(tmp_path / "results" / "baselines" / "good", "good", errors=20)
    record(tmp_path / "results" / "baselines" / "bad", "bad", errors=100)
    collection = collect(tmp_path / "results", "kodak")
    assert collection.problems == ()
    yield table_rows(collection, [], COLUMNS_FOR)


def printed(*tables: object) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(*tables, sep="\n")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_it_is_in_every_format(rows: list[Row]) -> None:
    best = rows[0].areas["accuracy"].mean
    figure = f"{best:.3f}"
    every = columns(rows, (), ())
    arranged = sections(rows, every)
    for text in (
        markdown_document(Collection("kodak", (), (), ()), arranged, []),
        latex_document(arranged, []),
        printed(*(table for section in arranged for table in shown_in_terminal(section))),
    ):
        assert "Accuracy" in text
        assert figure in text
    first = next(csv.DictReader(io.StringIO(csv_text(rows, every))))
    assert float(first["accuracy_auc"]) == best
    assert first["accuracy_rank"] == "1"


def test_it_is_on_the_page(rows: list[Row]) -> None:
    content = json.loads(
        json.dumps(table_content(rows, columns(rows, (), ()), Collection("kodak", (), (), ())))
    )
    labels = [column["label"] for column in content["columns"]]
    cells = [row[labels.index("Accuracy")] for row in content["rows"]]
    assert [cell["text"] for cell in cells] == [f"{r.areas['accuracy'].mean:.3f}" for r in rows]
    values = [choice["value"] for choice in metric_choices()]
    assert values[-2:] == ["accuracy_db", "accuracy"]
    (line,) = curves_of(rows)[0].lines.values()
    assert set(values) <= set(line.scores)
    assert {"name": "accuracy", "label": "Accuracy", "digits": 3} in figures()


def test_it_is_in_records_and_in_the_evaluations_table(rows: list[Row], tmp_path: Path) -> None:
    curve = read_record(tmp_path / "results" / "baselines" / "good").mean()
    assert curve.scores["accuracy"] == pytest.approx((1 - 20 / 161, 1 - 10 / 161, 1 - 6 / 161))
    assert "Accuracy" in printed(curve_table(curve, "good"))


def test_records_of_before_are_blank_there(added: Score, tmp_path: Path) -> None:
    record(tmp_path / "results" / "baselines" / "good", "good", errors=20)
    with pytest.MonkeyPatch.context() as before:
        before.delitem(SCORES, "accuracy")
        record(tmp_path / "results" / "baselines" / "old", "old", errors=100)
    collection = collect(tmp_path / "results", "kodak")
    assert collection.problems == ()
    rows = table_rows(collection, [], COLUMNS_FOR)
    text = csv_text(rows, columns(rows, (), ()))
    lines = {line["name"]: line for line in csv.DictReader(io.StringIO(text))}
    assert lines["old"]["accuracy_auc"] == lines["old"]["accuracy_rank"] == ""
    assert lines["good"]["accuracy_auc"] != ""
    # Rows are ranked only by metrics that all of them have.
    assert lines["good"]["accuracy_rank"] == ""
    assert {line["psnr_rank"] for line in lines.values()} == {"1", "2"}
    table = sections(rows, columns(rows, (), ()))[0].tables[0]
    (line,) = [line for line in table.groups[""] if line[0] == "old"]
    assert line[table.headings.index("Accuracy")] == "–"
