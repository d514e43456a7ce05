"""python -m rnn_codec.accelerated.measure run.yaml photographs.zip --record speed.json

Trains some steps in several ways and says which is the fastest; prints its options alone on
standard output, for the command that trains.
"""

import argparse
import gc
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from rnn_codec.accelerated.building import build_phases, build_step, peak_rate, use
from rnn_codec.accelerated.pack import Pixels, read_pack
from rnn_codec.accelerated.plain_config import override, read_plain_config
from rnn_codec.accelerated.speed import largest_useful_batch, training_macs
from rnn_codec.accelerated.step import ReplayedStep
from rnn_codec.errors import exit_on_user_error
from rnn_codec.files import atomic_path
from rnn_codec.machine import hardware, versions

WAYS = {
    "gates": (False, True, False),
    "gates+deferred": (False, True, True),
    "iteration": (True, False, False),
    "plain": (False, False, False),
}
"""trainer.compile, trainer.compile_gates and trainer.deferred_weight_gradients."""
STEPS = 8
"""That are timed, unless another number is asked for."""
SWITCHES = ("compile", "compile_gates", "deferred_weight_gradients")


@dataclass(frozen=True)
class Speed:
    """How fast a codec trains in one way, all iterations unrolled."""

    name: str
    """Of the codec."""
    way: str
    batch_size: int
    prepare_seconds: float
    """Until the first recorded step is done: compilers, choice of kernels."""
    crops_per_second: float
    gmacs_per_second: float
    fraction_of_peak: float
    memory_megabytes: float


def main(words: list[str]) -> None:
    """Measure; print the table on standard error, the best options on standard output."""
    options = parse(words)
    config = override(read_plain_config(options.config), options.options)
    device, pictures = use(options.device), read_pack(options.pack, "training")
    peak = peak_rate(device)
    say(f"matrix products: {peak / 1e9:.0f} GMAC/s")
    found = measure_all(
        config, pictures, device, peak, options.ways, options.largest, options.steps, math.inf
    )
    if options.record is not None:
        record(options.record, found, peak, config)
    if found:
        print(*best_options(found))


def best_way(
    config: dict[str, Any],
    pictures: list[Pixels],
    device: torch.device,
    ways: list[str],
    largest: int,
    seconds: float,
) -> list[str]:
    """The options of the fastest way, and of the largest batch that pays, found within a time.

    Where later crops are larger, their batch has as many pixels.
    """
    peak = peak_rate(device)
    found = measure_all(config, pictures, device, peak, ways, largest, STEPS, seconds)
    options = best_options(found) if found else []
    late = config["accelerated"]["late"]
    if found and late is not None:
        batch_size = int(options[-1].partition("=")[2])
        pixels = batch_size * config["data"]["crop_size"] ** 2
        options.append(f"accelerated.late.batch_size={max(1, pixels // late['crop_size'] ** 2)}")
    say(f"chosen: {' '.join(options) or 'as configured'}")
    return options


def measure_all(
    config: dict[str, Any],
    pictures: list[Pixels],
    device: torch.device,
    peak: float,
    ways: list[str],
    largest: int,
    steps: int,
    seconds: float,
) -> list[Speed]:
    """Measure each way, then larger batches in the fastest, as long as there is time."""
    found: list[Speed] = []
    end = time.monotonic() + seconds

    def attempt(way: str, batch_size: int) -> float:
        if found and time.monotonic() > end:
            raise TimeoutError(f"the {seconds:.0f} s for measuring are over")
        chosen = override(config, [*switches(way), f"data.batch_size={batch_size}"])
        found.append(measure(chosen, way, pictures, device, peak, steps))
        say(shown(found[-1]))
        return found[-1].crops_per_second

    try_all(attempt, ways, config["data"]["batch_size"], largest)
    return found


