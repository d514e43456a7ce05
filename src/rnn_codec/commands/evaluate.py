"""Measure a trained or a classic codec: rate, quality, sizes of files.

For example: rnn-codec evaluate model=runs/mine data=kodak
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.baselines.registry import codec as classic_codec
from rnn_codec.commands.configured import command_line, configured
from rnn_codec.compression.distortion import distortion_named
from rnn_codec.compression.model import Model
from rnn_codec.configuration import as_list, build
from rnn_codec.data import DATA
from rnn_codec.errors import UserError
from rnn_codec.evaluation.adaptive import (
    adaptive_sentences,
    measure_once,
    of_files,
    write_adaptive,
)
from rnn_codec.evaluation.baseline import evaluate_baseline
from rnn_codec.evaluation.curve import Curve, mean_curve
from rnn_codec.evaluation.file_sizes import sizes_table, write_file_sizes
from rnn_codec.evaluation.measurement import Measurement, check_measurable
from rnn_codec.evaluation.pictures import chosen_picture, draw_reconstructions
from rnn_codec.evaluation.record import (
    PICTURES,
    Description,
    Summary,
    check_same_pictures,
    pictures_digest,
    write_evaluation,
)
from rnn_codec.evaluation.recurrent import describe_run, evaluate_codec, measured_coders
from rnn_codec.evaluation.table import curve_table
from rnn_codec.evaluation.truncation import cuts_sentence, write_cuts
from rnn_codec.families.binary.code import MAX_ITERATIONS
from rnn_codec.families.binary.codec import check_iterations
from rnn_codec.families.binary.weights import load_codec
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.models.find import CODERS, SHIPPED, find_folder, load_model, usable_device
from rnn_codec.progress import progress
from rnn_codec.runs.folder import RunFolder

Images = list[tuple[str, NDArray[np.uint8]]]


def evaluate(config: DictConfig) -> None:
    """Measure as configured; write the record, print the table."""
    check_options(config)
    data = build(DATA, config.data)
    images = list(data.evaluation_images())
    for name, pixels in images:
        check_measurable(name, pixels)
    chosen_picture(images, config.picture)
    measure = evaluate_classic if config.model is None else evaluate_run
    try:
        folder = measure(config, images, data.evaluation_name)
    except KeyboardInterrupt:
        print("error: stopped before all was measured and recorded", file=sys.stderr)
        raise
    Console().print(f"Written to {folder}", soft_wrap=True, markup=False)


def check_options(config: DictConfig) -> None:
    """Refuse what could not be measured; lists of one may be given as words.

    Raises:
        UserError: an option has a value that it cannot have.
    """
    if (config.model is None) == (config.codec is None):
        raise UserError("set either model=<run folder> or codec=<classic codec>")
    config.beside = [classic_codec(str(name)).name for name in as_list(config.beside)]
    config.cut_at = [check_share(share) for share in as_list(config.cut_at)]
    config.adaptive = [str(tune) for tune in as_list(config.adaptive)]
    for tune in config.adaptive:
        distortion_named(tune)
    if config.codec is not None:
        config.codec = classic_codec(str(config.codec)).name
    if config.output is not None:
        check_new_folder(Path(str(config.output)))
    usable_device(str(config.device))


def check_share(share: object) -> float:
    """A share of an iteration's rows at which its file is cut."""
    if not isinstance(share, int | float) or not 0 < share < 1:
        raise UserError(f"cut_at takes shares between 0 and 1, such as [0.1, 0.5], not {share}")
    return float(share)


def check_new_folder(path: Path) -> None:
    """Refuse a folder that cannot be made, without making it."""
    there = next(folder for folder in (path, *path.absolute().parents) if os.path.exists(folder))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"output={path} cannot be made: {there} is no folder to write to")


def evaluate_classic(config: DictConfig, images: Images, dataset: str) -> Path:
    """Measure a classic codec; return the record's folder."""
    if config.output is None:
        raise UserError("set output=<folder> for the measurements of a classic codec")
    folder = Path(str(config.output))
    settings = {"command": command_line(), PICTURES: pictures_digest(images)}
    description = Description(config.codec, dataset, f"{config.codec} by Pillow", settings)
    write_record(config, folder, classic(config.codec, images), description, images)
    return folder


