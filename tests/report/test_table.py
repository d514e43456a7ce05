"""Rows of the aggregator as a table."""

from rnn_codec.comparison import Estimate, Row
from rnn_codec.report.table import EMPTY, Cell, columns_of, estimate

CLASSIC = Row(
    origin="measured", experiment="baselines", name="jpeg_420", images=24,
    areas={"ms_ssim": Estimate(1.79203, None, 1)},
)  # fmt: skip
NETWORK = Row(
    origin="measured", experiment="grid", name="gru one_shot", cell="gru", recon="one_shot",
    network="tiny", coder="progressive", seeds=(0, 1), images=24,
    areas={"ms_ssim": Estimate(1.7681, 0.0012, 2)}, ranks={"ms_ssim": 2},
    bd_rates={("jpeg_420", "psnr"): Estimate(-12.34, None, 1)},
    savings={0.25: Estimate(0.327, None, 1)}, parameters=571_234, macs_per_pixel=11_342.0,
    training_seconds=Estimate(5400.0, None, 1),
)  # fmt: skip
PUBLISHED = Row(
    origin="published", experiment="paper", name="GRU", source="table 1",
    areas={"ms_ssim": Estimate(1.8098, None, 1), "psnr_hvs_2011": Estimate(53.0, None, 1)},
)  # fmt: skip


def cells(row: Row, *rows: Row) -> dict[str, Cell]:
    return {column.label: column.cell(row) for column in columns_of([row, *rows])}


def test_a_row_of_a_network() -> None:
    shown = {label: cell.text for label, cell in cells(NETWORK).items()}
    assert shown == {
        "Name": "gru one_shot",
        "Coder": "progressive",
        "Origin": "measured",
        "MS-SSIM": "1.7681 ± 0.0012",
        "Rank": "2",
        "BD jpeg_420, PSNR": "-12.3",
        "Saved at 0.25, %": "32.7",
        "Parameters": "571,234",
        "kMAC/pixel": "11.3",
        "Training, h": "1.50",
        "Cell": "gru",
        "Framework": "one_shot",
        "Network": "tiny",
        "Seeds": "2",
        "Images": "24",
        "Experiment": "grid",
    }


def test_columns_without_a_value_are_left_out() -> None:
    assert "Rank" not in cells(CLASSIC)
    assert cells(CLASSIC, NETWORK)["Rank"] == EMPTY


def test_published_rows_are_marked_and_their_metric_is_another() -> None:
    shown = cells(PUBLISHED, CLASSIC)
    assert shown["Origin"].text == "published"
    assert shown["PSNR-HVS 2011"].text == "53.00"
    assert "PSNR-HVS" not in shown


def test_values_sort_by_all_their_digits() -> None:
    assert estimate(Estimate(1.79203, None, 1), 1, 2) == Cell(1.79203, "1.79")
