"""The page: one file that holds everything it shows and runs.

The template's `data` is one JSON object:

    lead, footer          sentences
    curves                see `curves.ReportCurve`
    metrics, rates        what can be drawn: `curves.metric_choices`, `curves.rate_choices`
    viewer                levels, models, pictures, figures below them, note
    table                 columns, rows of cells, note, problems
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path, make_folder
from rnn_codec.metrics.scores import in_documents
from rnn_codec_lab.evaluation.measurement import MeasuredFile
from rnn_codec_lab.report.curves import ReportCurve, metric_choices, rate_choices
from rnn_codec_lab.report.images import data_uri, store, webp
from rnn_codec_lab.report.pictures import CodedPicture

TEMPLATE = files("rnn_codec_lab.report") / "template"
SCRIPTS = ("dom.js", "curves.js", "viewer.js", "table.js", "main.js")
MEGABYTE = 10**6
LONGEST_WORDS = 80 * "-"
"""As long as what the page says of the pictures it holds can be."""


@dataclass(frozen=True)
class Viewed:
    """What the viewer shows."""

    models: Sequence[tuple[str, str]]
    """Name and entropy coder of each."""
    pictures: Sequence[CodedPicture]
    """Coded with every model."""
    levels: int
    """The most that a model has of those that were asked for."""
    dataset: str
    """Where the pictures are from."""
    models_found: int
    """How many there were to choose from."""


@dataclass(frozen=True)
class Report:
    """All that the page shows."""

    dataset: str
    """What the records measured."""
    curves: Sequence[ReportCurve]
    """Of the records, and published ones."""
    viewed: Viewed
    table: Mapping[str, object]
    """See `table.table_content`."""
    footer: Sequence[str]
    """Sentences on how the page came about."""


def write_page(path: Path, report: Report, megabytes: float) -> int:
    """Write the page, with pictures as good as its size allows; return its bytes.

    Raises:
        UserError: the pictures do not fit, or plotly is not installed.
    """
    pictures = report.viewed.pictures
    pixels = [step.pixels for picture in pictures for steps in picture.models for step in steps]
    without = render(report, [""] * len(pixels), LONGEST_WORDS)
    page = render(report, *store(pixels, megabytes * MEGABYTE - len(without)))
    make_folder(path.parent)
    with atomic_path(path) as partial:
        partial.write_bytes(page)
    return len(page)


def render(report: Report, images: Sequence[str], stored: str) -> bytes:
    """The page, with the models' images as data URIs, and how they are stored in words."""
    viewed = report.viewed
    content = {
        "lead": lead(report),
        "curves": [asdict(curve) for curve in report.curves],
        "metrics": metric_choices(),
        "rates": rate_choices(report.curves),
        "viewer": {
            "levels": viewed.levels,
            "models": [{"name": name, "coder": coder} for name, coder in viewed.models],
            "pictures": pictures_content(viewed.pictures, iter(images)),
            "figures": figures(),
            "note": viewer_note(viewed, stored),
        },
        "table": report.table,
        "footer": list(report.footer),
    }
    parts = {
        "style": (TEMPLATE / "report.css").read_text("utf-8"),
        "plotly": plotly_script(),
        "script": "\n".join((TEMPLATE / name).read_text("utf-8") for name in SCRIPTS),
        "data": embedded_json(content),
    }
    template = Template((TEMPLATE / "index.html").read_text("utf-8"))
    return template.substitute(parts).encode("utf-8")


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


def embedded_json(content: Mapping[str, object]) -> str:
    """JSON that can stand inside an element `script`: nothing in it can end the element.

    >>> embedded_json({"a": "</script>"})
    '{"a": "\\\\u003c/script>"}'
    """
    return json.dumps(content, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def pictures_content(pictures: Sequence[CodedPicture], images: Iterator[str]) -> list[dict]:
    """Originals without loss, JPEG files as they are, and of models the next image each."""
    return [
        {
            "name": picture.name,
            "width": picture.original.shape[1],
            "height": picture.original.shape[0],
            "original": {
                "image": data_uri("webp", webp(picture.original)),
                "bytes": picture.original.size,
            },
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
        for picture in pictures
    ]


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


def viewer_note(viewed: Viewed, stored: str) -> str:
    """Where the images are from, and how true they are."""
    chosen = f"the {len(viewed.models)} with the largest areas of {viewed.models_found} models"
    sentences = [
        f"Shown are the centres of pictures of the data set {viewed.dataset}.",
        *([f"They are coded by {chosen}."] if len(viewed.models) < viewed.models_found else []),
        "Bytes are those of whole files, header included. The page holds the JPEG files "
        f"themselves, and the codecs' pictures as {stored}; scores are of what was decoded.",
    ]
    return " ".join(sentences)


def lead(report: Report) -> str:
    """What the page has, in a sentence or two."""
    kinds = [curve.kind for curve in report.curves]
    curves = (
        f"{kinds.count('network')} learned and {kinds.count('classic')} classic codecs, measured "
        f"on {report.dataset}{', beside published figures' if 'published' in kinds else ''}."
    )
    if not report.viewed.models:
        return curves
    return f"{curves} The pictures can be compared level by level with JPEG files of equal size."
