"""Models that have been used keep working in forked processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import model_folders
from tests.families.wavelet import priors

CODE = """
import multiprocessing, signal, sys
import numpy as np
import rnn_codec as rnc

signal.alarm(100)
pixels = np.random.default_rng(0).integers(0, 256, (96, 128, 3)).astype(np.uint8)
model = rnc.load(sys.argv[1], threads=2)
data = model.compress(pixels, rnc.Levels(3))
expected = model.decompress(data)

def work(_):
    signal.alarm(60)
    same = np.array_equal(model.decompress(data), expected)
    return same, model.compress(pixels, rnc.Levels(3)) == data

# More than once: what a child leaves behind is not that of its siblings.
for _ in range(2):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(work, range(2)).get(60) == [(True, True)] * 2
assert work(0) == (True, True)
"""


@pytest.mark.parametrize("family", ["wavelet", "binary"])
def test_a_pool_that_is_forked_off_works(family: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    if family == "wavelet":
        priors.write_model(folder, scaling="one_shot")
    else:
        model_folders.write_model(folder)
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert (done.returncode, done.stderr) == (0, "")
