"""The columns of the comparison: what each says of a row, and where.

They are defined here for all formats: documents have a table for each of `QUALITY`, `BD_RATES` and
`COSTS`, the page has every column with a title, CSV every column. A metric has its columns by being
in `SCORES`, a label by being that of a row.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from rnn_codec.metrics.bd_rate import BD_METRICS
from rnn_codec.metrics.curve import HIGHEST_BPP, LOWEST_BPP
from rnn_codec.metrics.scores import SCORES
from rnn_codec_lab.baselines import CLASSIC_CODECS
from rnn_codec_lab.comparison.published import FOREIGN_METRIC, FOREIGN_TITLE
from rnn_codec_lab.comparison.rows import SORTED_BY, Row
from rnn_codec_lab.comparison.tables import ESTIMATE, INTERVAL, Column

QUALITY = "AUC and ranks"
BD_RATES = "BD-rates, %"
COSTS = "savings and costs"

RowColumn = Column[Row]


def _entry(mapping: str, key: Hashable) -> Callable[[Row], Any]:
    """What a row has under a key of one of its mappings, None for nothing."""
    return lambda row: getattr(row, mapping).get(key)


def _text(name: str, title: str, meaning: str) -> RowColumn:
    """The column of a row's attribute; an empty one is as good as none."""
    return RowColumn(name, title, lambda row: getattr(row, name) or None, meaning, numeric=False)


NAME = _text("name", "codec", "Codec or run")
OPTIONS = _text(
    "variant", "options",
    "What tells trainings apart; of published models, the data they were trained on",
)  # fmt: skip
CODER = _text(
    "coder", "entropy coder", "Of the files; none: rates are those of the bits themselves"
)
ORIGIN = _text("origin", "origin", "Measured by this code, or not")


LABELS = {
    "family": ("family", "Kind of codec"),
    "cell": ("cell", "Recurrent cell"),
    "recon": ("framework", "Reconstruction framework"),
    "network": ("network", "Layers and widths"),
}
"""Titles and meanings of labels that need another than their name."""


def label_columns(rows: Iterable[Row]) -> list[RowColumn]:
    """A column for each label that one of the rows has."""
    names = dict.fromkeys(name for row in rows for name in row.labels)
    return [
        RowColumn(name, title, _entry("labels", name), meaning, numeric=False)
        for name in names
        for title, meaning in [LABELS.get(name, (name, ""))]
    ]


def columns(
    rows: Sequence[Row], anchors: Sequence[str], saving_at: Sequence[float]
) -> list[RowColumn]:
    """Every column, in the order of all formats.

    Args:
        rows: whose labels become columns.
        anchors: classic codecs that BD-rates are against.
        saving_at: nominal rates, bits per pixel, at which savings are stated.
    """
    return [
        *(NAME, OPTIONS, CODER, ORIGIN),
        *_of_quality(),
        *_of_bd_rates(anchors),
        *(RowColumn(
            f"saving_at_{bpp:g}", f"saved at {bpp:g} bpp, %", _entry("savings", bpp),
            f"What files are smaller than {bpp:g} bits per pixel before entropy coding, per cent",
            COSTS, digits=1, scale=100, attributes=ESTIMATE,
        ) for bpp in saving_at),
        RowColumn(
            "parameters", "parameters", lambda row: row.parameters,
            "Weights of encoder and decoder", COSTS, falling=True,
        ),
        RowColumn(
            "macs_per_pixel", "MAC per pixel", lambda row: row.macs_per_pixel,
            "Multiplications for each pixel and level, encoder and decoder", COSTS, falling=True,
        ),
        RowColumn(
            "training_seconds", "training, min", lambda row: row.training_seconds,
            "Minutes of training, entropy coder included", COSTS,
            digits=1, scale=1 / 60, attributes=ESTIMATE, falling=True,
        ),
        *label_columns(rows),
        RowColumn(
            "seeds", "seeds", lambda row: " ".join(map(str, row.seeds)) or None,
            "Of the trainings that are averaged",
        ),
        RowColumn("images", "images", lambda row: row.images, "Images averaged"),
        _text("experiment", "experiment", "Folder of the records"),
        _text("source", "source", "Where published figures are from"),
        RowColumn("records", "", lambda row: " ".join(row.records) or None),
    ]  # fmt: skip


def _of_quality() -> Iterator[RowColumn]:
    """Of each metric, first the one by which rows are sorted."""
    for metric in sorted(SCORES, key=lambda name: name != SORTED_BY):
        score = SCORES[metric]
        table = QUALITY if score.in_documents else ""
        rank = f"1, and 1 more for each model of the group with a surely larger {score.title} area"
        yield _area(metric, score.title, score.digits, table)
        yield RowColumn(
            f"{metric}_rank", "rank", _entry("ranks", metric), rank, table, falling=True
        )
        yield RowColumn(
            f"{metric}_behind_best", "", _entry("behind_best", metric), attributes=INTERVAL
        )
        if metric == SORTED_BY:
            yield RowColumn(
                f"{metric}_auc_of_paper", "paper's",
                lambda row: " / ".join(f"{area:.4f}" for area in row.of_paper) or None,
                "What the paper has for the same cell and framework", QUALITY,
            )  # fmt: skip
    meaning = "; the paper's metric, whose figures cannot be compared with PSNR-HVS"
    yield _area(FOREIGN_METRIC, FOREIGN_TITLE, 2, QUALITY, meaning)


def _area(metric: str, title: str, digits: int, table: str, more: str = "") -> RowColumn:
    limits = f"{LOWEST_BPP:g} to {HIGHEST_BPP:g} bpp"
    return RowColumn(
        f"{metric}_auc", title, _entry("areas", metric),
        f"Area under the {title} curve from {limits}{more}", table,
        digits=digits, attributes=ESTIMATE,
    )  # fmt: skip


def _of_bd_rates(anchors: Sequence[str]) -> Iterator[RowColumn]:
    for anchor, metric in product(anchors, BD_METRICS):
        title = CLASSIC_CODECS[anchor].title if anchor in CLASSIC_CODECS else anchor
        score = SCORES[metric].title
        yield RowColumn(
            f"bd_rate_{anchor}_{metric}", f"BD {title}, {score}",
            _entry("bd_rates", (anchor, metric)),
            f"BD-rate: mean difference of the rates from those of {title} at equal {score}, "
            "per cent",
            BD_RATES, digits=1, sign="+", attributes=ESTIMATE, falling=True,
        )  # fmt: skip
