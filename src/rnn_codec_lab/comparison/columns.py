"""The columns of the comparison: the value of each for a row, and where it is shown.

They are defined here for all formats: documents have a table for each of `QUALITY`, `BD_RATES` and
`COSTS`, the page has every column with a title, and CSV has every column. Each metric in `SCORES`
and each label of a row gets its columns automatically.
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
    """Return a function that looks a key up in a mapping of a row; None if it is missing."""
    return lambda row: getattr(row, mapping).get(key)


def _text(name: str, title: str, meaning: str) -> RowColumn:
    """Return the column of an attribute of rows; an empty text counts as no value."""
    return RowColumn(name, title, lambda row: getattr(row, name) or None, meaning, numeric=False)


NAME = _text("name", "codec", "Codec or run")
OPTIONS = _text(
    "variant", "options",
    "Options that tell trainings apart; for published models, their training data",
)  # fmt: skip
CODER = _text(
    "coder", "entropy coder", "Entropy coder of the files; none: rates count the bits themselves"
)
ORIGIN = _text("origin", "origin", "Measured by this code, or published")


LABELS = {
    "family": ("family", "Kind of codec"),
    "cell": ("cell", "Recurrent cell"),
    "recon": ("framework", "Reconstruction framework"),
    "network": ("network", "Layers and widths"),
}
"""Titles and meanings of labels whose name is not enough."""


def label_columns(rows: Iterable[Row]) -> list[RowColumn]:
    """Return a column for each label that at least one row has."""
    names = dict.fromkeys(name for row in rows for name in row.labels)
    return [
        RowColumn(name, title, _entry("labels", name), meaning, numeric=False)
        for name in names
        for title, meaning in [LABELS.get(name, (name, ""))]
    ]


def columns(
    rows: Sequence[Row], anchors: Sequence[str], saving_at: Sequence[float]
) -> list[RowColumn]:
    """Return every column, in the order that all formats use.

    Args:
        rows: the rows, whose labels become columns.
        anchors: classic codecs that BD-rates are computed against.
        saving_at: nominal rates, in bits per pixel, at which savings are given.
    """
    return [
        *(NAME, OPTIONS, CODER, ORIGIN),
        *_of_quality(),
        *_of_bd_rates(anchors),
        *(RowColumn(
            f"saving_at_{bpp:g}", f"saved at {bpp:g} bpp, %", _entry("savings", bpp),
            f"Savings of files against {bpp:g} bits per pixel before entropy coding, per cent",
            COSTS, digits=1, scale=100, attributes=ESTIMATE,
        ) for bpp in saving_at),
        RowColumn(
            "parameters", "parameters", lambda row: row.parameters,
            "Number of weights of encoder and decoder", COSTS, falling=True,
        ),
        RowColumn(
            "macs_per_pixel", "MAC per pixel", lambda row: row.macs_per_pixel,
            "Multiplications per pixel and level, encoder and decoder", COSTS, falling=True,
        ),
        RowColumn(
            "training_seconds", "training, min", lambda row: row.training_seconds,
            "Minutes of training, including the entropy coder", COSTS,
            digits=1, scale=1 / 60, attributes=ESTIMATE, falling=True,
        ),
        *label_columns(rows),
        RowColumn(
            "seeds", "seeds", lambda row: " ".join(map(str, row.seeds)) or None,
            "Seeds of the trainings that are averaged",
        ),
        RowColumn("images", "images", lambda row: row.images, "Number of images averaged"),
        _text("experiment", "experiment", "Folder of the records"),
        _text("source", "source", "Source of published figures"),
        RowColumn("records", "", lambda row: " ".join(row.records) or None),
    ]  # fmt: skip


def _of_quality() -> Iterator[RowColumn]:
    """Yield the columns of each metric, first those of the metric that rows are sorted by."""
    for metric in sorted(SCORES, key=lambda name: name != SORTED_BY):
        score = SCORES[metric]
        table = QUALITY if score.in_documents else ""
        rank = f"1 + number of models in the group with a significantly larger {score.title} area"
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
                "The paper's areas for the same cell and framework", QUALITY,
            )  # fmt: skip
    meaning = "; the paper's variant, which cannot be compared with PSNR-HVS"
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
            f"BD-rate: mean difference in rate from {title} at equal {score}, "
            "per cent",
            BD_RATES, digits=1, sign="+", attributes=ESTIMATE, falling=True,
        )  # fmt: skip