def evaluate_run(config: DictConfig, images: Images, dataset: str) -> Path:
    """Measure the codec of a run, its files and these files cut; return the record's folder."""
    run, device = RunFolder(find_folder(str(config.model))), usable_device(str(config.device))
    codec = load_codec(run)
    check_iterations(config.iterations, codec.iterations)
    _, shown = chosen_picture(images, config.picture)
    folder, digest = record_folder(config, run, dataset), pictures_digest(images)
    if config.output is None:
        check_same_pictures(folder, dataset, digest)
        check_new_folder(folder)
    described = describe_run(run, codec, dataset, command_line())
    description = replace(described, settings={**described.settings, PICTURES: digest})
    coders = measured_coders(run, device)
    measured = evaluate_codec(codec.to(device), images, config.iterations, coders, config.cut_at)
    evaluated = list(progress(measured, f"measuring {config.model}", len(images)))
    measurements = [measurement for picture in evaluated for measurement in picture.measurements]
    summary = write_record(config, folder, measurements, description, images)
    draw_reconstructions(folder / "reconstructions.png", codec, pixels_to_batch(shown).to(device))
    sizes = [size for picture in evaluated for size in picture.sizes]
    of_codec = summary.curve.first(MAX_ITERATIONS)
    means = write_file_sizes(folder, sizes, of_codec, summary.settings)
    Console().print(sizes_table(means))
    if config.adaptive:
        best = min(coders, key=lambda entry: CODERS.index(entry.coder.name)).coder
        rates = next(mean.file_bpp for mean in means if mean.coder == best.name)
        model = load_model(run.path, best.name, str(config.device))
        uniform = of_files(of_codec, rates)
        write_adaptive_files(config, folder, model, images, uniform, summary.settings)
    if cuts := [cut for picture in evaluated for cut in picture.cuts]:
        Console().print(cuts_sentence(write_cuts(folder, cuts, summary.settings)))
    return folder


def write_adaptive_files(
    config: DictConfig,
    folder: Path,
    model: Model,
    images: Images,
    uniform: Curve,
    settings: Mapping[str, object],
) -> None:
    """Measure adaptive files of every picture; write them, and say what they gain."""
    jobs = [(name, pixels, tune) for name, pixels in images for tune in config.adaptive]
    measured = [
        measure_once(Path(str(config.cache_dir)), name, pixels, model, tune)
        for name, pixels, tune in progress(jobs, "coding adaptive files")
    ]
    content = write_adaptive(folder, measured, model.coder.name, uniform, settings)
    for sentence in adaptive_sentences(content):
        Console().print(sentence)


def write_record(
    config: DictConfig,
    folder: Path,
    measurements: list[Measurement],
    description: Description,
    images: Images,
) -> Summary:
    """Write the record, with classic codecs on the same pictures beside; print its table."""
    beside = [
        (name, mean_curve(classic(name, images))) for name in config.beside if name != config.codec
    ]
    summary = write_evaluation(folder, measurements, description, beside)
    title = f"{summary.name} on {summary.dataset}, mean of {summary.images} images"
    points = "iteration" if summary.model is not None else "quality"
    Console().print(curve_table(summary.curve, title, points, beside))
    return summary


def classic(name: str, images: Images) -> list[Measurement]:
    """Measure a classic codec."""
    codec = classic_codec(name)
    measured, total = evaluate_baseline(codec, images), len(images) * len(codec.qualities)
    return list(progress(measured, f"measuring {name}", total))


def record_folder(config: DictConfig, run: RunFolder, dataset: str) -> Path:
    """Where the record of a run goes."""
    if config.output is not None:
        return Path(str(config.output))
    if SHIPPED in run.path.parents:
        raise UserError("set output=<folder> for the measurements of a model of the package")
    return run.evaluation(dataset)


main = configured(evaluate, "evaluate")
