"""The page: one file that contains everything it shows and runs.

The template's `data` is one JSON object:

    lead, footer          sentences
    curves                see `curves.ReportCurve`
    metrics, rates        choices of what to draw: `curves.metric_choices`, `curves.rate_choices`
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
"""Placeholder as long as the longest description of how pictures are stored."""


@dataclass(frozen=True)
class Viewed:
    """The content of the viewer."""

    models: Sequence[tuple[str, str]]
    """Name and entropy coder of each model."""
    pictures: Sequence[CodedPicture]
    """The pictures, coded by every model."""
    levels: int
    """Largest number of levels of a model, at most the requested number."""
    dataset: str
    """Name of the pictures' data set."""
    models_found: int
    """Number of models there were to choose from."""


@dataclass(frozen=True)
class Report:
    """The content of the page."""

    dataset: str
    """Data set of the records."""
    curves: Sequence[ReportCurve]
    """Curves of the records and of papers."""
    viewed: Viewed
    table: Mapping[str, object]
    """The table; see `table.table_content`."""
    footer: Sequence[str]
    """Sentences on how the page was made."""


def write_page(path: Path, report: Report, megabytes: float) -> int:
    """Write the page, with pictures as good as its size limit allows; return its size in bytes.

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
    """Render the page.

    Args:
        report: the content.
        images: the models' images as data URIs.
        stored: how the images are stored, in words.
    """
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
    """Return plotly.js, from the Python package plotly.

    Raises:
        UserError: it is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs  # noqa: PLC0415
    except ImportError as error:
        raise UserError("plotly is not installed: pip install 'rnn-codec[report]'") from error
    return str(get_plotlyjs())


def embedded_json(content: Mapping[str, object]) -> str:
    """Return JSON for use inside a `script` element, which nothing in it can close.

    >>> embedded_json({"a": "</script>"})
    '{"a": "\\\\u003c/script>"}'
    """
    return json.dumps(content, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def pictures_content(pictures: Sequence[CodedPicture], images: Iterator[str]) -> list[dict]:
    """Return lossless originals, unchanged JPEG files and, for each model step, the next image."""
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
    """Return the figures that are shown below an image, by their names in `numbers`."""
    rates = [("bytes", "bytes", 0), ("bpp", "bpp", 3)]
    quality = [
        (name, f"{score.title}, {score.unit}" if score.unit else score.title, score.digits)
        for name, score in in_documents().items()
    ]
    return [
        {"name": name, "label": label, "digits": digits} for name, label, digits in rates + quality
    ]


def numbers(file: MeasuredFile) -> dict:
    """Return the figures below an image, with two digits more than are shown."""
    scores = {m: round(file.scores[m], score.digits + 2) for m, score in in_documents().items()}
    return {"bytes": file.file_bytes, "bpp": round(file.bpp, 6)} | scores


def viewer_note(viewed: Viewed, stored: str) -> str:
    """Return a note on where the images are from and how they are stored."""
    chosen = f"the {len(viewed.models)} with the largest areas of {viewed.models_found} models"
    sentences = [
        f"The viewer shows the centres of pictures from the data set {viewed.dataset}.",
        *([f"They are coded by {chosen}."] if len(viewed.models) < viewed.models_found else []),
        "Bytes are those of whole files, header included. The JPEG files are embedded unchanged, "
        f"the codecs' pictures as {stored}; scores are those of the decoded pictures.",
    ]
    return " ".join(sentences)


def lead(report: Report) -> str:
    """Return one or two sentences on the content of the page."""
    kinds = [curve.kind for curve in report.curves]
    curves = (
        f"{kinds.count('network')} learned and {kinds.count('classic')} classic codecs, measured "
        f"on {report.dataset}{', with published figures' if 'published' in kinds else ''}."
    )
    if not report.viewed.models:
        return curves
    return f"{curves} The pictures can be compared level by level with JPEG files of equal size."
