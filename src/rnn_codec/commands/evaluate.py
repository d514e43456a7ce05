"""Measure a trained or a classic codec: rate, quality, sizes of files.

For example: rnn-codec evaluate model=runs/mine data=kodak
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track

from rnn_codec.baselines.registry import codec as classic_codec
from rnn_codec.codec import MAX_ITERATIONS, check_iterations
from rnn_codec.commands.configured import command_line, run_configured
from rnn_codec.complexity import macs_per_pixel, parameters
from rnn_codec.configuration import instantiate
from rnn_codec.entropy.coder import EntropyCoder
from rnn_codec.entropy.none import NoneCoder
from rnn_codec.errors import UserError
from rnn_codec.evaluation import (
    Description,
    Measurement,
    ModelFacts,
    check_measurable,
    chosen_picture,
    curve_table,
    draw_reconstructions,
    evaluate_baseline,
    evaluate_codec,
    mean_curve,
    write_evaluation,
)
from rnn_codec.evaluation.file_sizes import (
    FileSize,
    MeasuredCoder,
    measure_file_sizes,
    sizes_table,
    write_file_sizes,
)
from rnn_codec.evaluation.truncation import Cut, cuts_sentence, measure_cuts, write_cuts
from rnn_codec.files import atomic_path
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.networks import CODE_DEPTH
from rnn_codec.runs.cost import read_account
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.runs.models import SHIPPED, find_folder
from rnn_codec.runs.weights import load_codec, load_coder, load_context_model

Images = list[tuple[str, NDArray[np.uint8]]]


def evaluate(config: DictConfig) -> None:
    """Measure as configured; write the record, print the table."""
    if (config.model is None) == (config.codec is None):
        raise UserError("set either model=<run folder> or codec=<classic codec>")
    data = instantiate(config.data)
    images = list(data.evaluation_images())
    for name, pixels in images:
        check_measurable(name, pixels)
    _, shown_picture = chosen_picture(images, config.picture)
    measured = classic(config.codec, images) if config.model is None else trained(config, images)
    beside = [
        (name, mean_curve(classic(name, images))) for name in config.beside if name != config.codec
    ]
    folder = output_folder(config, data.evaluation_name)
    summary = write_evaluation(folder, measured, describe(config, data.evaluation_name), beside)
    title = f"{summary.name} on {summary.dataset}, mean of {summary.images} images"
    points = "iteration" if config.codec is None else "quality"
    Console().print(curve_table(summary.curve, title, points, beside))
    if config.model is not None:
        draw_picture(config, shown_picture, folder / "reconstructions.png")
        of_files = summary.curve.first(MAX_ITERATIONS)
        means = write_file_sizes(folder, sizes(config, images), of_files, summary.settings)
        Console().print(sizes_table(means))
        if config.cut_at:
            summary_of_cuts = write_cuts(folder, cuts(config, images), summary.settings)
            Console().print(cuts_sentence(summary_of_cuts))
    Console().print(f"Written to {folder}", soft_wrap=True)


def trained(config: DictConfig, images: Images) -> list[Measurement]:
    """Measure the codec of a run."""
    codec = load_codec(run_of(config))
    check_iterations(config.iterations, codec.iterations)
    device = torch.device(config.device)
    measurements = evaluate_codec(codec, images, config.iterations, device)
    return shown(measurements, str(config.model), len(images) * config.iterations)


def run_of(config: DictConfig) -> RunFolder:
    """The folder of the model that is measured."""
    return RunFolder(find_folder(config.model))


def iterations_of_files(config: DictConfig) -> int:
    """Those that are measured, as far as files hold them."""
    return min(config.iterations, MAX_ITERATIONS)


def sizes(config: DictConfig, images: Images) -> list[FileSize]:
    """Sizes of the files of each entropy coder that the run has."""
    run = run_of(config)
    codec = load_codec(run).to(config.device)
    coders = measured_coders(run)
    for entry in coders:
        # Compile, or load what was compiled, before anything is timed.
        warm_up(entry.coder)
    found: list[FileSize] = []
    iterations = iterations_of_files(config)
    for name, pixels in track(images, "coding files", console=Console(stderr=True)):
        codes = codec.encode(pixels_to_batch(pixels).to(config.device), iterations)
        found += measure_file_sizes(name, replace(codes, bits=codes.bits.cpu()), coders)
    return found


def cuts(config: DictConfig, images: Images) -> list[Cut]:
    """What the files of the run's best coder decode to when they are cut."""
    run = run_of(config)
    codec, coder = load_codec(run).to(config.device), measured_coders(run)[-1].coder
    found: list[Cut] = []
    iterations = iterations_of_files(config)
    for name, pixels in track(images, "cutting files", console=Console(stderr=True)):
        image = pixels_to_batch(pixels).to(config.device)
        codes = codec.encode(image, iterations)
        found += measure_cuts(name, image, codes, codec, coder, config.cut_at)
    return found


