"""Rows as CSV: one line a model, every number as it was computed."""

import csv
import io
from collections.abc import Sequence

from rnn_codec.comparison.bd_rate import BD_METRICS
from rnn_codec.comparison.published import FOREIGN_METRIC
from rnn_codec.comparison.rows import Row
from rnn_codec.comparison.statistics import Estimate
from rnn_codec.evaluation.curve import METRICS

Value = str | int | float | None


def document(rows: Sequence[Row], anchors: Sequence[str], at: Sequence[float]) -> str:
    """The whole file; a cell without a figure is empty."""
    lines = [line(row, anchors, at) for row in rows]
    file = io.StringIO(newline="")
    if lines:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return file.getvalue()


def line(row: Row, anchors: Sequence[str], at: Sequence[float]) -> dict[str, Value]:
    """One row by names of columns, the same for all rows."""
    found: dict[str, Value] = {
        **{name: getattr(row, name) for name in ("origin", "experiment", "name", "cell", "recon")},
        **{name: getattr(row, name) for name in ("network", "coder", "variant")},
        "seeds": " ".join(map(str, row.seeds)),
        "images": row.images,
    }
    for metric in (*METRICS, FOREIGN_METRIC):
        found |= _columns(f"{metric}_auc", row.areas.get(metric))
    for metric in METRICS:
        behind = row.behind_best.get(metric)
        found |= {
            f"{metric}_rank": row.ranks.get(metric),
            f"{metric}_behind_best": behind.difference if behind else None,
            f"{metric}_behind_best_low": behind.low if behind else None,
            f"{metric}_behind_best_high": behind.high if behind else None,
        }
    for anchor in anchors:
        for metric in BD_METRICS:
            found |= _columns(f"bd_rate_{anchor}_{metric}", row.bd_rates.get((anchor, metric)))
    for bpp in at:
        found |= _columns(f"saving_at_{bpp:g}", row.savings.get(bpp))
    found |= {"parameters": row.parameters, "macs_per_pixel": row.macs_per_pixel}
    found |= _columns("training_seconds", row.training_seconds)
    return found | {"records": " ".join(row.records), "source": row.source}


def _columns(name: str, found: Estimate | None) -> dict[str, Value]:
    if found is None:
        return {name: None, f"{name}_std": None}
    return {name: found.mean, f"{name}_std": found.std}
