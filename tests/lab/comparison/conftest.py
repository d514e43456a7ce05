"""A folder of results, made once and copied for each test that changes it."""

import shutil
from pathlib import Path

import pytest

from tests.lab.comparison.made import write_classic, write_network

BETTER = {("gru", "one_shot"): 0.3, ("gru", "additive"): 0.0, ("lstm", "one_shot"): 0.299}
"""Advantage of each pair of the made-up experiment `grid`, in dB; LSTM additive is missing."""


@pytest.fixture(scope="session")
def made_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three codecs with two seeds and three entropy coders each, and two classic codecs."""
    results = tmp_path_factory.mktemp("made") / "results"
    for (cell, recon), better in BETTER.items():
        for seed in (0, 1):
            folder = results / "grid" / f"{cell}-{recon}-{seed}"
            write_network(folder, cell, recon, seed, better)
    write_classic(results / "baselines" / "jpeg_420", "jpeg_420", better=-1.0)
    write_classic(results / "baselines" / "webp", "webp", better=0.5)
    return results


@pytest.fixture
def results(made_results: Path, tmp_path: Path) -> Path:
    """A copy of `made_results` to change."""
    return Path(shutil.copytree(made_results, tmp_path / "results"))
