"""The rate of large matrix products: what a machine can do at most."""

import statistics
import time
from collections.abc import Callable

import torch


def matrix_product_rate(device: torch.device, size: int = 2048) -> float:
    """10⁹ multiply–accumulate operations a second of a square product of random numbers."""
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    return size**3 / median_seconds(lambda: a @ b, 5, device) / 1e9


def median_seconds(run: Callable[[], object], repetitions: int, device: torch.device) -> float:
    """Median time of a call, after one that does not count."""
    times = []
    for _ in range(repetitions + 1):
        start = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])
