"""Tables and sentences of measurements, for the terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from rnn_codec.metrics.curve import Curve, areas_under, quality_at
from rnn_codec.metrics.scores import SCORES, in_documents
from rnn_codec_lab.evaluation.measurement import ADAPTIVE
from rnn_codec_lab.evaluation.record import NO_CODER, Record, bd_rates

ABSENT = "–"


def curve_table(
    curve: Curve,
    title: str,
    point_heading: str = "level",
    beside: Sequence[tuple[str, Curve]] = (),
) -> Table:
    """Return a table of a curve: a row per point, and a last row of areas (0.125 to 2 bpp).

    `beside` has (label, curve) pairs of other codecs. Columns to the right show their interpolated
    scores at equal rate, "–" beyond their measured rates.
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
    """Return a table of areas under labelled curves, for more codecs than fit side by side."""
    titles = [score.title for score in in_documents().values()]
    table = empty_table("Areas, 0.125 to 2 bits per pixel", ["codec", *titles])
    for label, curve in curves:
        table.add_row(escape(label), *_cells(areas_under(curve)))
    return table


def sizes_table(savings: Mapping[str, Curve]) -> Table:
    """Return a table of file sizes and savings, with rows for levels and columns for coders.

    Savings are not shown without entropy coding, where files exceed their bits by the header.
    """
    title = "Files, header included: bits per pixel and savings by entropy coding"
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
    """Yield the BD-rates of adaptive files against files with the same bits everywhere.

    Args:
        record: the record of a model.
        uniform: its curve of files with the same bits everywhere.
    """
    for curve in record.named(kind="files"):
        if "tune" in record.about.curves[curve]:
            found = bd_rates(record.mean(curve), record.mean(uniform))
            rates = [f"{rate:+.1f} % by {SCORES[name].title}" for name, rate in found.items()]
            shown = ", ".join(rates) or "unknown"
            search = curve.removeprefix(f"{ADAPTIVE}, ")
            yield f"Adaptive files, {search}: BD-rate against uniform files {shown}."


def cuts_sentence(record: Record, cut: str, whole: str) -> str:
    """Return by how much files that end within a level are worse than those that end before it.

    Args:
        record: the record with both curves.
        cut: the curve of files that end within a level; its points are a level plus a share of the
            next.
        whole: the curve of files that end with a level.
    """
    files, ends = record.curves[cut], record.curves[whole]
    before = [ends.points.index(int(point)) for point in files.points]
    loss = (ends.scores["psnr"][:, before] - files.scores["psnr"]).max()
    below = f"more than {max(loss, 0.0):.3f} dB of PSNR below its last whole level"
    return f"Files cut short: none is {below}."


def empty_table(title: str, headings: Iterable[str]) -> Table:
    """Return a table for the terminal with right-aligned columns and no rows yet."""
    # Narrow enough that a curve and one other codec fit into 80 characters.
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    table.title_justify = "left"
    for heading in headings:
        table.add_column(escape(heading), justify="right")
    return table


def _cells(*of_codecs: Mapping[str, float | None]) -> list[str]:
    """Return the cells of each codec, metric by metric."""
    return [
        ABSENT if (value := found.get(metric)) is None else f"{value:.{score.digits}f}"
        for found in of_codecs
        for metric, score in in_documents().items()
    ]
