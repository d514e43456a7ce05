"""Two processes that share a batch, or another device, do what one process does on the CPU."""

import csv
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from safetensors.torch import load_file

from rnn_codec.commands import train as entry
from rnn_codec.families.wavelet.restoration.folder import RESTORED
from rnn_codec.layers.binarizer import stochastic_sign
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.fitting import quieten_lightning
from tests import elsewhere
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
TRANSFORM = [
    *(*ITERATIONS, "cell=gru", "recon=one_shot", "network=transform"),
    *("network.encoder.depth=16", "network.decoder.depth=16"),
]
# A step of 1 along the gradient itself: the weights after it show the gradient.
PLAIN_STEP = [
    "optimizer._target_=torch.optim.SGD",
    "~optimizer.betas",
    "~optimizer.eps",
    "optimizer.lr=1",
    "optimizer.weight_decay=0",
    "schedule=constant",
    "schedule.warmup_steps=0",
    "trainer.gradient_clip_val=null",
    "trainer.max_steps=1",
]
UNVALIDATED = "+trainer.limit_val_batches=0"
WHOLE = ["data.batch_size=4"]
SHARED = [*DDP_CPU, "data.batch_size=2"]
ELSEWHERE = [
    *(*WHOLE, "trainer.crops_on_device=true"),
    *("trainer.accelerator=elsewhere", "trainer.strategy=elsewhere"),
]
GRADIENTS = {
    "paper": [*ITERATIONS, "cell=gru", "recon=one_shot", "network=tiny", UNVALIDATED],
    "wavelet": [
        *("cell=lstm", "recon=one_shot", "network=wavelet_tiny", "entropy=progressive"),
        *("data.crop_size=64", "trainer.val_check_interval=1", "data.validation_images=2"),
        *("restoration.crop_size=64", "restoration.batch_size=${data.batch_size}"),
        *("restoration.max_steps=1", "restoration.val_check_interval=1"),
        *("restoration.optimizer._target_=torch.optim.SGD", "restoration.schedule.warmup_steps=0"),
        *("~restoration.optimizer.betas", "restoration.optimizer.lr=1"),
    ],
    "transform": [*TRANSFORM, UNVALIDATED],
}
TRAININGS = {
    **{name: [*PLAIN_STEP, *more] for name, more in GRADIENTS.items()},
    "long": [
        *(
            *TRANSFORM,
            "network.iterations=4",
            "averaging.decay=0.5",
            "schedule=constant",
            "schedule.warmup_steps=1",
        ),
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


def train_share(rank: int, environment: dict[str, str], folder: Path) -> None:
    """Run the trainings as one of two processes."""
    os.environ.update(environment, LOCAL_RANK=str(rank))
    torch.set_num_threads(1)
    quieten_lightning()
    train_each(folder, with_options(SHARED))


def train_elsewhere(_rank: int, folder: Path) -> None:
    """Train each family on another device; the long run is resumed on the CPU after two steps."""
    elsewhere.register()
    torch.set_num_threads(1)
    quieten_lightning()
    options = with_options(ELSEWHERE)
    begun = [*options["long"], "trainer.max_steps=2"]
    train_each(folder, {"wavelet": options["wavelet"], "long": begun})
    assert elsewhere.Remote.made, "all was trained on the CPU"
    on_cpu = ["trainer.accelerator=cpu", "trainer.strategy=auto"]
    train_each(folder, {"long": [*options["long"], *on_cpu]})


def with_options(more: list[str]) -> dict[str, list[str]]:
    """The options of the trainings, each with some more."""
    return {name: [*options, *more] for name, options in TRAININGS.items()}


Runs = Callable[[str, str], tuple[RunFolder, RunFolder]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The run of a training by one process on the CPU, and that of two processes or elsewhere.

    Each process is started once and trains all of them, elsewhere one of each family.
    """
    folder, start = tmp_path_factory.mktemp("devices"), FORKING.get_start_method()
    start_processes = partial(torch.multiprocessing.start_processes, start_method=start)
    train_each(folder / "whole", with_options(WHOLE))
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2"}
    start_processes(train_share, (place, folder / "shared"), nprocs=2)
    start_processes(train_elsewhere, (folder / "elsewhere",))
    return lambda name, how: (RunFolder(folder / "whole" / name), RunFolder(folder / how / name))


def log(run: RunFolder, name: str) -> list[float]:
    """The values in a column of the log."""
    found = []
    for file in sorted(run.path.glob("logs/version_*/metrics.csv")):
        with file.open(newline="") as stream:
            found += [float(row[name]) for row in csv.DictReader(stream) if row.get(name)]
    return found


@pytest.mark.parametrize(
    ("network", "how"), [*((name, "shared") for name in GRADIENTS), ("wavelet", "elsewhere")]
)
def test_gradients_are_those_of_the_whole_batch(network: str, how: str, runs: Runs) -> None:
    whole, other = runs(network, how)
    assert_same_weights(whole, other)
    if network == "wavelet":
        assert_same_weights(whole.restoration(RESTORED), other.restoration(RESTORED))


def assert_same_weights(one: RunFolder, other: RunFolder) -> None:
    found = load_file(other.weights)
    for name, weight in load_file(one.weights).items():
        torch.testing.assert_close(found[name], weight, rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("how", ["shared", "elsewhere"])
@pytest.mark.parametrize(("training", "steps", "validations"), [("wavelet", 1, 1), ("long", 4, 2)])
def test_losses_and_scores_are_those_of_one_process(
    training: str, steps: int, validations: int, how: str, runs: Runs
) -> None:
    whole, other = runs(training, how)
    for name in ("train/loss", "val/psnr_auc", "val/ms_ssim_auc"):
        values = log(whole, name)
        assert len(values) == (steps if name == "train/loss" else validations)
        assert log(other, name) == pytest.approx(values, rel=2e-4), name


@pytest.mark.parametrize("how", ["shared", "elsewhere"])
def test_accounts_are_those_of_one_process(how: str, runs: Runs) -> None:
    costs = [json.loads(run.cost.read_text()) for run in runs("long", how)]
    assert [(cost["steps"], cost["images"]) for cost in costs] == [(4, 16)] * 2


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
