"""What was measured, for the terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from rnn_codec.metrics.curve import Curve, areas_under, quality_at
from rnn_codec.metrics.scores import SCORES, in_documents
from rnn_codec_lab.evaluation.record import NO_CODER, Record, bd_rates

ABSENT = "–"


def curve_table(
    curve: Curve,
    title: str,
    point_heading: str = "level",
    beside: Sequence[tuple[str, Curve]] = (),
) -> Table:
    """Return a table of the curve, a row per point and a last one of areas (0.125 to 2 bpp).

    `beside` are other codecs' (label, curve) pairs: their scores at equal rate stand in columns to
    the right, interpolated, "–" beyond their measured rates.
    """
    own = [score.title for score in in_documents().values()]
    others = [f"{label}\n{heading}" for label, _ in beside for heading in own]
    table = empty_table(title, [point_heading, "bpp", *own, *others])
    curves = [curve, *(other for _, other in beside)]
    for index, (point, bpp) in enumerate(zip(curve.point, curve.bpp, strict=True)):
        at_point = {metric: scores[index] for metric, scores in curve.scores.items()}
        at_rate = [
            {metric: quality_at(other.bpp, scores, bpp) for metric, scores in other.scores.items()}
            for other in curves[1:]
        ]
        table.add_row(f"{point:g}", f"{bpp:.3f}", *_cells(at_point, *at_rate))
    table.add_section()
    table.add_row("AUC", "", *_cells(*map(areas_under, curves)))
    return table


def areas_table(curves: Sequence[tuple[str, Curve]]) -> Table:
    """A table of the areas under curves, by their labels: for more codecs than fit side by side."""
    titles = [score.title for score in in_documents().values()]
    table = empty_table("Areas, 0.125 to 2 bits per pixel", ["codec", *titles])
    for label, curve in curves:
        table.add_row(escape(label), *_cells(areas_under(curve)))
    return table


def sizes_table(savings: Mapping[str, Curve]) -> Table:
    """A table with a row for each level and columns for each entropy coder.

    Without entropy coding nothing is saved: a file has its header beside the bits.
    """
    title = "Files, header included: bits per pixel, and what entropy coding saves"
    table = empty_table(title, ["level", "nominal", *savings])
    for index, nominal in enumerate(next(iter(savings.values())).bpp):
        cells = []
        for coder, curve in savings.items():
            share = curve.scores["saving"][index]
            saved = "" if coder == NO_CODER else f" ({100 * share:.1f} %)"
            cells.append(f"{nominal * (1 - share):.3f}{saved}")
        table.add_row(str(index + 1), f"{nominal:.3f}", *cells)
    return table


def adaptive_sentences(record: Record, uniform: str) -> Iterator[str]:
    """What each tune gains over files with the same bits everywhere, a curve of the record."""
    for curve in record.named(kind="files"):
        if tune := record.about.curves[curve].get("tune"):
            found = bd_rates(record.mean(curve), record.mean(uniform))
            rates = [f"{rate:+.1f} % by {SCORES[name].title}" for name, rate in found.items()]
            shown = ", ".join(rates) or "unknown"
            yield f"Adaptive files, {tune}: BD-rate to uniform ones {shown}."


def cuts_sentence(record: Record, cut: str, whole: str) -> str:
    """By how much files that end within a level are worse than those that end before it.

    Args:
        record: has both.
        cut: the curve of the former: its points are a level and a share of the next.
        whole: the curve of the latter.
    """
    files, ends = record.curves[cut], record.curves[whole]
    before = [ends.points.index(int(point)) for point in files.points]
    loss = (ends.scores["psnr"][:, before] - files.scores["psnr"]).max()
    below = f"more than {max(loss, 0.0):.3f} dB of PSNR below its last whole level"
    return f"Files cut short: none decodes {below}."


def empty_table(title: str, headings: Iterable[str]) -> Table:
    """A table for the terminal, its columns aligned right, without rows yet."""
    # As narrow as this a curve with one codec beside fits 80 characters.
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    table.title_justify = "left"
    for heading in headings:
        table.add_column(escape(heading), justify="right")
    return table


def _cells(*of_codecs: Mapping[str, float | None]) -> list[str]:
    """Figures of each codec, by metric."""
    return [
        ABSENT if (value := found.get(metric)) is None else f"{value:.{score.digits}f}"
        for found in of_codecs
        for metric, score in in_documents().items()
    ]
