"""Two processes that share a batch get the same results as one process, and leave one run."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from safetensors.torch import load_file

from rnn_codec.commands import train as entry
from rnn_codec.layers.binarizer import stochastic_sign
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.fitting import quieten_lightning
from tests.conftest import ROOT
from tests.forking import FORKING
from tests.launchers.commands import DDP_CPU, free_port
from tests.trainings import without_pictures

OPTIONS = [
    "data.validation_images=3",  # one process gets two, the other one
    "data.validation_crop=161",
    "trainer.progress_bar=false",
    "trainer.log_every_n_steps=1",
    "averaging.decay=null",
]
ITERATIONS = ["min_iterations=1", "max_iterations=3"]
# A step of 1 along the gradient itself: the weights after it show the gradient.
PLAIN_STEP = [
    "optimizer._target_=torch.optim.SGD",
    "~optimizer.betas",
    "~optimizer.eps",
    "optimizer.lr=1",
    "schedule=constant",
    "schedule.warmup_steps=0",
    "optimizer.weight_decay=0",
    "trainer.gradient_clip_val=null",
]
WHOLE = ["data.batch_size=4"]
SHARED = [*DDP_CPU, "data.batch_size=2"]
GRADIENTS = {
    "paper": [*ITERATIONS, "cell=gru", "recon=one_shot", "network=tiny"],
    "wavelet": [
        *("cell=lstm", "recon=residual_scaling", "network=wavelet_tiny", "entropy=progressive"),
        "data.crop_size=64",
    ],
    "transform": [
        *(*ITERATIONS, "cell=gru", "recon=one_shot", "network=transform"),
        *("network.encoder.depth=16", "network.decoder.depth=16"),
    ],
}
TRAININGS = {
    **{
        name: [*PLAIN_STEP, "trainer.max_steps=1", "+trainer.limit_val_batches=0", *more]
        for name, more in GRADIENTS.items()
    },
    "long": [
        *ITERATIONS,
        *("trainer.max_steps=4", "trainer.val_check_interval=2"),
        # With a limit, the processes have to agree on how much time is used.
        "trainer.max_time=01:00:00:00",
    ],
}


def configure(*options: str) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("train", [*OPTIONS, *options])


def train_each(folder: Path, trainings: dict[str, list[str]]) -> None:
    """Train in this process, which may be one of several, each run in a folder of its own."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        without_pictures(monkeypatch)
        for name, options in trainings.items():
            config = configure(*options, f"data.cache_dir={folder.parent / 'cache'}")
            run = RunFolder(folder / name)
            run.path.mkdir(parents=True, exist_ok=True)
            entry.train(config, run)


def train_share(rank: int, environment: dict[str, str], folder: Path, trainings: Any) -> None:
    """Run the trainings as one of two processes."""
    os.environ.update(environment, LOCAL_RANK=str(rank))
    torch.set_num_threads(1)
    quieten_lightning()
    train_each(folder, trainings)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[RunFolder, RunFolder]]:
    """The two runs of a training, by name: of one process, and of two that share each batch.

    Each of the two processes is started once and trains all of them.
    """
    folder = tmp_path_factory.mktemp("ddp")
    train_each(folder / "whole", {name: [*more, *WHOLE] for name, more in TRAININGS.items()})
    shared = {name: [*more, *SHARED] for name, more in TRAININGS.items()}
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2"}
    torch.multiprocessing.start_processes(
        train_share,
        (place, folder / "shared", shared),
        nprocs=2,
        start_method=FORKING.get_start_method(),
    )
    return lambda name: (RunFolder(folder / "whole" / name), RunFolder(folder / "shared" / name))


def log(run: RunFolder, name: str) -> list[float]:
    """The values in a column of the log."""
    (file,) = run.path.glob("logs/version_*/metrics.csv")
    with file.open(newline="") as stream:
        return [float(row[name]) for row in csv.DictReader(stream) if row.get(name)]


@pytest.mark.parametrize("network", GRADIENTS)
def test_gradients_are_those_of_the_whole_batch(network: str, runs: Callable) -> None:
    whole, shared = (load_file(run.weights) for run in runs(network))
    for name, weight in whole.items():
        torch.testing.assert_close(shared[name], weight, rtol=1e-4, atol=1e-6, msg=name)


def test_loss_curve_and_account_are_those_of_one_process(runs: Callable) -> None:
    whole, shared = runs("long")
    for name in ("train/loss", "val/psnr_auc", "val/ms_ssim_auc"):
        values = log(whole, name)
        assert len(values) == (4 if name == "train/loss" else 2)
        assert log(shared, name) == pytest.approx(values, rel=2e-4), name
    costs = [json.loads(run.cost.read_text()) for run in (whole, shared)]
    assert [(a["steps"], a["images"]) for a in costs] == [(4, 16)] * 2


def test_the_bits_of_a_batch_do_not_depend_on_how_it_is_shared() -> None:
    y = torch.rand(6, 4, 5, 3).contiguous(memory_format=torch.channels_last) * 2 - 1
    torch.manual_seed(1)
    whole = stochastic_sign(y)
    for rank in range(3):
        torch.manual_seed(1)
        share = stochastic_sign(y[2 * rank : 2 * rank + 2], rank, 3)
        assert torch.equal(share, whole[2 * rank : 2 * rank + 2])
    # A single process draws the same numbers as torch.rand_like.
    torch.manual_seed(1)
    assert torch.equal(whole > 0, torch.rand_like(y) < (1 + y) / 2)
