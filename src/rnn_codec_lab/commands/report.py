"""Write the report, a self-contained page of all records and models."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.commands.configured import command_line, configured
from rnn_codec.configuration import as_list, build
from rnn_codec.data import DATA
from rnn_codec.data.split import centre_crop
from rnn_codec.errors import UserError
from rnn_codec.machine import versions
from rnn_codec.models.find import load_model
from rnn_codec.progress import progress
from rnn_codec_lab.baselines import ClassicCodec, classic_codec
from rnn_codec_lab.comparison.collecting import Collection, collect
from rnn_codec_lab.comparison.columns import columns
from rnn_codec_lab.comparison.published import load_published
from rnn_codec_lab.comparison.rows import Comparison, Row, table_rows
from rnn_codec_lab.report.curves import curves_of
from rnn_codec_lab.report.models import models_to_show
from rnn_codec_lab.report.page import MEGABYTE, Report, Viewed, write_page
from rnn_codec_lab.report.pictures import (
    check_crop,
    check_shown,
    chosen_pictures,
    code_picture,
    labels,
    ways_of,
)
from rnn_codec_lab.report.table import table_content


def make_page(config: DictConfig) -> None:
    """Write the page as configured."""
    check_crop(config.crop)
    rates = checked_rates(config.rates)
    beside = [classic_codec(str(name)) for name in as_list(config.beside)]
    check_shown(beside)
    reading = partial(progress, description="reading records")
    collection = collect(Path(config.records), config.dataset, config.passed_over, reading)
    comparison = Comparison(seed=config.seed)
    rows = rows_of(config, comparison, collection)
    shown = columns(rows, comparison.anchors, comparison.saving_at)
    tools = ", ".join(f"{name} {number}" for name, number in versions().items())
    content = Report(
        dataset=config.dataset,
        curves=curves_of(rows),
        viewed=viewed(config, rows, rates, beside),
        table=table_content(rows, shown, collection),
        footer=[f"Made by `{command_line()}` with {tools}. The page loads nothing from elsewhere."],
    )
    path = Path(config.output)
    size = write_page(path, content, config.megabytes)
    Console().print(
        f"{path}: {size / MEGABYTE:.1f} MB, open it in a browser", soft_wrap=True, markup=False
    )


def rows_of(config: DictConfig, comparison: Comparison, collection: Collection) -> list[Row]:
    """Return the rows of the records and of published figures."""
    published = load_published(Path(config.published))
    rows = table_rows(collection, published, comparison)
    if not rows:
        raise UserError(
            f"there is no record of {config.dataset} below {config.records}: measure a codec with "
            "rnn-codec evaluate, or choose others with records= and dataset="
        )
    return rows


def checked_rates(rates: object) -> list[float]:
    """Return the rates of the viewer, ascending.

    Raises:
        UserError: there are none, or one is not a positive number.
    """
    found = as_list(rates)
    if not found or not all(isinstance(rate, int | float) and rate > 0 for rate in found):
        raise UserError(f"rates must be positive numbers, such as [0.25, 0.5], not {rates}")
    return sorted(map(float, found))


def viewed(
    config: DictConfig, rows: list[Row], rates: Sequence[float], beside: Sequence[ClassicCodec]
) -> Viewed:
    """Return the pictures, coded by every model and by classic codecs."""
    found = models_to_show(config.models, config.shipped, rows, Path(config.records))
    places = found if config.models is not None else found[: max(config.most_models, 0)]
    models = [load_model(place, device=config.device) for place in places]
    data = build(DATA, config.data)
    images = list(data.evaluation_images()) if models else []
    pictures = chosen_pictures(images, config.pictures, config.most_pictures) if models else []
    width, height = config.crop
    named = zip(labels([model.path for model in models]), models, strict=True)
    ways = [(label, way) for label, model in named for way in ways_of(model)]
    coded = [
        code_picture(
            name, centre_crop(pixels, height, width), [way for _, way in ways], beside, rates
        )
        for name, pixels in progress(pictures, "coding pictures")
    ]
    return Viewed(
        models=[(label, way.remark) for label, way in ways],
        classics=beside if models else (),
        rates=rates,
        pictures=coded,
        dataset=data.evaluation_name,
        models_shown=len(models),
        models_found=len(found),
    )


main = configured(make_page, "report")
