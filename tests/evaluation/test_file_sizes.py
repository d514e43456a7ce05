"""Sizes of files: what is counted, and that it is what a file has."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rnn_codec.compression.container import Header

from rnn_codec.evaluation.curve import Curve, areas_under
from rnn_codec.evaluation.file_sizes import (
    FileSize,
    MeasuredCoder,
    mean_sizes,
    measure_file_sizes,
    sizes_table,
    write_file_sizes,
)
from rnn_codec.families.binary.codec import Codes
from rnn_codec.families.binary.entropy.context_model import bits_per_bit
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.families.binary.entropy.single_iteration import SingleIteration

CURVE = Curve((1, 2), (0.125, 0.25), {"psnr": (20.0, 22.0), "ms_ssim": (0.8, 0.9)})


def make_codes() -> Codes:
    bits = torch.rand(2, 1, 32, 3, 4) < 0.5
    return Codes(bits, height=48, width=60)


def size(coder: str, iteration: int, pixels: int, nominal: float, file: int) -> FileSize:
    return FileSize("a", coder, iteration, pixels, nominal, nominal, file, 1.0, 2.0)


def test_sizes_are_those_of_real_files_and_of_the_models_cross_entropy() -> None:
    codes, model = make_codes(), SingleIteration(24).eval()
    coder = model.quantise()
    measured = [MeasuredCoder(NoneCoder(), None), MeasuredCoder(coder, model)]
    sizes = list(measure_file_sizes("a", codes, measured))
    assert [(s.coder, s.iteration) for s in sizes] == [
        ("none", 1), ("none", 2), ("single_iteration", 1), ("single_iteration", 2)
    ]  # fmt: skip
    header = Header(60, 48, 1, coder.identifier, bytes(6), 0)
    stream = coder.encode(codes.bits[:, 0].numpy(), header.seed)
    for found, end in zip(sizes[2:], stream.iteration_ends, strict=True):
        whole = replace(header, iterations=found.iteration, stream_bytes=int(end)).pack()
        assert found.file_bytes == len(whole) + end
        assert found.nominal_bytes == found.iteration * 32 * 12 / 8
    signs = codes.bits.float() * 2 - 1
    with torch.no_grad():
        ideal = bits_per_bit(model(signs), signs) * 32 * 12 / 8
    assert [s.ideal_bytes for s in sizes[2:]] == pytest.approx(ideal.cumsum(0).tolist())
    assert [s.ideal_bytes for s in sizes[:2]] == [48, 96]


def test_savings_are_means_of_rates() -> None:
    sizes = [size("none", 1, 800, 100, 110), replace(size("none", 1, 400, 50, 40), image="b")]
    (mean,) = mean_sizes(sizes)
    assert mean.nominal_bpp == [1.0]
    assert mean.file_bpp == [pytest.approx((1.1 + 0.8) / 2)]
    assert mean.saving == [pytest.approx(0.05)]
    assert mean.decoding_seconds == 2.0


def test_the_record_can_be_read_again(tmp_path: Path) -> None:
    sizes = [size("none", k, 8000, 125.0 * k, 130 * k) for k in (1, 2)]
    means = write_file_sizes(tmp_path, sizes, CURVE, {"command": "x"})
    with (tmp_path / "file_sizes.csv").open() as file:
        assert [int(row["file_bytes"]) for row in csv.DictReader(file)] == [130, 260]
    content = json.loads((tmp_path / "file_sizes.json").read_text())
    assert content["coders"][0]["file_bpp"] == means[0].file_bpp == [0.13, 0.26]
    areas = areas_under(replace(CURVE, bpp=(0.13, 0.26)))
    assert content["areas_at_true_rate"] == {"none": areas}
    assert (tmp_path / "file_sizes.png").stat().st_size > 1000


def test_the_table_shows_savings_of_entropy_coders_alone() -> None:
    """What files cost without one above their bits is the header: no saving below zero."""
    sizes = [size("none", 1, 8000, 125.0, 145), size("progressive", 1, 8000, 125.0, 100)]
    columns = {
        column.header: list(column.cells) for column in sizes_table(mean_sizes(sizes)).columns
    }
    assert columns["nominal"][0] == "0.125"
    assert columns["none"][0] == "0.145"
    assert columns["progressive"][0] == "0.100 (20.0 %)"
