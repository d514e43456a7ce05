"""Time networks in training and coding, or models on a picture, on this machine.

For example: rnn-codec bench what=models
"""

from dataclasses import asdict, fields

import torch
from hydra import compose
from omegaconf import DictConfig

from rnn_codec.commands.configured import command_line, configured
from rnn_codec.configuration import build
from rnn_codec.data import DATA
from rnn_codec.errors import UserError
from rnn_codec.families.binary.training.building import build_codec
from rnn_codec.files import atomic_path, make_folder, write_json
from rnn_codec.machine import hardware, versions
from rnn_codec.models.find import SHIPPED, load_model, model_folders
from rnn_codec.progress import progress
from rnn_codec.training.options import Execution
from rnn_codec_lab.benchmark.entropy import (
    DECODING,
    EntropyTiming,
    EntropyWorkload,
    benchmark_entropy,
)
from rnn_codec_lab.benchmark.models import CodingTime, coding_table, time_coding
from rnn_codec_lab.benchmark.networks import Timing, Workload, benchmark
from rnn_codec_lab.benchmark.peak import matrix_product_rate
from rnn_codec_lab.comparison.tables import Column, arrange, markdown
from rnn_codec_lab.evaluation.pictures import chosen_picture

TIMINGS: tuple[Column[tuple[str, str, Timing]], ...] = (
    Column("network", "network", lambda row: row[0], numeric=False),
    Column("cell", "cell", lambda row: row[1], numeric=False),
    Column("operation", "operation", lambda row: row[2].operation, numeric=False),
    Column("seconds", "s", lambda row: row[2].seconds, digits=3),
    Column("speed", "GMAC/s", lambda row: row[2].gmacs_per_second, digits=1),
    Column("of_peak", "of peak, %", lambda row: row[2].fraction_of_peak, digits=0, scale=100),
    Column("items", "patches or images/s", lambda row: row[2].items_per_second),
)


def bench(config: DictConfig) -> None:
    """Time what is asked for, write and show it."""
    timed = {"networks": bench_networks, "models": bench_models}
    if config.what not in timed:
        raise UserError(f"what={config.what} is none of {', '.join(timed)}")
    timed[config.what](config)


def bench_networks(config: DictConfig) -> None:
    """Every cell in every network, and entropy coding."""
    entropy = benchmark_entropy(EntropyWorkload(**config.entropy_workload), config.seed)
    timings = time_networks(config)
    record = {
        **conditions(),
        "matrix_product_gmacs_per_second": matrix_product_rate(torch.device(config.device)),
        "workload": dict(config.workload),
        "timings": [{"network": n, "cell": c, **asdict(t)} for n, c, t in timings],
        "entropy_workload": dict(config.entropy_workload),
        "entropy_timings": [asdict(timing) for timing in entropy],
    }
    table = markdown(arrange("networks", TIMINGS, {"": timings}))
    parts = [introduction(record), [table], entropy_table(record, entropy)]
    write(config, record, "\n".join(line for part in parts for line in [*part, ""]))


def bench_models(config: DictConfig) -> None:
    """Every model at every rate."""
    images = list(build(DATA, config.data).evaluation_images())
    name, pixels = chosen_picture(images, config.picture)
    shipped = [str(folder) for folder in model_folders([SHIPPED])]
    places = list(config.models) if config.models is not None else shipped
    jobs = [(place, rate) for place in places for rate in config.rates]
    times: list[CodingTime] = [
        time_coding(load_model(place, device=config.device), pixels, rate, config.repetitions)
        for place, rate in progress(jobs, "timing")
    ]
    record = {
        **conditions(),
        "picture": name,
        "repetitions": config.repetitions,
        "times": [asdict(time) for time in times],
    }
    write(config, record, coding_table(times))


def conditions() -> dict[str, object]:
    """On what, and by what, anything is timed."""
    return {
        "command": command_line(),
        "versions": versions(),
        "hardware": hardware(),
        "threads": torch.get_num_threads(),
    }


def write(config: DictConfig, record: dict[str, object], text: str) -> None:
    """Write bench.json and bench.md, print the latter."""
    folder = make_folder(config.output)
    write_json(folder / "bench.json", record)
    with atomic_path(folder / "bench.md") as partial:
        partial.write_text(text, encoding="utf-8")
    print(text)


def time_networks(config: DictConfig) -> list[tuple[str, str, Timing]]:
    """Time every cell at every size."""
    torch.manual_seed(config.seed)
    execution = Execution(**{field.name: config.trainer[field.name] for field in fields(Execution)})
    work, device = Workload(**config.workload), torch.device(config.device)
    pairs = [(network, cell) for network in config.networks for cell in config.cells]
    rows = []
    for network, cell in progress(pairs, "timing"):
        overrides = [f"network={network}", f"cell={cell}", f"recon={config.recon.name}"]
        codec = build_codec(compose("train", overrides))
        rows += [(network, cell, timing) for timing in benchmark(codec, work, execution, device)]
    return rows


def introduction(record: dict) -> list[str]:
    """What was timed, on what."""
    work, machine = record["workload"], record["hardware"]
    return [
        f"`{record['command']}` on {machine['accelerator'] or machine['cpu']}, "
        f"{record['threads']} threads, torch {record['versions']['torch']}, single precision.",
        f"Training: a step of {work['batch_size']} patches of 32×32, {work['iterations']} "
        f"iterations. Coding: one {work['image_width']}×{work['image_height']} image, "
        f"{work['image_iterations']} iterations. Medians of {work['repetitions']} runs.",
        "The peak is a matrix product of 2048×2048, timed before and after every line; "
        f"at the end it ran at {record['matrix_product_gmacs_per_second']:.1f} GMAC/s.",
    ]


def entropy_table(record: dict, timings: list[EntropyTiming]) -> list[str]:
    """The timings of entropy coding as lines of Markdown, with ratios to the last decoder's."""
    work = record["entropy_workload"]
    decoding = next(t for t in timings if t.method == DECODING).microseconds
    columns: list[Column[EntropyTiming]] = [
        Column("method", "method", lambda t: t.method, numeric=False),
        Column("microseconds", "µs a position", lambda t: t.microseconds, digits=1),
        Column("image_seconds", "image, s", lambda t: t.image_seconds, digits=2),
        Column("ratio", "times integer decoding", lambda t: t.microseconds / decoding, digits=1),
    ]
    return [
        f"Entropy coding with the progressive model: {work['height']}×{work['width']} positions, "
        f"{work['iterations']} iterations, 32 bits a position and iteration.",
        "",
        markdown(arrange("entropy coding", columns, {"": timings})),
    ]


main = configured(bench, "bench")
