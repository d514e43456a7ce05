"""The page: one file that holds everything it shows and runs.

The template's `data` is one JSON object:

    lead, footer          sentences
    curves                see `curves.ReportCurve`
    metrics, rates        what can be drawn: `curves.metric_choices`, `curves.rate_choices`
    viewer                levels, models, pictures, figures below them, note
    table                 columns, rows of cells, note, problems
"""

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path
from rnn_codec.metrics.scores import in_documents
from rnn_codec_lab.evaluation.measurement import MeasuredFile
from rnn_codec_lab.report.curves import ReportCurve, metric_choices, rate_choices
from rnn_codec_lab.report.images import Stored, data_uri, store, webp
from rnn_codec_lab.report.pictures import CodedPicture

TEMPLATE = files("rnn_codec_lab.report") / "template"
SCRIPTS = ("dom.js", "curves.js", "viewer.js", "table.js", "main.js")
TITLE = "Recurrent image codecs: rate and quality"
MEGABYTE = 10**6
LONGEST_NAME = 40 * "-"
"""As long as what the page says of the pictures it holds can be."""


@dataclass(frozen=True)
class Viewed:
    """What the viewer shows.

    Attributes:
        models: name and entropy coder of each.
        pictures: coded with every model.
        levels: the most that a model has of those that were asked for.
        dataset: where the pictures are from.
        models_found: how many there were to choose from.
    """

    models: Sequence[tuple[str, str]]
    pictures: Sequence[CodedPicture]
    levels: int
    dataset: str
    models_found: int


@dataclass(frozen=True)
class Report:
    """All that the page shows.

    Attributes:
        dataset: what the records measured.
        curves: of the records, and published ones.
        viewed: the viewer.
        table: `table.table_content`.
        footer: sentences on how the page came about.
    """

    dataset: str
    curves: Sequence[ReportCurve]
    viewed: Viewed
    table: Mapping[str, object]
    footer: Sequence[str]


def write_page(path: Path, report: Report, megabytes: float) -> int:
    """Write the page, with pictures as good as its size allows; return its bytes.

    Raises:
        UserError: the pictures do not fit, or plotly is not installed.
    """
    pictures = report.viewed.pictures
    pixels = [step.pixels for picture in pictures for steps in picture.models for step in steps]
    none = Stored(LONGEST_NAME, [""] * len(pixels), lowest_psnr=0.0)
    room = megabytes * MEGABYTE - len(render(report, none))
    page = render(report, store(pixels, room))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as partial:
        partial.write_bytes(page)
    return len(page)


def render(report: Report, stored: Stored) -> bytes:
    """The page, with the models' images stored in one way."""
    content = {
        "lead": lead(report),
        "curves": [asdict(curve) for curve in report.curves],
        "metrics": metric_choices(),
        "rates": rate_choices(report.curves),
        "viewer": viewer_content(report.viewed, stored),
        "table": report.table,
        "footer": list(report.footer),
    }
    parts = {
        "title": html.escape(TITLE),
        "style": read_template("report.css"),
        "plotly": plotly_script(),
        "script": "\n".join(read_template(name) for name in SCRIPTS),
        "data": embedded_json(content),
    }
    return Template(read_template("index.html")).substitute(parts).encode("utf-8")


def plotly_script() -> str:
    """plotly.js, from the Python package of that name.

    Raises:
        UserError: it is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs  # noqa: PLC0415
    except ImportError as error:
        raise UserError("plotly is not installed: pip install 'rnn-codec[report]'") from error
    return str(get_plotlyjs())


def read_template(name: str) -> str:
    """A file of the template."""
    return (TEMPLATE / name).read_text(encoding="utf-8")


def embedded_json(content: Mapping[str, object]) -> str:
    """JSON that can stand inside an element `script`: nothing in it can end the element.

    >>> embedded_json({"a": "</script>"})
    '{"a": "\\\\u003c/script>"}'
    """
    return json.dumps(content, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


# -- the viewer ------------------------------------------------------------------------------------


def viewer_content(viewed: Viewed, stored: Stored) -> dict:
    """Everything of the viewer."""
    images = iter(stored.uris)
    return {
        "levels": viewed.levels,
        "models": [{"name": name, "coder": coder} for name, coder in viewed.models],
        "pictures": [picture_content(picture, images) for picture in viewed.pictures],
        "figures": figures(),
        "note": viewer_note(viewed, stored),
    }


def picture_content(picture: CodedPicture, images: Iterator[str]) -> dict:
    """One picture: its original without loss, its JPEG files as they are, models' next images."""
    height, width = picture.original.shape[:2]
    original = {"image": webp(picture.original), "bytes": 3 * height * width}
    return {
        "name": picture.name,
        "width": width,
        "height": height,
        "original": original,
        "models": [
            [
                numbers(step) | {"jpeg": quality, "image": next(images)}
                for step, quality in zip(steps, equal, strict=True)
            ]
            for steps, equal in zip(picture.models, picture.equal, strict=True)
        ],
        "jpegs": {
            str(quality): numbers(file.measured) | {"image": data_uri("jpeg", file.data)}
            for quality, file in picture.jpegs.items()
        },
        "smallest_jpeg": picture.smallest_jpeg,
    }


def figures() -> list[dict[str, object]]:
    """What is written below an image, each with its name in `numbers`."""
    rates = [("bytes", "bytes", 0), ("bpp", "bpp", 3)]
    quality = [
        (name, f"{score.title}, {score.unit}" if score.unit else score.title, score.digits)
        for name, score in in_documents().items()
    ]
    return [
        {"name": name, "label": label, "digits": digits} for name, label, digits in rates + quality
    ]


def numbers(file: MeasuredFile) -> dict:
    """The figures below an image; two digits more than are shown."""
    scores = {m: round(file.scores[m], score.digits + 2) for m, score in in_documents().items()}
    return {"bytes": file.file_bytes, "bpp": round(file.bpp, 6)} | scores


def viewer_note(viewed: Viewed, stored: Stored) -> str:
    """How true the images are."""
    held = (
        "exactly as decoded"
        if stored.lowest_psnr is None
        else (f"at least {stored.lowest_psnr:.1f} dB from what was decoded")
    )
    chosen = f"the {len(viewed.models)} with the largest areas of {viewed.models_found} models"
    sentences = [
        f"Shown are the centres of pictures of the data set {viewed.dataset}.",
        *([f"They are coded by {chosen}."] if len(viewed.models) < viewed.models_found else []),
        "Bytes are those of whole files, header included. The page holds the JPEG files "
        f"themselves, and the codecs' pictures as {stored.format}, {held}; scores are of what "
        "was decoded.",
    ]
    return " ".join(sentences)


# -- the words ------------------------------------------------------------------------------------


def lead(report: Report) -> str:
    """What the page has, in a sentence or two."""
    return " ".join(_lead(report))


def _lead(report: Report) -> Iterator[str]:
    kinds = [curve.kind for curve in report.curves]
    yield (
        f"{kinds.count('network')} learned and {kinds.count('classic')} classic codecs, measured "
        f"on {report.dataset}{', beside published figures' if 'published' in kinds else ''}."
    )
    if report.viewed.models:
        yield "The pictures can be compared level by level with JPEG files of equal size."
