"""Timings of whole commands: of the commands that they say."""

from pathlib import Path
from subprocess import CalledProcessError

import numpy as np
import pytest

from rnn_codec_lab.benchmark.commands import process_seconds, time_commands
from tests.families.wavelet.priors import write_model


def test_every_rate_has_a_row(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    rows = time_commands(str(write_model(tmp_path)), pixels, [4.0, 8.0], repetitions=1)
    assert [row["bits_per_pixel"] for row in rows] == [4.0, 8.0]
    for row in rows:
        assert 0.9 * row["bits_per_pixel"] < 8 * row["file_bytes"] / 2000 <= row["bits_per_pixel"]
        assert row["compress_seconds"] == row["compress_ratio"] * row["import_torch_seconds"]


def test_a_command_that_fails_is_no_timing(tmp_path: Path) -> None:
    with pytest.raises(CalledProcessError):
        process_seconds(["false"])