def parse(words: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("python -m rnn_codec.accelerated.measure", description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("pack", type=Path)
    parser.add_argument("options", nargs="*", help="other values: data.batch_size=512 …")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["gates", "gates+deferred"])
    parser.add_argument("--largest", type=int, default=0, help="double the batch up to this size")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps that are timed (8)")
    parser.add_argument("--record", type=Path, help="JSON file that the figures are added to")
    parser.add_argument("--device", default="cuda", help="cuda (default) or cpu")
    return parser.parse_intermixed_args(words)


def switches(way: str) -> list[str]:
    """The options of a way."""
    values = zip(SWITCHES, WAYS[way], strict=True)
    return [f"trainer.{name}={str(value).lower()}" for name, value in values]


def try_all(
    attempt: Callable[[str, int], float], ways: list[str], batch_size: int, largest: int
) -> None:
    """Attempt each way, then larger batches in the fastest; a way that fails is told and left.

    When all fail, what needs no compiler is attempted as well.
    """
    speeds: dict[str, float] = {}
    for way in dict.fromkeys([*ways, "plain"]):
        if speeds and way not in ways:
            continue
        try:
            speeds[way] = attempt(way, batch_size)
        # Compilers and libraries fail in many ways, and the time on the device must not be lost.
        except Exception as error:
            say(told(way, error))
    if not speeds:
        return
    fastest = max(speeds, key=speeds.__getitem__)
    known = {batch_size: speeds[fastest]}

    def of_batch(size: int) -> float:
        return known[size] if size in known else attempt(fastest, size)

    try:
        largest_useful_batch(batch_size, largest, of_batch)
    except Exception as error:
        say(told(f"a larger batch, {fastest},", error))


def told(what: str, error: Exception) -> str:
    """That something failed, in one line."""
    return f"{what} failed: {type(error).__name__}: {' '.join(str(error).splitlines()[:1])}"


def measure(
    config: dict[str, Any],
    way: str,
    pictures: list[Pixels],
    device: torch.device,
    peak: float,
    steps: int,
) -> Speed:
    """Train some steps of all iterations; the time of those after the first two counts."""
    torch._dynamo.reset()
    on_cuda = device.type == "cuda"
    begun = time.monotonic()
    step = build_step(config, device)
    phase = build_phases(config | {"accelerated": ONE_PHASE}, pictures, device)[0]
    crops = phase.crops
    runner, most = ReplayedStep(step) if on_cuda else step, config["max_iterations"]
    try:
        if on_cuda:
            torch.cuda.reset_peak_memory_stats(device)
        for number in range(2):
            runner.run(crops.batch(number), most, phase.loss)
        step.read_loss()
        prepared = time.monotonic()
        for number in range(steps):
            runner.run(crops.batch(number), most, phase.loss)
        step.read_loss()
        seconds = (time.monotonic() - prepared) / steps
        memory = torch.cuda.max_memory_allocated(device) if on_cuda else 0
    finally:
        del runner
        gc.collect()
        if on_cuda:
            torch.cuda.empty_cache()
    rate = crops.batch_size / seconds
    macs = rate * training_macs(step.averaged)(crops.crop_size, most)
    return Speed(
        name=config["name"],
        way=way,
        batch_size=crops.batch_size,
        prepare_seconds=prepared - begun,
        crops_per_second=rate,
        gmacs_per_second=macs / 1e9,
        fraction_of_peak=macs / peak,
        memory_megabytes=memory / 1e6,
    )


ONE_PHASE = {"shrunk": 0.0, "late": None}
"""What is shown in the crops makes no difference to the speed."""


def best_options(found: list[Speed]) -> list[str]:
    """The options of the last batch that paid, in the fastest way.

    Example:
        >>> speed = Speed("a", "gates", 256, 1.0, 4000.0, 1.0, 0.4, 1.0)
        >>> best_options([speed])[-1]
        'data.batch_size=256'
    """
    ways = {entry.way: entry.crops_per_second for entry in reversed(found)}
    fastest = max(ways, key=ways.__getitem__)
    speeds = {e.batch_size: e.crops_per_second for e in found if e.way == fastest}
    chosen = largest_useful_batch(min(speeds), max(speeds), speeds.__getitem__)[-1].batch_size
    return [*switches(fastest), f"data.batch_size={chosen}"]


def record(path: Path, found: list[Speed], peak: float, config: dict[str, Any]) -> None:
    """Add figures to a JSON file."""
    lines = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    lines += [
        asdict(entry)
        | {
            "crop_size": config["data"]["crop_size"],
            "iterations": config["max_iterations"],
            "matrix_product_gmacs_per_second": peak / 1e9,
            "hardware": hardware(),
            "versions": versions(),
        }
        for entry in found
    ]
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(lines, indent=2) + "\n", encoding="utf-8")


def shown(speed: Speed) -> str:
    """A line of the table."""
    return (
        f"{speed.name}  {speed.way}  batch {speed.batch_size}: "
        f"{speed.crops_per_second:.0f} crops/s, "
        f"{speed.fraction_of_peak:.0%} of the products' rate  "
        f"{speed.memory_megabytes:.0f} MB  prepared in {speed.prepare_seconds:.0f} s"
    )


def say(text: str) -> None:
    """For people: standard output is for the command that trains."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    with exit_on_user_error():
        main(sys.argv[1:])