def warm_up(coder: EntropyCoder) -> None:
    """Code two iterations of one position."""
    stream = coder.encode(np.zeros((2, CODE_DEPTH, 1, 1), np.bool_), 0)
    coder.decode(stream.data, 2, 1, 1, 0)


def measured_coders(run: RunFolder) -> list[MeasuredCoder]:
    """No entropy coding, and every coder of the run."""
    trained = [MeasuredCoder(load_coder(c), load_context_model(c)) for c in run.coders()]
    return [MeasuredCoder(NoneCoder(), None), *trained]


def classic(name: str, images: Images) -> list[Measurement]:
    """Measure a classic codec."""
    codec = classic_codec(name)
    return shown(evaluate_baseline(codec, images), name, len(images) * len(codec.qualities))


def shown(measurements: Iterator[Measurement], label: str, total: int) -> list[Measurement]:
    """Collect measurements under a progress bar."""
    bar = track(measurements, f"measuring {label}", total, console=Console(stderr=True))
    return list(bar)


def draw_picture(config: DictConfig, pixels: NDArray[np.uint8], path: Path) -> None:
    """Draw one image of the set at several rates."""
    codec = load_codec(run_of(config))
    with atomic_path(path) as partial:
        draw_reconstructions(partial, codec, pixels_to_batch(pixels))


def output_folder(config: DictConfig, dataset: str) -> Path:
    """Where the record goes."""
    if config.output is not None:
        return Path(config.output)
    if config.model is None:
        raise UserError("set output=<folder> for the measurements of a classic codec")
    run = run_of(config)
    if SHIPPED in run.path.parents:
        raise UserError("set output=<folder> for the measurements of a model of the package")
    return run.evaluation(dataset)


def describe(config: DictConfig, dataset: str) -> Description:
    """What is measured, and how to measure it again."""
    settings: dict[str, object] = {"command": command_line()}
    if config.codec is not None:
        return Description(config.codec, dataset, f"{config.codec} by Pillow", settings)
    run = read_config(run_of(config))
    settings |= {"seed": run["seed"], "config": run}
    text = "bits per pixel of the code before entropy coding"
    return Description(run["name"], dataset, text, settings, model_facts(run_of(config)))


def model_facts(run: RunFolder) -> ModelFacts:
    """Size and cost of a run's codec and its entropy coders."""
    codec, account = load_codec(run), read_account(run.account)
    accounts = {coder.path.name: read_account(coder.account) for coder in run.coders()}
    return ModelFacts(
        parameters=parameters(codec),
        macs_per_pixel=macs_per_pixel(codec),
        identity=account.identity if account else None,
        training=account,
        coder_training_seconds={name: a.seconds for name, a in accounts.items() if a},
        coder_identities={name: a.identity for name, a in accounts.items() if a},
    )


def main(words: Sequence[str]) -> None:
    """Measure as configured; write the record, print the table."""
    run_configured(evaluate, "evaluate", words)
