"""Time networks, models, whole commands and other codecs; measure the cost of integers.

For example: rnn-codec bench what=models
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import partial
from timeit import repeat
from typing import Any

import torch
from omegaconf import DictConfig, open_dict

from rnn_codec.commands.configured import command_line, configured
from rnn_codec.composition import composed
from rnn_codec.configuration import build, options, plain
from rnn_codec.data import DATA
from rnn_codec.errors import UserError
from rnn_codec.families.binary.training.building import build_codec
from rnn_codec.families.wavelet.weights import load_prior
from rnn_codec.files import atomic_path, make_folder, write_json
from rnn_codec.machine import hardware, versions
from rnn_codec.models.find import (
    DEFAULT_MODEL,
    find_folder,
    load_model,
    model_folders,
    packaged_places,
)
from rnn_codec.models.protocol import Model
from rnn_codec.progress import progress
from rnn_codec.rates import BitsPerPixel
from rnn_codec.runs.folder import RunFolder
from rnn_codec.training.options import Execution
from rnn_codec_lab.benchmark.commands import repeated, time_commands
from rnn_codec_lab.benchmark.integers import integer_costs
from rnn_codec_lab.benchmark.networks import Workload, benchmark, matrix_product_rate
from rnn_codec_lab.benchmark.peers import Peer, check_installed, time_peers
from rnn_codec_lab.evaluation.measurement import Pixels
from rnn_codec_lab.evaluation.pictures import chosen_picture


def bench(config: DictConfig) -> None:
    """Run the benchmark that `what` names; write bench.json and bench.md, and print the latter."""
    measured = {
        "networks": bench_networks,
        "models": bench_models,
        "commands": bench_commands,
        "peers": bench_peers,
        "integers": bench_integers,
    }
    if config.what not in measured:
        raise UserError(f"what={config.what} is invalid: choose one of {', '.join(measured)}")
    conditions = {
        "command": command_line(),
        "versions": versions(),
        "hardware": hardware(),
        "threads": torch.get_num_threads(),
    }
    record = conditions | measured[config.what](config)
    text = "\n\n".join(described(name, value) for name, value in record.items()) + "\n"
    folder = make_folder(config.output)
    write_json(folder / "bench.json", record)
    with atomic_path(folder / "bench.md") as partial:
        partial.write_text(text, encoding="utf-8")
    print(text)


def bench_networks(config: DictConfig) -> dict[str, object]:
    """Time every cell in every network."""
    torch.manual_seed(config.seed)
    execution = Execution(**{field.name: config.trainer[field.name] for field in fields(Execution)})
    work, device = Workload(**config.workload), torch.device(config.device)
    pairs = [(network, cell) for network in config.networks for cell in config.cells]
    timings = []
    for network, cell in progress(pairs, "timing"):
        overrides = [f"network={network}", f"cell={cell}", f"recon={config.recon.name}"]
        codec = build_codec(composed("train", overrides))
        for timing in benchmark(codec, work, execution, device):
            timings.append({"network": network, "cell": cell, **asdict(timing)})
    return {
        "matrix_product_gmacs_per_second": matrix_product_rate(device),
        "workload": dict(config.workload),
        "timings": timings,
    }


def bench_models(config: DictConfig) -> dict[str, object]:
    """Time every model at every rate."""
    images = list(build(DATA, config.data).evaluation_images())
    name, pixels = chosen_picture(images, config.picture)
    shipped = [str(folder) for folder in model_folders(packaged_places())]
    places = list(config.models) if config.models is not None else shipped
    jobs = [(place, rate) for place in places for rate in config.rates]
    times = [
        time_coding(load_model(place, device=config.device), pixels, rate, config.repetitions)
        for place, rate in progress(jobs, "timing")
    ]
    return {"picture": name, "repetitions": config.repetitions, "times": times}


def bench_commands(config: DictConfig) -> dict[str, object]:
    """Time whole commands with the named models, or the default one."""
    picture, pixels = picture_to_code(config)
    models = [str(place) for place in config.models or [DEFAULT_MODEL]]
    times = [
        row
        for model in progress(models, "timing")
        for row in time_commands(model, pixels, config.rates, config.repetitions)
    ]
    return {**picture, "repetitions": config.repetitions, "times": times}


def bench_peers(config: DictConfig) -> dict[str, object]:
    """Time whole commands of this and other codecs at the same rates."""
    peers = peers_of(config)
    check_installed(peers)
    picture, pixels = picture_to_code(config)
    rates = progress(list(config.rates), "timing")
    times = time_peers(peers, pixels, rates, config.repetitions)
    return {**picture, "repetitions": config.repetitions, "times": times}


def peers_of(config: DictConfig) -> list[Peer]:
    """Return the codecs that `peers` describes, without those set to null.

    Raises:
        UserError: an option of a codec is missing or has an invalid value.
    """
    peers = {name: node for name, node in config.peers.items() if node is not None}
    with open_dict(config):
        for name, node in peers.items():
            node.name = name
    return [options(Peer, node) for node in peers.values()]


def picture_to_code(config: DictConfig) -> tuple[dict[str, object], Pixels]:
    """Return name and size of the picture for a record, and its pixels (H, W, 3)."""
    images = list(build(DATA, config.data).evaluation_images())
    name, pixels = chosen_picture(images, config.picture)
    pixels = repeated(pixels, config.least_pixels)
    return {"picture": name, "size": f"{pixels.shape[1]}x{pixels.shape[0]}"}, pixels


def bench_integers(config: DictConfig) -> dict[str, object]:
    """Measure the cost of integers for the named wavelet codecs, or the default one."""
    folders = [find_folder(str(place)) for place in config.models or [DEFAULT_MODEL]]
    images = list(build(DATA, config.data).evaluation_images())
    lengths = [
        {"model": folder.name, **row}
        for folder in folders
        for row in integer_costs(
            load_prior(RunFolder(folder)), progress(images, "coding"), config.rates
        )
    ]
    return {"data": plain(config.data), "pictures": len(images), "lengths": lengths}


def time_coding(
    model: Model, pixels: Pixels, bits_per_pixel: float, repetitions: int
) -> dict[str, Any]:
    """Code a picture (H, W, 3) and decode it, several times each; the fastest runs count.

    Returns:
        A row of bench.json: name of the model, sizes of picture and file, the requested rate, and
        seconds from pixels to bytes and back.
    """
    rate = BitsPerPixel(bits_per_pixel)
    # Not timed, since the first call compiles the integer coder or loads the compiled one.
    data = model.compress(pixels, rate)
    model.decompress(data)
    seconds = partial(repeat, number=1, repeat=repetitions)
    return {
        "model": model.path.name,
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "bits_per_pixel": bits_per_pixel,
        "file_bytes": len(data),
        "compress_seconds": min(seconds(lambda: model.compress(pixels, rate))),
        "decompress_seconds": min(seconds(lambda: model.decompress(data))),
    }


def described(name: str, value: Any) -> str:
    """Format a part of a record for display: rows of figures as a Markdown table.

    >>> print(described("times", [{"model": "flagship", "compress_seconds": 2.0417}]))
    times:
    <BLANKLINE>
    | model | compress_seconds |
    | --- | --- |
    | flagship | 2.04 |
    """
    if isinstance(value, Mapping):
        value = ", ".join(f"{key} {part}" for key, part in value.items())
    if not isinstance(value, list) or not value:
        return f"{name}: {value}"
    rows = [
        [f"{part:.3g}" if isinstance(part, float) else str(part) for part in row.values()]
        for row in value
    ]
    lines = [f"| {' | '.join(row)} |" for row in [list(value[0]), ["---"] * len(value[0]), *rows]]
    return "\n".join([f"{name}:", "", *lines])


main = configured(bench, "bench")
