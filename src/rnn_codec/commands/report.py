"""Make the report, a self-contained page of all records and models."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from omegaconf import DictConfig
from rich.console import Console
from rich.progress import track

from rnn_codec.codec import check_iterations
from rnn_codec.commands.configured import command_line, run_configured
from rnn_codec.comparison.collecting import Collection, collect
from rnn_codec.comparison.columns import columns
from rnn_codec.comparison.published import load_published
from rnn_codec.comparison.rows import Comparison, Row, table_rows
from rnn_codec.compression.model import Model
from rnn_codec.configuration import instantiate
from rnn_codec.errors import UserError
from rnn_codec.machine import versions
from rnn_codec.report.browser import take_screenshots
from rnn_codec.report.curves import curves_of
from rnn_codec.report.models import areas_of_folders, by_area, find_models
from rnn_codec.report.page import MEGABYTE, Report, Viewed, write_page
from rnn_codec.report.pictures import (
    CodedPicture,
    Pixels,
    check_crop,
    code_picture,
    crop_centre,
    labels,
)
from rnn_codec.report.table import table_content
from rnn_codec.runs.models import find_folder, load_model

Item = TypeVar("Item")


def make_page(config: DictConfig) -> None:
    """Make the page as configured, and screenshots of it where they are asked for."""
    check_iterations(config.iterations)
    check_crop(config.crop)
    reading = shown("reading records")
    collection = collect(Path(config.records), config.dataset, config.passed_over, reading)
    comparison = Comparison(seed=config.seed)
    rows = rows_of(config, comparison, collection)
    content = Report(
        dataset=config.dataset,
        curves=curves_of(rows),
        viewed=viewed(config, rows),
        table=tabulated(rows, comparison, collection),
        footer=footer(),
    )
    path = Path(config.output)
    size = write_page(path, content, config.megabytes)
    console = Console()
    console.print(f"{path}: {size / MEGABYTE:.1f} MB, open it in a browser", soft_wrap=True)
    if config.screenshots is not None:
        for screenshot in take_screenshots(path, Path(config.screenshots)):
            console.print(f"{screenshot}", soft_wrap=True)


def rows_of(config: DictConfig, comparison: Comparison, collection: Collection) -> list[Row]:
    """Rows of the records and of what is published."""
    published = load_published(Path(config.published))
    rows = table_rows(collection, published, comparison)
    if not rows:
        raise UserError(
            f"there is no record of {config.dataset} below {config.records}: measure a codec with "
            "rnn-codec evaluate, or choose others with records= and dataset="
        )
    return rows


def tabulated(rows: list[Row], comparison: Comparison, collection: Collection) -> dict[str, object]:
    """The table, with what is missing or could not be used."""
    problems = [f"{problem.path}: {problem.reason}" for problem in collection.problems]
    shown = columns(comparison.anchors, comparison.saving_at)
    return table_content(rows, shown, [*problems, *collection.missing])


def viewed(config: DictConfig, rows: list[Row]) -> Viewed:
    """The pictures, coded by every model."""
    found = model_places(config, rows)
    places = found if config.models is not None else found[: max(config.most_models, 0)]
    models = [load_model(place, device=config.device) for place in places]
    data = instantiate(config.data)
    pictures = chosen_pictures(config, list(data.evaluation_images())) if models else []
    bar = shown("coding pictures")(pictures)
    coded = [coded_picture(config, models, name, pixels) for name, pixels in bar]
    named = zip(labels([model.path for model in models]), models, strict=True)
    return Viewed(
        models=[(label, model.coder.name) for label, model in named],
        pictures=coded,
        iterations=config.iterations,
        dataset=data.evaluation_name,
        models_found=len(found),
    )


def model_places(config: DictConfig, rows: list[Row]) -> list[Path]:
    """Folders, or names, of the models for the viewer.

    Unless they are named: those that come with the package, then the others, the best first.
    """
    if config.models is None:
        records = Path(config.records)
        best = by_area(find_models(records), areas_of_folders(rows, records))
        return [*map(find_folder, config.shipped), *best]
    found = [(Path(place), find_models(Path(place))) for place in config.models]
    # What holds no model may be the name of one: loading it will tell.
    return list(dict.fromkeys(path for place, own in found for path in own or [place]))


def shown(label: str) -> Callable[[Sequence[Item]], Iterable[Item]]:
    """A progress bar around things to go through."""
    return lambda things: track(things, label, console=Console(stderr=True))


def coded_picture(
    config: DictConfig, models: list[Model], name: str, pixels: Pixels
) -> CodedPicture:
    """The centre of one picture, coded by every model."""
    return code_picture(name, crop_centre(pixels, *config.crop), models, config.iterations)


def chosen_pictures(
    config: DictConfig, images: list[tuple[str, Pixels]]
) -> list[tuple[str, Pixels]]:
    """Those that are named, or the first."""
    known = dict(images)
    names = (
        list(known)[: max(config.most_pictures, 0)] if config.pictures is None else config.pictures
    )
    if not names:
        raise UserError("the viewer has no picture: set most_pictures= to at least 1")
    for name in names:
        if name not in known:
            raise UserError(f"pictures= names {name}, which is none of: {', '.join(known)}")
    return [(name, known[name]) for name in names]


def footer() -> list[str]:
    """How the page came about."""
    made_with = ", ".join(f"{name} {number}" for name, number in versions().items())
    return [f"Made by `{command_line()}` with {made_with}. Nothing is loaded from elsewhere."]


def main(words: Sequence[str]) -> None:
    """Make the page as configured, and screenshots of it where they are asked for."""
    run_configured(make_page, "report", words)
