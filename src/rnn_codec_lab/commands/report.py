"""Write the report, a self-contained page of all records and models."""

from functools import partial
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from rnn_codec.commands.configured import command_line, configured
from rnn_codec.configuration import build
from rnn_codec.data import DATA
from rnn_codec.data.split import centre_crop
from rnn_codec.errors import UserError
from rnn_codec.machine import versions
from rnn_codec.models.find import load_model
from rnn_codec.progress import progress
from rnn_codec_lab.comparison.collecting import Collection, collect
from rnn_codec_lab.comparison.columns import columns
from rnn_codec_lab.comparison.published import load_published
from rnn_codec_lab.comparison.rows import Comparison, Row, table_rows
from rnn_codec_lab.report.curves import curves_of
from rnn_codec_lab.report.models import models_to_show
from rnn_codec_lab.report.page import MEGABYTE, Report, Viewed, write_page
from rnn_codec_lab.report.pictures import check_crop, chosen_pictures, code_picture, labels
from rnn_codec_lab.report.table import table_content


def make_page(config: DictConfig) -> None:
    """Write the page as configured."""
    if not isinstance(config.iterations, int) or config.iterations < 1:
        raise UserError(f"iterations must be at least 1, not {config.iterations}")
    check_crop(config.crop)
    reading = partial(progress, description="reading records")
    collection = collect(Path(config.records), config.dataset, config.passed_over, reading)
    comparison = Comparison(seed=config.seed)
    rows = rows_of(config, comparison, collection)
    shown = columns(rows, comparison.anchors, comparison.saving_at)
    tools = ", ".join(f"{name} {number}" for name, number in versions().items())
    content = Report(
        dataset=config.dataset,
        curves=curves_of(rows),
        viewed=viewed(config, rows),
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


def viewed(config: DictConfig, rows: list[Row]) -> Viewed:
    """Return the pictures, coded by every model."""
    found = models_to_show(config.models, config.shipped, rows, Path(config.records))
    places = found if config.models is not None else found[: max(config.most_models, 0)]
    models = [load_model(place, device=config.device) for place in places]
    data = build(DATA, config.data)
    images = list(data.evaluation_images()) if models else []
    pictures = chosen_pictures(images, config.pictures, config.most_pictures) if models else []
    width, height = config.crop
    coded = [
        code_picture(name, centre_crop(pixels, height, width), models, config.iterations)
        for name, pixels in progress(pictures, "coding pictures")
    ]
    named = zip(labels([model.path for model in models]), models, strict=True)
    return Viewed(
        models=[(label, model.labels.get("entropy", "")) for label, model in named],
        pictures=coded,
        levels=max([len(steps) for picture in coded for steps in picture.models], default=0),
        dataset=data.evaluation_name,
        models_found=len(found),
    )


main = configured(make_page, "report")
