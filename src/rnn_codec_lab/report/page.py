"""The page: one file that contains everything it shows and runs.

The template's `data` is one JSON object:

    lead, footer          sentences
    curves                see `curves.ReportCurve`
    metrics, rates        choices of what to draw: `curves.metric_choices`, `curves.rate_choices`
    viewer                codecs, rates, pictures, images, figures below them, note
    table                 columns, rows of cells, note, problems
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path, make_folder
from rnn_codec.metrics.scores import in_documents
from rnn_codec_lab.baselines import ClassicCodec
from rnn_codec_lab.evaluation.measurement import MeasuredFile
from rnn_codec_lab.report.curves import ReportCurve, metric_choices, rate_choices
from rnn_codec_lab.report.images import data_uri, store, webp
from rnn_codec_lab.report.pictures import ClassicFiles, CodedPicture

TEMPLATE = files("rnn_codec_lab.report") / "template"
SCRIPTS = ("dom.js", "curves.js", "viewer.js", "table.js", "main.js")
MEGABYTE = 10**6
LONGEST_WORDS = 80 * "-"
"""Placeholder as long as the longest description of how pictures are stored."""


@dataclass(frozen=True)
class Viewed:
    """The content of the viewer."""

    models: Sequence[tuple[str, str]]
    """Name and remark of each way to use a model."""
    classics: Sequence[ClassicCodec]
    """The classic codecs."""
    rates: Sequence[float]
    """The rates, in bits per pixel, ascending."""
    pictures: Sequence[CodedPicture]
    """The pictures, coded in all these ways and by all these codecs."""
    dataset: str
    """Name of the pictures' data set."""
    models_shown: int
    """Number of models that are shown."""
    models_found: int
    """Number of models there were to choose from."""

    @property
    def files(self) -> list[MeasuredFile]:
        """The files of the models, each once."""
        every = (f for picture in self.pictures for files in picture.models for f in files if f)
        return list({id(file): file for file in every}.values())


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
    pixels = [file.pixels for file in report.viewed.files]
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
            "codecs": codecs_content(viewed),
            "rates": list(viewed.rates),
            "pictures": pictures_content(viewed),
            "images": list(images),
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


def codecs_content(viewed: Viewed) -> list[dict]:
    """Return names and remarks of everything that codes pictures: models, then classic codecs."""
    models = [
        {"key": str(index), "name": name, "remark": remark}
        for index, (name, remark) in enumerate(viewed.models)
    ]
    return models + [{"key": codec.name, "name": codec.title} for codec in viewed.classics]


def pictures_content(viewed: Viewed) -> list[dict]:
    """Return lossless originals and, by the keys of codecs, a file for each rate.

    Files of models refer to their image in the order of `Viewed.files`; others are unchanged.
    """
    places = {id(file): place for place, file in enumerate(viewed.files)}
    return [
        {
            "name": picture.name,
            "width": picture.original.shape[1],
            "height": picture.original.shape[0],
            "original": {
                "image": data_uri("webp", webp(picture.original)),
                "bytes": picture.original.size,
            },
            "sizes": picture.sizes,
            "models": {
                str(index): [
                    numbers(file) | {"place": places[id(file)]} if file else None for file in files
                ]
                for index, files in enumerate(picture.models)
            },
            "classics": {own.codec.name: classic_content(own) for own in picture.classics},
        }
        for picture in viewed.pictures
    ]


def classic_content(own: ClassicFiles) -> dict:
    """Return qualities, unchanged files and the size of the smallest file of a classic codec."""
    kind = own.codec.pillow_format.lower()
    return {
        "qualities": own.qualities,
        "files": {
            str(quality): numbers(file.measured) | {"image": data_uri(kind, file.data)}
            for quality, file in own.files.items()
        },
        "smallest": own.smallest,
    }


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
    chosen = f"the {viewed.models_shown} with the largest areas of {viewed.models_found} models"
    names = ", ".join(codec.title for codec in viewed.classics)
    sentences = [
        f"The viewer shows the centres of pictures from the data set {viewed.dataset}.",
        *([f"They are coded by {chosen}."] if viewed.models_shown < viewed.models_found else []),
        "Bytes are those of whole files, header included.",
        *([f"The files of {names} are embedded unchanged."] if names else []),
        f"The models' pictures are stored as {stored}; scores are those of the decoded pictures.",
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
    names = [codec.title for codec in report.viewed.classics]
    beside = f" and by {', '.join(names)}" if names else ""
    return f"Pictures coded by models{beside} within the same number of bytes; {curves}"
