"""Time and memory of whole commands."""

import sys
from pathlib import Path
from subprocess import CalledProcessError

import numpy as np
import pytest

from rnn_codec_lab.benchmark.commands import repeated, taken, time_commands
from tests.families.wavelet.priors import write_model


def test_every_rate_has_a_row(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    rows = time_commands(str(write_model(tmp_path)), pixels, [4.0, 8.0], repetitions=1)
    assert [row["bits_per_pixel"] for row in rows] == [4.0, 8.0]
    for row in rows:
        assert 0.9 * row["bits_per_pixel"] < 8 * row["file_bytes"] / 2000 <= row["bits_per_pixel"]
        seconds = row["compress_ratio"] * row["import_torch_seconds"]
        assert row["compress_seconds"] == pytest.approx(seconds)
        # A process with NumPy but without PyTorch, which this process has imported.
        assert 20 < row["decompress_mebibytes"] < 200


def test_a_command_that_fails_is_no_timing(tmp_path: Path) -> None:
    with pytest.raises(CalledProcessError):
        taken(["false"])


def test_memory_is_that_of_the_command() -> None:
    small = taken([sys.executable, "-c", "pass"]).mebibytes
    assert taken([sys.executable, "-c", "bytearray(2**26)"]).mebibytes - small == pytest.approx(
        64, abs=8
    )


@pytest.mark.parametrize("least", [0, 6000, 50_001])
def test_pictures_are_repeated_as_in_mirrors(least: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    found = repeated(pixels, least)
    height, width, _ = found.shape
    assert height * width >= max(least, 2000)
    assert width / height == pytest.approx(50 / 40, rel=0.02)
    assert np.array_equal(found[:40, :50], pixels)
    both = np.concatenate([pixels, pixels[::-1]])
    assert np.array_equal(found[: min(height, 80), :50], both[: min(height, 80)])
