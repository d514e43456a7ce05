"""Measure a trained or a classic codec: rate, quality and file sizes.

For example: rnn-codec evaluate model=runs/mine data=kodak
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.commands.configured import command_line, configured
from rnn_codec.configuration import as_list, build
from rnn_codec.data import DATA
from rnn_codec.errors import UserError
from rnn_codec.figures import draw_curves, draw_savings
from rnn_codec.metrics.curve import Curve
from rnn_codec.models.find import load_model, packaged_places
from rnn_codec.models.protocol import Model, Pixels
from rnn_codec.progress import progress
from rnn_codec.runs.folder import RunFolder
from rnn_codec_lab.baselines import classic_codec
from rnn_codec_lab.evaluation.learned import (
    CUT,
    Aim,
    LevelFiles,
    RateFiles,
    TunedFiles,
    describe_model,
    files_of,
)
from rnn_codec_lab.evaluation.measurement import (
    Measurable,
    MeasuredClassic,
    Measurement,
    check_measurable,
    measure,
    measure_once,
    tabulate,
)
from rnn_codec_lab.evaluation.pictures import chosen_picture, draw_levels
from rnn_codec_lab.evaluation.record import (
    FIGURE_FILE,
    About,
    Record,
    check_same_pictures,
    pictures_digest,
    write_record,
)
from rnn_codec_lab.evaluation.table import (
    adaptive_sentences,
    areas_table,
    curve_table,
    cuts_sentence,
    sizes_table,
)

TABLED = 16
"""Levels that tables and areas cover: the 2 bits per pixel of the paper."""

Images = list[tuple[str, Pixels]]


def evaluate(config: DictConfig) -> None:
    """Measure as configured, write the record and print the table."""
    check_options(config)
    data = build(DATA, config.data)
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
    """Check the options before anything is measured; a list of one may be given as a word.

    Raises:
        UserError: an option has an invalid value.
    """
    if (config.model is None) == (config.codec is None):
        raise UserError("set either model=<run folder> or codec=<classic codec>")
    config.beside = [classic_codec(str(name)).name for name in as_list(config.beside)]
    config.cut_at = [check_share(share) for share in as_list(config.cut_at)]
    config.adaptive = [str(aim) for aim in as_list(config.adaptive)]
    if config.codec is not None:
        config.codec = classic_codec(str(config.codec)).name
    if config.output is not None:
        check_new_folder(Path(str(config.output)))


def check_share(share: object) -> float:
    """Return a share of the bytes that a level adds to a file, at which files are cut short."""
    if not isinstance(share, int | float) or not 0 < share < 1:
        raise UserError(f"cut_at takes shares between 0 and 1, such as [0.1, 0.5], not {share}")
    return float(share)


def check_new_folder(path: Path) -> None:
    """Refuse a folder that cannot be created, without creating it."""
    there = next(folder for folder in (path, *path.absolute().parents) if os.path.exists(folder))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"output={path} cannot be created: {there} is not a writable folder")


def evaluate_classic(config: DictConfig, images: Images, dataset: str) -> Path:
    """Measure a classic codec and return the folder of its record."""
    if config.output is None:
        raise UserError("set output=<folder> for the measurements of a classic codec")
    folder = Path(str(config.output))
    settings = {"command": command_line(), "pictures": pictures_digest(images)}
    curves = {name: dict(labels) for name, labels in MeasuredClassic.curves.items()}
    text = f"{config.codec} by Pillow"
    about = About(config.codec, dataset, text, {"family": "classic"}, curves, settings)
    measured = measure_classic(config, config.codec, images)
    show(config, write_record(folder, measured, about), images)
    return folder


def evaluate_run(config: DictConfig, images: Images, dataset: str) -> Path:
    """Measure the files of a model and return the folder of its record."""
    model = load_model(str(config.model), device=str(config.device))
    _, shown = chosen_picture(images, config.picture)
    folder, digest = record_folder(config, model.path, dataset), pictures_digest(images)
    if config.output is None:
        check_same_pictures(folder, dataset, digest)
        check_new_folder(folder)
    aims = [Aim.parse(aim) for aim in config.adaptive]
    for tune, effort in aims:
        # Refuses them now if the model does not have them, not after all else has been measured.
        model.session(shown, tune, effort=effort)
    about = describe_model(model, dataset, command_line())
    tuned = files_of(model, aims)
    files: RateFiles | LevelFiles
    cache = Path(str(config.cache_dir))
    if model.embedded:
        files = RateFiles(model)
        measured = measure_cached(cache, [files, *tuned], images)
    else:
        files = LevelFiles(model, levels_to_measure(config, model), tuple(config.cut_at))
        measured = measure_all(str(config.model), files, images)
        measured += measure_cached(cache, tuned, images)
    curves = {name: dict(of) for part in (files, *tuned) for name, of in part.curves.items()}
    settings = {**about.settings, "pictures": digest}
    record = write_record(folder, measured, replace(about, curves=curves, settings=settings))
    show(config, record, images)
    draw_levels(folder / "reconstructions.png", model, shown)
    show_files(record, files.name)
    return folder


def levels_to_measure(config: DictConfig, model: Model) -> int:
    """Return the requested number of levels, by default that of the paper's tables, if available.

    Raises:
        UserError: the model does not have that many levels.
    """
    asked, most = config.iterations, model.most_levels
    if asked is None:
        return min(TABLED, most)
    if not isinstance(asked, int) or not 1 <= asked <= most:
        raise UserError(f"iterations must be 1 … {most}, or null, not {asked}")
    return asked


def measure_cached(
    cache: Path, kinds: Sequence[TunedFiles | RateFiles], images: Images
) -> list[Measurement]:
    """Measure files of several kinds, one after another, except those in the cache."""
    return [
        measurement
        for files in kinds
        for name, pixels in progress(images, f"coding {next(iter(files.curves))}")
        for measurement in measure_once(cache, files.key, name, pixels, files)
    ]


def show(config: DictConfig, record: Record, images: Images) -> None:
    """Draw and print the first curve next to classic codecs on the same pictures."""
    beside: list[tuple[str, Curve]] = []
    for name in config.beside:
        if name != config.codec:
            _, curves = tabulate(measure_classic(config, name, images), MeasuredClassic.curves)
            beside.append((name, curves["files"].mean()))
    about, count = record.about, len(record.images)
    note = f"mean over {count} image{'s' if count != 1 else ''} of {about.dataset}"
    shown = [(about.name, record.mean()), *beside]
    draw_curves(record.folder / FIGURE_FILE, about.name, shown, note)
    title = f"{about.name} on {about.dataset}, mean of {count} images"
    points = "level" if about.model is not None else "quality"
    # A terminal is wide enough for one other codec; for more, only areas are shown.
    Console().print(curve_table(record.mean(), title, points, beside if len(beside) < 2 else []))
    if len(beside) > 1:
        Console().print(areas_table(shown))


def show_files(record: Record, uniform: str) -> None:
    """Draw and print savings by entropy coding, and how other files compare with uniform ones."""
    if found := record.savings():
        draw_savings(record.folder / "file_sizes.png", found)
        Console().print(sizes_table(found))
    tuned = [name for name in record.named(kind="files") if "tune" in record.about.curves[name]]
    if tuned:
        shown = [(name, record.mean(name)) for name in tuned] + [("uniform", record.mean(uniform))]
        draw_curves(record.folder / "adaptive.png", f"files, {uniform}", shown)
        for sentence in adaptive_sentences(record, uniform):
            Console().print(sentence)
    if CUT in record.curves:
        Console().print(cuts_sentence(record, CUT, uniform))


def measure_classic(config: DictConfig, name: str, images: Images) -> list[Measurement]:
    """Measure a classic codec on every picture, except those in the cache."""
    codec, cache = MeasuredClassic(classic_codec(name)), Path(str(config.cache_dir))
    return [
        measurement
        for image, pixels in progress(images, f"measuring {name}")
        for measurement in measure_once(cache, codec.key, image, pixels, codec)
    ]


def measure_all(name: str, codec: Measurable, images: Images) -> list[Measurement]:
    """Measure a codec on every picture, with a progress bar that shows the codec's name."""
    return [
        measurement
        for image, pixels in progress(images, f"measuring {name}")
        for measurement in measure(image, pixels, codec)
    ]


def record_folder(config: DictConfig, path: Path, dataset: str) -> Path:
    """Return the folder for the record of a run."""
    if config.output is not None:
        return Path(str(config.output))
    if any(place in path.parents for place in packaged_places()):
        raise UserError("set output=<folder> for the measurements of a packaged model")
    return RunFolder(path).evaluation(dataset)


main = configured(evaluate, "evaluate")
