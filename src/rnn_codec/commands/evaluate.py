"""Measure a trained or a classic codec: rate, quality, sizes of files.

For example: rnn-codec evaluate model=runs/mine data=kodak
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.baselines.registry import codec as classic_codec
from rnn_codec.codec import check_iterations
from rnn_codec.commands.configured import command_line, configured
from rnn_codec.compression.distortion import distortion_named
from rnn_codec.configuration import as_list, instantiate
from rnn_codec.errors import UserError
from rnn_codec.evaluation.curve import Curve
from rnn_codec.evaluation.figure import draw_curves, draw_savings
from rnn_codec.evaluation.measurement import (
    FILES,
    TUNE,
    Measurable,
    MeasuredClassic,
    Measurement,
    check_measurable,
    measure,
    measure_once,
    tabulate,
)
from rnn_codec.evaluation.pictures import chosen_picture, draw_reconstructions
from rnn_codec.evaluation.record import (
    FIGURE_FILE,
    PICTURES,
    About,
    Record,
    check_same_pictures,
    pictures_digest,
    write_record,
)
from rnn_codec.evaluation.recurrent import (
    CUT,
    AdaptiveFiles,
    UniformFiles,
    describe_run,
    measured_coders,
    with_seconds,
)
from rnn_codec.evaluation.table import adaptive_sentences, curve_table, cuts_sentence, sizes_table
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.progress import progress
from rnn_codec.runs.folder import RunFolder
from rnn_codec.runs.models import SHIPPED, find_folder, usable_device
from rnn_codec.runs.weights import load_codec

Images = list[tuple[str, NDArray[np.uint8]]]


def evaluate(config: DictConfig) -> None:
    """Measure as configured; write the record, print the table."""
    check_options(config)
    data = instantiate(config.data)
    images = list(data.evaluation_images())
    for name, pixels in images:
        check_measurable(name, pixels)
    chosen_picture(images, config.picture)
    evaluated = evaluate_classic if config.model is None else evaluate_run
    try:
        folder = evaluated(config, images, data.evaluation_name)
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
    """A share of what an iteration adds to a file, at which it is cut."""
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
    curves = {name: dict(labels) for name, labels in MeasuredClassic.curves.items()}
    text = f"{config.codec} by Pillow"
    about = About(config.codec, dataset, text, {"family": "classic"}, curves, settings)
    show(config, write_record(folder, classic(config.codec, images), about), images)
    return folder


def evaluate_run(config: DictConfig, images: Images, dataset: str) -> Path:
    """Measure the codec of a run by its files; return the record's folder."""
    run, device = RunFolder(find_folder(str(config.model))), usable_device(str(config.device))
    codec = load_codec(run)
    check_iterations(config.iterations, codec.iterations)
    _, shown = chosen_picture(images, config.picture)
    folder, digest = record_folder(config, run, dataset), pictures_digest(images)
    if config.output is None:
        check_same_pictures(folder, dataset, digest)
        check_new_folder(folder)
    about = describe_run(run, codec, dataset, command_line())
    files = UniformFiles(measured_coders(run, str(device)), config.iterations, config.cut_at)
    adaptive = [AdaptiveFiles(files.best, tune) for tune in config.adaptive]
    measured = [
        measurement
        for name, pixels in progress(images, f"measuring {config.model}")
        for measurement in measure(name, pixels, files)
    ]
    measured += measure_adaptive(Path(str(config.cache_dir)), adaptive, images)
    parts: list[Measurable] = [files, *adaptive]
    curves = {name: dict(labels) for part in parts for name, labels in part.curves.items()}
    settings = {**about.settings, PICTURES: digest}
    about = with_seconds(replace(about, curves=curves, settings=settings), files)
    record = write_record(folder, measured, about)
    show(config, record, images)
    draw_reconstructions(
        folder / "reconstructions.png", codec.to(device), pixels_to_batch(shown).to(device)
    )
    show_files(record, files.best.coder.name)
    return folder


def measure_adaptive(
    cache: Path, adaptive: Sequence[AdaptiveFiles], images: Images
) -> list[Measurement]:
    """Measure adaptive files of every picture, but for those in the cache."""
    jobs = [(name, pixels, files) for name, pixels in images for files in adaptive]
    return [
        measurement
        for name, pixels, files in (progress(jobs, "coding adaptive files") if jobs else ())
        for measurement in measure_once(cache, files.key, name, pixels, files)
    ]


def show(config: DictConfig, record: Record, images: Images) -> None:
    """Draw and print the first curve, with classic codecs on the same pictures beside."""
    beside: list[tuple[str, Curve]] = []
    for name in config.beside:
        if name != config.codec:
            _, curves = tabulate(classic(name, images), MeasuredClassic.curves)
            beside.append((name, curves[FILES].mean()))
    about, count = record.about, len(record.images)
    note = f"mean over {count} image{'s' if count != 1 else ''} of {about.dataset}"
    shown = [(about.name, record.mean()), *beside]
    draw_curves(record.folder / FIGURE_FILE, about.name, shown, note)
    title = f"{about.name} on {about.dataset}, mean of {count} images"
    points = "iteration" if about.model is not None else "quality"
    Console().print(curve_table(record.mean(), title, points, beside))


def show_files(record: Record, uniform: str) -> None:
    """Draw and print what entropy coders save, and what other files gain over uniform ones."""
    draw_savings(record.folder / "file_sizes.png", record.savings())
    Console().print(sizes_table(record))
    tuned = [name for name in record.named(kind=FILES) if TUNE in record.about.curves[name]]
    if tuned:
        shown = [(name, record.mean(name)) for name in tuned] + [("uniform", record.mean(uniform))]
        draw_curves(record.folder / "adaptive.png", f"files, {uniform}", shown)
        for sentence in adaptive_sentences(record, uniform):
            Console().print(sentence)
    if CUT in record.curves:
        Console().print(cuts_sentence(record, CUT, uniform))


def classic(name: str, images: Images) -> list[Measurement]:
    """Measure a classic codec."""
    codec = MeasuredClassic(classic_codec(name))
    return [
        measurement
        for image, pixels in progress(images, f"measuring {name}")
        for measurement in measure(image, pixels, codec)
    ]


def record_folder(config: DictConfig, run: RunFolder, dataset: str) -> Path:
    """Where the record of a run goes."""
    if config.output is not None:
        return Path(str(config.output))
    if SHIPPED in run.path.parents:
        raise UserError("set output=<folder> for the measurements of a model of the package")
    return run.evaluation(dataset)


main = configured(evaluate, "evaluate")
