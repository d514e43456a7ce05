"""The documents of a comparison: Markdown, CSV, LaTeX, and tables on a terminal."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from rnn_codec_lab.comparison.collecting import Collection, Problem, collect
from rnn_codec_lab.comparison.columns import RowColumn, columns
from rnn_codec_lab.comparison.documents import (
    Section,
    csv_text,
    latex_document,
    markdown_document,
    notes,
    sections,
    shown_in_terminal,
)
from rnn_codec_lab.comparison.published import load_published
from rnn_codec_lab.comparison.rows import Comparison, Row, table_rows
from rnn_codec_lab.comparison.statistics import Estimate, Interval
from rnn_codec_lab.comparison.tables import ESTIMATE, Column, escape_latex, magnitude
from tests.conftest import ROOT
from tests.lab.comparison.made import write_other_family

COMPARISON = Comparison(resamples=50)
METRICS = ("psnr", "ms_ssim", "psnr_hvs", "psnr_hvs_luma")
WIDEST = Row(
    origin="measured",
    experiment="paper",
    name="associative_lstm residual_scaling",
    labels={"cell": "associative_lstm", "recon": "residual_scaling", "network": "paper"},
    trained=True,
    coder="none",
    seeds=(0, 1),
    images=24,
    areas={"ms_ssim": Estimate(1.80981, 0.00123, 2)}
    | {metric: Estimate(53.152, 0.123, 2) for metric in ("psnr", "psnr_hvs", "psnr_hvs_luma")},
    ranks=dict.fromkeys(METRICS, 11),
    behind_best={metric: Interval(-0.1, -0.2, -0.05) for metric in METRICS},
    bd_rates={
        (anchor, metric): Estimate(-13.34, 12.51, 2)
        for anchor in COMPARISON.anchors
        for metric in ("ms_ssim", "psnr")
    },
    savings={0.25: Estimate(0.3212, 0.0123, 2), 2.0: Estimate(0.0512, 0.0123, 2)},
    parameters=30_200_000,
    macs_per_pixel=721_000.0,
    training_seconds=Estimate(123_456.0, 1234.0, 2),
    records=("paper/a", "paper/b"),
)
"""A row with the longest texts that occur."""


@pytest.fixture(scope="module")
def collection(made_results: Path) -> Collection:
    return collect(made_results, "kodak")


@pytest.fixture(scope="module")
def rows(collection: Collection) -> list[Row]:
    published = load_published(ROOT / "results" / "published")
    return table_rows(collection, published, COMPARISON)


def arranged(rows: list[Row]) -> list[Section]:
    return sections(rows, all_columns(rows))


def all_columns(rows: list[Row]) -> list[RowColumn]:
    return columns(rows, COMPARISON.anchors, COMPARISON.saving_at)


@pytest.fixture(scope="module")
def text(collection: Collection, rows: list[Row]) -> str:
    problem = Problem("grid/x_y", "it is *wrong* | <b>", left_out=True)
    faulty = replace(collection, problems=(problem,))
    return markdown_document(faulty, arranged(rows), notes(collection, COMPARISON))


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def markdown_tables(text: str) -> list[list[list[str]]]:
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [[cells(line) for line in block.splitlines()] for block in blocks]


def test_markdown_tables_have_the_same_cells_in_every_line(text: str) -> None:
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles[:4] == [
        "grid, network tiny (measured, 2 seeds)", "Classic codecs (measured)",
        "Papers: curves (published)", "Papers: areas (published)",
    ]  # fmt: skip
    tables = markdown_tables(text)
    assert len(tables) == 3 + 2 + 2 + 1
    for table in tables:
        assert {len(line) for line in table} == {len(table[0])}
        assert all(re.fullmatch("-{3}:?", cell) for cell in table[1])


def test_markdown_holds_the_figures(text: str, rows: list[Row]) -> None:
    quality = markdown_tables(text)[0]
    assert quality[0] == [
        "cell", "framework", "MS-SSIM", "rank", "paper's", "PSNR", "rank", "PSNR-HVS", "rank"
    ]  # fmt: skip
    titles = [line[0] for line in quality if line[0].startswith("**")]
    assert titles == [
        "**no entropy coding: nominal rates**",
        "**single\\_iteration: rates of files**",
        "**progressive: rates of files**",
    ]
    best = next(row for row in rows if row.coder == "none")
    area, rank = best.areas["ms_ssim"], best.ranks["ms_ssim"]
    figures = f"{area.mean:.4f} ± {area.std:.4f}"
    cell = best.labels["cell"]
    line = next(line for line in quality if line[:2] == [cell, "one\\_shot"])
    of_paper = {"gru": "1.8098 / 1.8139", "lstm": "1.8062 / 1.8166"}
    assert line[2:5] == [figures, str(rank), of_paper[cell]]


def test_markdown_lists_problems_and_gaps(text: str) -> None:
    end = text.partition("## Records missing, incomplete or left out")[2]
    assert "- `grid/x_y`: it is \\*wrong\\* \\| \\<b> (left out)" in end
    assert "- `missing`: grid, tiny: no record of lstm, additive, seed 0" in end


def test_the_paper_stands_only_beside_rows_that_count_bits_as_it_does(text: str) -> None:
    quality = markdown_tables(text)[0]
    coded = [line[0] for line in quality].index("**progressive: rates of files**")
    assert {line[4] for line in quality[coded + 1 :]} == {"–"}


def test_csv_holds_every_number_with_all_its_digits(rows: list[Row]) -> None:
    text = csv_text(rows, all_columns(rows))
    lines = list(csv.DictReader(io.StringIO(text)))
    published = load_published(ROOT / "results" / "published")
    assert len(lines) == len(rows) == 9 + 2 + len(published)
    for line, row in zip(lines, rows, strict=True):
        assert (line["origin"], line["name"], line["coder"]) == (
            row.origin, row.name, row.coder or ""
        )  # fmt: skip
        for metric in (*METRICS, "psnr_hvs_2011"):
            check_estimate(line, f"{metric}_auc", row.areas.get(metric))
        for (anchor, metric), rate in row.bd_rates.items():
            check_estimate(line, f"bd_rate_{anchor}_{metric}", rate)
        for bpp, saving in row.savings.items():
            check_estimate(line, f"saving_at_{bpp:g}", saving)
        check_estimate(line, "training_seconds", row.training_seconds)
        assert line["parameters"] == ("" if row.parameters is None else str(row.parameters))
        for metric, interval in row.behind_best.items():
            assert float(line[f"{metric}_behind_best_low"]) == interval.low
            assert int(line[f"{metric}_rank"]) == row.ranks[metric]


def check_estimate(line: dict[str, str], name: str, found: Estimate | None) -> None:
    assert line[name] == ("" if found is None else repr(found.mean))
    assert line[f"{name}_std"] == ("" if found is None or found.std is None else repr(found.std))


def test_nothing_has_documents_too() -> None:
    assert csv_text([], all_columns([])) == ""
    text = markdown_document(Collection("kodak", (), (), ()), [], [])
    assert text.endswith("left out\n\nNone.\n")


def test_latex_tables_are_well_formed(rows: list[Row]) -> None:
    text = latex_document(arranged(rows), ["100 % of this is a comment"])
    code = re.sub(r"(?m)^%.*$|(?<!\\)%$", "", text)
    # Letters of names need no command; anything else beyond ASCII would.
    assert all(sign.isascii() or sign.isalpha() for sign in code)
    assert code.count(r"\begin{tabular}") == 8
    for begin, end in (("{", "}"), (r"\begin{table*}", r"\end{table*}")):
        assert len(re.findall(rf"(?<!\\){re.escape(begin)}", code)) == code.count(end) - (
            code.count(r"\}") if end == "}" else 0
        )
    assert not re.search(r"(?<!\\)[_#%]", code)
    for table in re.findall(r"\\begin\{tabular\}\{(.*?)\}(.*?)\\end\{tabular\}", code, re.DOTALL):
        columns, body = table
        for line in body.splitlines():
            if line.endswith(r"\\") and "multicolumn" not in line:
                assert len(re.findall(r"(?<!\\)&", line)) == len(columns) - 1


def test_latex_escapes_what_means_something_to_it() -> None:
    assert escape_latex("a_b & 5 % {x} #1 $2 \\ ~ ^ < >") == (
        r"a\_b \& 5 \% \{x\} \#1 \$2 \textbackslash{} \textasciitilde{} "
        r"\textasciicircum{} \textless{} \textgreater{}"
    )


def test_the_terminal_shows_everything_in_a_hundred_columns(rows: list[Row]) -> None:
    console = Console(file=io.StringIO(), width=100)
    for section in arranged([WIDEST, *rows]):
        console.print(*shown_in_terminal(section), sep="\n")
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 100
    for figure in ("1.8098±0.0012", "−13.3±12.5", "32.1±1.2", "30.2 M", "2057.6±20.6"):
        assert figure in shown


def test_variants_have_a_column(rows: list[Row]) -> None:
    (section,) = arranged([replace(WIDEST, variant="optimizer.lr=0.1")])
    table = section.tables[0]
    assert table.headings[2] == "options"
    assert table.groups["no entropy coding: nominal rates"][0][2] == "optimizer.lr=0.1"


def test_another_family_has_a_section_and_columns_of_its_labels(tmp_path: Path) -> None:
    write_other_family(tmp_path / "waves" / "a")
    found = table_rows(collect(tmp_path, "kodak"), [], COMPARISON)
    (section,) = arranged(found)
    assert section.title == "waves (measured, 1 seed)"
    table = section.tables[0]
    assert table.headings[:2] == ["wavelet", "MS-SSIM"]
    assert [(title, lines[0][0]) for title, lines in table.groups.items()] == [("", "9/7")]
    (line,) = csv.DictReader(io.StringIO(csv_text(found, all_columns(found))))
    assert (line["family"], line["wavelet"], line["coder"]) == ("wavelet", "9/7", "")


def test_numbers_are_written_briefly() -> None:
    assert magnitude(30_214_000) == "30.2 M"
    assert magnitude(721) == "721"
    assert magnitude(2.5e9) == "2.5 G"
    column = Column[Estimate | None]("x", "x", lambda e: e, digits=1, attributes=ESTIMATE)
    assert column.text(None) == "–"
    assert column.text(Estimate(-1.25, 0.5, 2)) == "−1.2 ± 0.5"
    assert replace(column, scale=100, sign="+").text(Estimate(0.25, None, 1)) == "+25.0"
