"""Measure a trained or a classic codec: python src/evaluate.py run=<folder> data=kodak."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import hydra
import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track

from rnn_codec.baselines.registry import codec as classic_codec
from rnn_codec.codec import MAX_ITERATIONS, check_iterations
from rnn_codec.configuration import instantiate
from rnn_codec.errors import UserError, exit_on_user_error
from rnn_codec.evaluation.baseline import evaluate_baseline
from rnn_codec.evaluation.curve import mean_curve
from rnn_codec.evaluation.file_sizes import (
    sizes_table,
    write_file_sizes,
)
from rnn_codec.evaluation.measurement import Measurement, check_measurable
from rnn_codec.evaluation.pictures import chosen_picture, draw_reconstructions
from rnn_codec.evaluation.record import Description, Summary, write_evaluation
from rnn_codec.evaluation.recurrent import evaluate_codec, measured_coders, model_facts
from rnn_codec.evaluation.table import curve_table
from rnn_codec.evaluation.truncation import cuts_sentence, write_cuts
from rnn_codec.files import atomic_path
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.runs.folder import RunFolder, read_config
from rnn_codec.runs.weights import load_codec

CONFIGURATION = Path(__file__).parents[1] / "conf"

Item = TypeVar("Item")

Images = list[tuple[str, NDArray[np.uint8]]]


def evaluate(config: DictConfig) -> Summary:
    """Measure as configured; write the record, print the table."""
    if (config.run is None) == (config.codec is None):
        raise UserError("set either run=<run folder> or codec=<classic codec>")
    data = instantiate(config.data)
    images = list(data.evaluation_images())
    for name, pixels in images:
        check_measurable(name, pixels)
    _, shown_picture = chosen_picture(images, config.picture)
    settings: dict[str, object] = {"command": " ".join(["python", *sys.argv])}
    if config.run is None:
        folder = output_folder(config, data.evaluation_name)
        text = f"{config.codec} by Pillow"
        description = Description(config.codec, data.evaluation_name, text, settings)
        summary = write(config, folder, classic(config.codec, images), description, images)
        Console().print(f"Written to {folder}", soft_wrap=True)
        return summary
    run = RunFolder(Path(config.run))
    codec = load_codec(run)
    check_iterations(config.iterations, codec.iterations)
    folder = output_folder(config, data.evaluation_name)
    configuration = read_config(run)
    settings |= {"seed": configuration["seed"], "config": configuration}
    text = "bits per pixel of the code before entropy coding"
    facts = model_facts(run, codec)
    description = Description(configuration["name"], data.evaluation_name, text, settings, facts)
    device = torch.device(config.device)
    coders = measured_coders(run, device)
    evaluated = shown(
        evaluate_codec(codec.to(device), images, config.iterations, coders, config.cut_at),
        str(config.run),
        len(images),
    )
    measurements = [measurement for picture in evaluated for measurement in picture.measurements]
    summary = write(config, folder, measurements, description, images)
    with atomic_path(folder / "reconstructions.png") as partial:
        draw_reconstructions(partial, codec, pixels_to_batch(shown_picture).to(device))
    sizes = [size for picture in evaluated for size in picture.sizes]
    means = write_file_sizes(folder, sizes, summary.curve.first(MAX_ITERATIONS), settings)
    Console().print(sizes_table(means))
    if cuts := [cut for picture in evaluated for cut in picture.cuts]:
        Console().print(cuts_sentence(write_cuts(folder, cuts, settings)))
    Console().print(f"Written to {folder}", soft_wrap=True)
    return summary


def write(
    config: DictConfig,
    folder: Path,
    measurements: list[Measurement],
    description: Description,
    images: Images,
) -> Summary:
    """Write the record, beside classic codecs on the same pictures; print its table."""
    beside = [
        (name, mean_curve(classic(name, images))) for name in config.beside if name != config.codec
    ]
    summary = write_evaluation(folder, measurements, description, beside)
    title = f"{summary.name} on {summary.dataset}, mean of {summary.images} images"
    points = "iteration" if config.codec is None else "quality"
    Console().print(curve_table(summary.curve, title, points, beside))
    return summary


def classic(name: str, images: Images) -> list[Measurement]:
    """Measure a classic codec."""
    codec = classic_codec(name)
    return shown(evaluate_baseline(codec, images), name, len(images) * len(codec.qualities))


def shown(measured: Iterator[Item], label: str, total: int) -> list[Item]:
    """Collect what is measured under a progress bar."""
    return list(track(measured, f"measuring {label}", total, console=Console(stderr=True)))


def output_folder(config: DictConfig, dataset: str) -> Path:
    """Where the record goes."""
    if config.output is not None:
        return Path(config.output)
    if config.run is None:
        raise UserError("set output=<folder> for the measurements of a classic codec")
    return RunFolder(Path(config.run)).evaluation(dataset)


@hydra.main(version_base="1.3", config_path=str(CONFIGURATION), config_name="evaluate")
def main(config: DictConfig) -> None:
    """Evaluate; a mistake of the user's ends in one sentence."""
    with exit_on_user_error():
        evaluate(config)


if __name__ == "__main__":
    main()
