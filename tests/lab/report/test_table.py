"""Rows of the comparison as a table."""

from rnn_codec_lab.comparison.collecting import Collection, Problem
from rnn_codec_lab.comparison.columns import columns
from rnn_codec_lab.comparison.rows import Row
from rnn_codec_lab.comparison.statistics import Estimate
from rnn_codec_lab.report.table import table_content

CLASSIC = Row(
    origin="measured", experiment="baselines", name="jpeg_420", images=24,
    areas={"ms_ssim": Estimate(1.79203, None, 1)},
)  # fmt: skip
NETWORK = Row(
    origin="measured", experiment="grid", name="gru one_shot", trained=True,
    labels={"cell": "gru", "recon": "one_shot", "network": "tiny"}, coder="progressive",
    seeds=(0, 1), images=24,
    areas={"ms_ssim": Estimate(1.7681, 0.0012, 2)}, ranks={"ms_ssim": 2},
    bd_rates={("jpeg_420", "psnr"): Estimate(-12.34, None, 1)},
    savings={0.25: Estimate(0.327, None, 1)}, parameters=571_234, macs_per_pixel=11_342.0,
    training_seconds=Estimate(5400.0, None, 1),
)  # fmt: skip
PUBLISHED = Row(
    origin="published", experiment="paper", name="GRU", source="table 1",
    areas={"ms_ssim": Estimate(1.8098, None, 1), "psnr_hvs_2011": Estimate(53.0, None, 1)},
)  # fmt: skip


COLUMNS = columns([NETWORK], ["jpeg_420"], [0.25])
NOTHING_WRONG = Collection("kodak", (), (), ())


def cells(row: Row, *rows: Row) -> dict[str, dict]:
    """The cells of the first row by their headings."""
    content = table_content([row, *rows], COLUMNS, NOTHING_WRONG)
    assert isinstance(content["columns"], list)
    assert isinstance(content["rows"], list)
    labels = [column["label"] for column in content["columns"]]
    return dict(zip(labels, content["rows"][0], strict=True))


def test_a_row_of_a_network() -> None:
    assert {label: cell["text"] for label, cell in cells(NETWORK).items()} == {
        "Codec": "gru one_shot",
        "Entropy coder": "progressive",
        "Origin": "measured",
        "MS-SSIM": "1.7681 ± 0.0012",
        "Rank": "2",
        "BD JPEG 4:2:0, PSNR": "−12.3",
        "Saved at 0.25 bpp, %": "32.7",
        "Parameters": "571 k",
        "MAC per pixel": "11.3 k",
        "Training, min": "90.0",
        "Cell": "gru",
        "Framework": "one_shot",
        "Network": "tiny",
        "Seeds": "0 1",
        "Images": "24",
        "Experiment": "grid",
    }


def test_columns_without_a_value_are_left_out() -> None:
    assert "Rank" not in cells(CLASSIC)
    assert cells(CLASSIC, NETWORK)["Rank"] == {"value": None, "text": "–", "title": ""}


def test_published_rows_are_marked_and_their_metric_is_another() -> None:
    shown = cells(PUBLISHED, CLASSIC)
    assert shown["Origin"]["text"] == "published"
    assert shown["PSNR-HVS of 2011"]["text"] == "53.00"
    assert "PSNR-HVS" not in shown


def test_values_sort_by_all_their_digits() -> None:
    assert cells(CLASSIC)["MS-SSIM"] == {"value": 1.79203, "text": "1.7920", "title": ""}
    assert cells(NETWORK)["MS-SSIM"]["title"] == "mean and deviation of 2 seeds"


def test_the_table_is_sorted_by_ms_ssim_at_first() -> None:
    faulty = Collection("kodak", (), (Problem("a", "is wrong", True),), ("b lacks c",))
    content = table_content([CLASSIC], COLUMNS, faulty)
    assert isinstance(content["sorted_by"], int)
    assert list(cells(CLASSIC))[content["sorted_by"]] == "MS-SSIM"
    assert content["problems"] == ["a: is wrong", "b lacks c"]
