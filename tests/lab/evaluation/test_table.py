"""The tables and sentences of an evaluation on the terminal."""

from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rnn_codec.metrics.curve import Curve
from rnn_codec_lab.evaluation.measurement import Measurement
from rnn_codec_lab.evaluation.record import About, write_record
from rnn_codec_lab.evaluation.table import (
    adaptive_sentences,
    areas_table,
    curve_table,
    cuts_sentence,
    sizes_table,
)


def curve(point, bpp, psnr, ms_ssim, psnr_hvs) -> Curve:
    return Curve(point, bpp, {"psnr": psnr, "ms_ssim": ms_ssim, "psnr_hvs": psnr_hvs})


OWN = curve((1, 2, 3), (0.125, 0.25, 2.0), (24.0, 26.0, 30.0), (0.8, 0.9, 0.95), (23.0, 25, 29))
JPEG = curve((5, 95), (0.2, 1.2), (23.0, 33.0), (0.75, 0.95), (22.0, 32.0))


def printed(table: Table) -> str:
    """Return the table as a terminal of 80 characters shows it."""
    out = StringIO()
    Console(file=out, width=80).print(table)
    return out.getvalue()


def rows(table: Table) -> list[list[str]]:
    """Return the printed cells, except empty ones, of every row with figures."""
    cells = [line.split() for line in printed(table).splitlines()]
    return [row for row in cells if row and (row[0] == "AUC" or row[0].isdigit())]


def test_shows_every_point_and_the_areas() -> None:
    assert rows(curve_table(OWN, "LSTM")) == [
        ["1", "0.125", "24.00", "0.8000", "23.00"],
        ["2", "0.250", "26.00", "0.9000", "25.00"],
        ["3", "2.000", "30.00", "0.9500", "29.00"],
        ["AUC", "52.12", "1.7250", "50.25"],
    ]


def test_shows_others_at_equal_rate_but_not_beyond_what_was_measured() -> None:
    table = curve_table(OWN, "LSTM", beside=[("JPEG", JPEG)])
    points = rows(table)
    assert [row[5:] for row in points[:3]] == [
        ["–", "–", "–"],
        ["23.50", "0.7600", "22.50"],
        ["–", "–", "–"],
    ]
    # 23 dB up to 0.2, a ramp over 1 bpp, 33 dB for 0.8 bpp.
    assert points[3][4] == f"{23 * 0.075 + 28 + 33 * 0.8:.2f}"


def test_equal_rates_keep_their_own_scores() -> None:
    tied = curve((1, 2), (0.5, 0.5), (20.0, 30.0), (0.8, 0.9), (20.0, 30.0))
    assert [row[2] for row in rows(curve_table(tied, "tied"))[:2]] == ["20.00", "30.00"]


def test_files_and_what_is_saved_and_lost(tmp_path: Path) -> None:
    """Without a coder, files exceed their bits by the header: no negative saving is shown."""
    curves = {
        "nominal": {"kind": "nominal", "scores_of": "progressive"},
        "none": {"kind": "files", "entropy": "none", "scores_of": "progressive"},
        "progressive": {"kind": "files", "entropy": "progressive"},
        "adaptive, psnr": {"kind": "files", "entropy": "progressive", "tune": "psnr"},
        "adaptive, psnr, effort 1": {
            **{"kind": "files", "entropy": "progressive", "tune": "psnr", "effort": "1"}
        },
        "cut": {"kind": "prefix", "entropy": "progressive"},
    }

    def measured(curve: str, point: float, size: float, decibels: float | None) -> Measurement:
        scores = {} if decibels is None else {"psnr": decibels}
        return Measurement("a", curve, point, size, 8000, scores)

    measurements = [
        *(measured("nominal", k, 125 * k, None) for k in (1, 2)),
        *(measured("none", k, 125 * k + 20, None) for k in (1, 2)),
        *(measured("progressive", k, 100 * k, 20 + 6 * (k - 1)) for k in (1, 2)),
        # The same qualities as above, at half the rate.
        *(measured("adaptive, psnr", k / 10, 50 * k, 20 + 6 * (k - 1)) for k in (1, 2)),
        *(measured("adaptive, psnr, effort 1", k / 10, 40 * k, 14 + 6 * k) for k in (1, 2)),
        measured("cut", 1.5, 150, 19.75),
    ]
    record = write_record(tmp_path, measurements, About("a", "photos", curves=curves))
    table = sizes_table(record.savings())
    columns = {column.header: list(column.cells) for column in table.columns}
    assert columns["nominal"] == ["0.125", "0.250"]
    assert columns["none"] == ["0.145", "0.270"]
    assert columns["progressive"] == ["0.100 (20.0 %)", "0.200 (20.0 %)"]
    assert list(adaptive_sentences(record, "progressive")) == [
        "Adaptive files, psnr: BD-rate against uniform files -50.0 % by PSNR.",
        "Adaptive files, psnr, effort 1: BD-rate against uniform files -60.0 % by PSNR.",
    ]
    assert "more than 0.250 dB of PSNR below" in cuts_sentence(record, "cut", "progressive")


def test_areas_of_several_codecs_stand_below_each_other() -> None:
    lines = printed(areas_table([("LSTM", OWN), ("JPEG", JPEG)])).splitlines()
    found = [line.split() for line in lines if line.split()[:1] in (["LSTM"], ["JPEG"])]
    assert [row[0] for row in found] == ["LSTM", "JPEG"]
    assert found[0][1:] == rows(curve_table(OWN, "LSTM"))[-1][1:]
