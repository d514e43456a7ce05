"""Two processes that share a batch compute what one does with the whole, and leave one run."""

import csv
import json
import subprocess
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rnn_codec.layers.binarizer import stochastic_sign
from rnn_codec.runs.folder import RunFolder
from tests.commands.program import PROGRAM

OPTIONS = [
    "data.validation_images=3",  # one process gets two, the other one
    "data.validation_crop=161",
    "min_iterations=1",
    "max_iterations=3",
    "trainer.progress_bar=false",
    "trainer.log_every_n_steps=1",
    "averaging.decay=null",
]
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
SHARED = ["trainer=ddp_cpu", "data.batch_size=2"]


def train(folder: Path, *options: str) -> RunFolder:
    """Train in a process of its own; return the only run that it leaves."""
    command = [*PROGRAM, "train", *OPTIONS, *options]
    cache = f"data.cache_dir={folder.parent / 'cache'}"
    folder.mkdir()
    subprocess.run([*command, cache, f"output_root={folder}/runs"], check=True, cwd=folder)
    (run,) = (folder / "runs").iterdir()
    return RunFolder(run)


def log(run: RunFolder, name: str) -> list[float]:
    """A column of the log."""
    (file,) = run.path.glob("logs/version_*/metrics.csv")
    with file.open(newline="") as stream:
        return [float(row[name]) for row in csv.DictReader(stream) if row.get(name)]


@pytest.mark.parametrize(
    ("cell", "recon", "network"),
    [
        ("gru", "one_shot", "tiny"),
        ("lstm", "residual_scaling", "tiny"),
        ("gru", "one_shot", "transform"),
    ],
)
def test_gradients_are_those_of_the_whole_batch(
    cell: str, recon: str, network: str, tmp_path: Path
) -> None:
    options = [*PLAIN_STEP, "trainer.max_steps=1", f"cell={cell}", f"recon={recon}"]
    options.append(f"network={network}")
    whole = load_file(train(tmp_path / "whole", *options, *WHOLE).weights)
    shared = load_file(train(tmp_path / "shared", *options, *SHARED).weights)
    for name, weight in whole.items():
        torch.testing.assert_close(shared[name], weight, rtol=1e-4, atol=1e-6, msg=name)


def test_loss_curve_and_account_are_those_of_one_process(tmp_path: Path) -> None:
    options = ["trainer.max_steps=8", "trainer.val_check_interval=4"]
    whole = train(tmp_path / "whole", *options, *WHOLE)
    shared = train(tmp_path / "shared", *options, *SHARED)
    for name in ("train/loss", "val/psnr_auc", "val/ms_ssim_auc"):
        values = log(whole, name)
        assert len(values) == (8 if name == "train/loss" else 2)
        assert log(shared, name) == pytest.approx(values, rel=2e-4), name
    costs = [json.loads(run.cost.read_text()) for run in (whole, shared)]
    assert [(a["steps"], a["images"]) for a in costs] == [(8, 32)] * 2


def test_the_bits_of_a_batch_do_not_depend_on_how_it_is_shared() -> None:
    y = torch.rand(6, 4, 5, 3).contiguous(memory_format=torch.channels_last) * 2 - 1
    torch.manual_seed(1)
    whole = stochastic_sign(y)
    for rank in range(3):
        torch.manual_seed(1)
        share = stochastic_sign(y[2 * rank : 2 * rank + 2], rank, 3)
        assert torch.equal(share, whole[2 * rank : 2 * rank + 2])
    # One process draws as it always has.
    torch.manual_seed(1)
    assert torch.equal(whole > 0, torch.rand_like(y) < (1 + y) / 2)
