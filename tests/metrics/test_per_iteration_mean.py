"""Means over a data set, in one process and in two that hold unequal shares of it."""

from pathlib import Path

import pytest
import torch
from tests.forking import FORKING
from torch import distributed, multiprocessing

from rnn_codec.metrics.per_iteration_mean import PerIterationMean
from rnn_codec.metrics.psnr import psnr

ITERATIONS = 3
IMAGES = 7
SPLIT = (5, 2)


def reconstructions() -> tuple[torch.Tensor, torch.Tensor]:
    """Return ITERATIONS of IMAGES reconstructions, (T, B, 3, 8, 8), and their originals."""
    generator = torch.Generator().manual_seed(1)
    originals = torch.randint(0, 256, (IMAGES, 3, 8, 8), generator=generator)
    spread = torch.arange(1, IMAGES + 1).reshape(-1, 1, 1, 1) * 8
    noise = [(torch.rand(originals.shape, generator=generator) - 0.5) * spread / (t + 1)
             for t in range(ITERATIONS)]  # fmt: skip
    noisy = torch.stack([(originals + each).clamp(0, 255) for each in noise])
    return noisy.byte(), originals.byte()


def score_share(first: int, last: int) -> PerIterationMean:
    """Return the metric after images first..last, in batches of two."""
    metric = PerIterationMean(psnr, ITERATIONS)
    noisy, originals = reconstructions()
    for start in range(first, last, 2):
        batch = slice(start, min(start + 2, last))
        for iteration in range(ITERATIONS):
            metric.update(iteration, noisy[iteration, batch], originals[batch])
    return metric


def expected_means() -> list[float]:
    noisy, originals = reconstructions()
    return [float(psnr(each, originals).mean()) for each in noisy]


def work(rank: int, folder: str) -> None:
    """Score this process's share and save the mean that it sees."""
    store = f"file://{folder}/store"
    distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=len(SPLIT))
    first = sum(SPLIT[:rank])
    torch.save(score_share(first, first + SPLIT[rank]).compute(), f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


def test_is_the_mean_over_images_for_each_iteration() -> None:
    means = score_share(0, IMAGES).compute()
    assert means.dtype == torch.float64
    assert means.tolist() == pytest.approx(expected_means())


def test_two_processes_with_unequal_shares_see_the_mean_over_all(tmp_path: Path) -> None:
    multiprocessing.start_processes(
        work,
        (str(tmp_path),),
        nprocs=len(SPLIT),
        start_method=FORKING.get_start_method(),
    )
    seen = [torch.load(tmp_path / f"{rank}.pt").tolist() for rank in range(len(SPLIT))]
    halves = [score_share(0, SPLIT[0]), score_share(SPLIT[0], IMAGES)]
    mean_of_means = torch.stack([half.compute() for half in halves]).mean(dim=0).tolist()
    assert seen[0] == pytest.approx(expected_means())
    assert seen[1] == pytest.approx(expected_means())
    assert seen[0] != pytest.approx(mean_of_means, abs=1e-3)


def test_an_iteration_without_images_has_no_mean() -> None:
    metric = PerIterationMean(psnr, 2)
    black = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    metric.update(0, black, black)
    assert metric.compute()[1].isnan()
