"""Fixtures and helpers that several tests share."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import wandb
from filelock import FileLock
from hypothesis import settings

from rnn_codec.cells.associative_lstm import AssociativeLSTMCell
from rnn_codec.cells.cell import CellFactory
from rnn_codec.cells.gru import GRUCell
from rnn_codec.cells.lstm import LSTMCell
from rnn_codec.cells.residual_gru import ResidualGRUCell
from rnn_codec.families.binary.code import CODE_DEPTH
from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.families.binary.entropy.coder import StreamShape
from rnn_codec.families.binary.entropy.progressive import Progressive
from rnn_codec.families.binary.networks.network import DecoderNetwork, EncoderNetwork
from rnn_codec.families.binary.networks.paper import Decoder, Encoder
from rnn_codec.families.binary.networks.transform import (
    LinearFreePart,
    TransformDecoder,
    TransformEncoder,
)
from rnn_codec.families.binary.reconstruction.framework import Additive, OneShot, Reconstruction
from rnn_codec.families.binary.reconstruction.residual_scaling import ResidualScaling

# No test depends on timing.
settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]

# Not a test but a program (`make fuzz`), with a package that nothing else needs.
collect_ignore = ["fuzz.py"]

# Processes that tests start use this checkout, whatever is installed.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT / "models")])
# Figures are drawn small, here and in processes that tests start: writing large ones takes longer
# than a training of two steps.
os.environ["MATPLOTLIBRC"] = str(ROOT / "tests" / "matplotlibrc")
# The compiler of PyTorch would start processes of its own, each of which imports all of it.
os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"

MARKS = {
    "browser": ("lab/report/test_browser.py",),
    "processes": (
        *("launchers/", "lab/commands/test_grid.py", "lab/grid/test_claims.py"),
        *("lab/grid/test_processes.py", "lab/grid/test_worker.py"),
        *("test_light.py", "test_main.py", "lab/benchmark/test_commands.py"),
        *("training/test_devices.py", "training/test_processes.py", "commands/test_configured.py"),
        "metrics/test_per_iteration_mean.py",
    ),
    "slow": (
        *("commands/test_train.py", "commands/test_train_coder.py", "commands/test_broken_runs.py"),
        *("families/binary/training/", "families/binary/golden/", "lab/commands/test_evaluate.py"),
        *("families/wavelet/training/", "families/wavelet/test_model.py"),
        *("families/wavelet/test_specification.py", "families/wavelet/test_code_length.py"),
        *("lab/report/test_page.py", "lab/grid/test_plan.py", "models/test_find.py"),
        *("commands/test_compress.py", "families/binary/test_model.py", "cells/test_equations.py"),
        *("families/binary/entropy/test_context_models.py", "test_sweeps.py", "docs/"),
        *("coding/test_compiled.py", "test_results.py", "test_studies.py", "pillow/"),
        *("pictures/test_metadata.py", "test_third_family.py", "lab/evaluation/test_learned.py"),
        *("training/test_callbacks.py", "training/test_loggers.py", "training/test_checkpoints.py"),
    ),
}
"""Test files below this folder, by the reason that they take long: `make quick` skips them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their files, so that slow tests are listed in one place.

    Those that start processes come first: at the end, the other core would have nothing to do.
    """
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder):
            place = item.path.relative_to(folder).as_posix()
            for mark, files in MARKS.items():
                if place.startswith(files):
                    item.add_marker(mark)
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


LSTM = partial(LSTMCell, forget_bias=1.0)
ASSOCIATIVE_LSTM = partial(AssociativeLSTMCell, forget_bias=1.0, key_bias=1.0)
RESIDUAL_GRU = partial(ResidualGRUCell, hidden_scale=0.1, output_scale=0.1)

CELLS: dict[str, tuple[CellFactory, CellFactory]] = {
    "lstm": (LSTM, LSTM),
    "associative_lstm": (LSTM, ASSOCIATIVE_LSTM),
    "gru": (GRUCell, GRUCell),
    "residual_gru": (RESIDUAL_GRU, RESIDUAL_GRU),
}
FRAMEWORKS: dict[str, type[Reconstruction]] = {
    "one_shot": OneShot,
    "additive": Additive,
    "residual_scaling": ResidualScaling,
}
PAIRS = [(cell, recon) for cell in CELLS for recon in FRAMEWORKS]


GAMMA = {"one_shot": 0.0, "additive": 1.0, "residual_scaling": 1.0}


def paper_networks(
    encoder: CellFactory, decoder: CellFactory, width: float, _: float
) -> tuple[EncoderNetwork, DecoderNetwork]:
    return Encoder(encoder, width), Decoder(decoder, width)


def transform_networks(
    encoder: CellFactory, decoder: CellFactory, width: float, gamma: float
) -> tuple[EncoderNetwork, DecoderNetwork]:
    depth, stages = round(128 * width), (16, 4)
    return (
        TransformEncoder(encoder, depth, *stages),
        TransformDecoder(decoder, depth, 1, *stages, gamma, LinearFreePart),
    )


NETWORKS: dict[str, Callable[..., tuple[EncoderNetwork, DecoderNetwork]]] = {
    "paper": paper_networks,
    "transform": transform_networks,
}


def make_codec(
    cell: str, recon: str, width: float = 0.125, seed: int = 0, network: str = "paper"
) -> RecurrentCodec:
    """An untrained codec with a cell, a framework and a network design, given by name."""
    torch.manual_seed(seed)
    networks = NETWORKS[network](*CELLS[cell], width, GAMMA[recon])
    return RecurrentCodec(*networks, FRAMEWORKS[recon]())


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    torch.manual_seed(0)
    yield


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let one of several workers compile what all need: it takes half a minute in a new clone."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    # The folder that contains the folders of all workers.
    with FileLock(tmp_path_factory.getbasetemp().parent / "compiling"):
        coder, shape = Progressive(2).quantise(), StreamShape(2, 1, 1, adaptive=False)
        stream = coder.encode(np.zeros((2, CODE_DEPTH, 1, 1), np.bool_), seed=0)
        coder.decode(stream.data, shape, seed=0)


@pytest.fixture
def own_wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """W&B without the user's settings, keys and runs, so that its runs are offline."""
    for name in [name for name in os.environ if name.startswith("WANDB")]:
        monkeypatch.delenv(name)
    for name in ("CONFIG", "CACHE", "DATA"):
        monkeypatch.setenv(f"WANDB_{name}_DIR", str(tmp_path / "wandb" / name))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    # Otherwise W&B asks a server for the user's name, for a greeting.
    monkeypatch.setenv("WANDB_SILENT", "true")
    wandb.teardown()
    yield
    wandb.finish()
    # Otherwise its process, and the variable that leads to it, stay for other tests.
    wandb.teardown()


@pytest.fixture
def picture() -> torch.Tensor:
    """A smooth uint8 picture of an odd size, (1, 3, 45, 70)."""
    y, x = torch.meshgrid(torch.arange(45.0), torch.arange(70.0), indexing="ij")
    waves = [128 + 100 * torch.sin(x / (5 + c) + y / (9 - c)) for c in range(3)]
    return torch.stack(waves).clamp(0, 255).to(torch.uint8)[None]
