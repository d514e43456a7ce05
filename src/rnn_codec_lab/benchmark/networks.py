"""Times training and coding of a codec, relative to the matrix products of the same machine."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from rnn_codec.families.binary.codec import RecurrentCodec, to_signal
from rnn_codec.families.binary.complexity import TRAINING_FACTOR, count_macs
from rnn_codec.families.binary.training.losses import residual_loss
from rnn_codec.training.options import Execution


@dataclass(frozen=True)
class Workload:
    """The workload to time: `workload` of conf/bench.yaml."""

    batch_size: int
    iterations: int
    image_height: int
    image_width: int
    image_iterations: int
    repetitions: int


@dataclass(frozen=True)
class Timing:
    """A timed operation.

    Attributes:
        operation: train, encode or decode.
        seconds: median time of one run.
        gmacs_per_second: rate of multiply–accumulate operations of the convolutions, in 10⁹ a
            second.
        fraction_of_peak: this rate, divided by that of matrix products just before and after.
        items_per_second: patches (train) or images (encode, decode) a second.
    """

    operation: str
    seconds: float
    gmacs_per_second: float
    fraction_of_peak: float
    items_per_second: float


def benchmark(
    codec: RecurrentCodec, work: Workload, execution: Execution, device: torch.device
) -> list[Timing]:
    """Time a training step, and encoding and decoding of one image.

    A step unrolls the codec and computes gradients; the optimizer, 0.1 % of the time, is left out.
    """
    codec = execution.lay_out_weights(codec.to(device))
    patches = torch.randint(0, 256, (work.batch_size, 3, 32, 32), dtype=torch.uint8, device=device)
    signal = execution.lay_out(to_signal(patches))
    iterate = execution.compiled(codec.iterate)
    execution.fuse_gates(codec)

    def step() -> None:
        codec.zero_grad()
        with execution.unrolling(codec):
            reconstructions = codec.unroll(signal, work.iterations, iterate)
        residual_loss(signal, reconstructions).backward()

    def timing(name: str, run: Callable[[], object], macs: int, items: int) -> Timing:
        # Matrix products are timed before and after, since the speed of a machine drifts.
        before = matrix_product_rate(device)
        seconds = median_seconds(run, work.repetitions, device)
        peak = (before + matrix_product_rate(device)) / 2
        rate = macs / seconds / 1e9
        return Timing(name, seconds, rate, rate / peak, items / seconds)

    macs = TRAINING_FACTOR * count_macs(codec, lambda: codec.unroll(signal, work.iterations))
    codec.train()
    timings = [timing("train", step, macs, work.batch_size)]

    size = (1, 3, work.image_height, work.image_width)
    image = torch.randint(0, 256, size, dtype=torch.uint8, device=device)
    codes = codec.encode(image, work.image_iterations)
    runs: dict[str, Callable[[], object]] = {
        "encode": lambda: codec.encode(image, work.image_iterations),
        "decode": lambda: list(codec.decode(codes)),
    }
    return timings + [timing(name, run, count_macs(codec, run), 1) for name, run in runs.items()]


def matrix_product_rate(device: torch.device, size: int = 2048) -> float:
    """Return the rate of a product of square random matrices, in 10⁹ MAC a second."""
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    return size**3 / median_seconds(lambda: a @ b, 5, device) / 1e9


def median_seconds(run: Callable[[], object], repetitions: int, device: torch.device) -> float:
    """Return the median time of a call, after a first call that does not count."""
    times = []
    for _ in range(repetitions + 1):
        start = time.perf_counter()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])
