"""What each part of a recipe is worth: records of a grid of variants against one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from rnn_codec.comparison.markdown import markdown
from rnn_codec.comparison.tables import Column, Table, arrange
from rnn_codec.errors import UserError
from rnn_codec.evaluation.record import ABOUT_FILE, Record, read_record
from rnn_codec.files import atomic_path
from rnn_codec.metrics.scores import SCORES
from rnn_codec.runs.cost import TrainingCost


@dataclass(frozen=True)
class Gain:
    """A run, against the base."""

    name: str
    areas: Mapping[str, float]
    """By metric; of PSNR in dB bpp."""
    gains: Mapping[str, float]
    """By metric: its area less that of the base."""
    training: TrainingCost
    """Of the codec."""


def _of_metric(metric: str) -> tuple[Column[Gain], Column[Gain]]:
    score = SCORES[metric]
    return (
        Column(metric, f"{score.title} area", lambda gain: gain.areas[metric], digits=score.digits),
        Column(
            f"{metric}_gain", "gain", lambda gain: gain.gains[metric], digits=score.digits, sign="+"
        ),
    )


COLUMNS: tuple[Column[Gain], ...] = (
    Column("name", "run", lambda gain: gain.name, numeric=False),
    *_of_metric("ms_ssim"),
    *_of_metric("psnr"),
    Column("steps", "steps", lambda gain: gain.training.steps, digits=0),
    Column("seconds", "training, min", lambda gain: gain.training.seconds, digits=1, scale=1 / 60),
)


def read_gains(records: Path, base: str) -> list[Gain]:
    """The runs of a folder of records, the best first.

    Args:
        records: holds a folder for each record.
        base: name of the run that the others are compared with.

    Raises:
        UserError: there is no record of that name, or one that cannot be compared with it.
    """
    found = [read_record(file.parent) for file in sorted(records.glob(f"*/{ABOUT_FILE}"))]
    bases = [record for record in found if record.about.name == base]
    if len(bases) != 1:
        names = ", ".join(sorted({record.about.name for record in found})) or "none"
        raise UserError(
            f"{records} needs one record with the name {base}, to compare with: it has {names}; "
            "set base="
        )
    gains = [_gain(record, bases[0]) for record in found]
    return sorted(gains, key=lambda gain: -gain.areas["ms_ssim"])


def _gain(record: Record, base: Record) -> Gain:
    about, areas, of_base = record.about, record.areas(), base.areas()
    training = about.model.training if about.model is not None else None
    if training is None:
        raise UserError(f"the record of {about.name} says nothing of its training")
    if about.dataset != base.about.dataset:
        raise UserError(
            f"{about.name} was measured on {about.dataset}, "
            f"{base.about.name} on {base.about.dataset}"
        )
    return Gain(
        name=about.name,
        areas=areas,
        gains={m: areas[m] - of_base[m] for m in areas.keys() & of_base},
        training=training,
    )


def gains_table(gains: Sequence[Gain]) -> Table:
    """The runs, arranged."""
    return arrange("gains", COLUMNS, [("", gains)])


def write_gains(folder: Path, gains: Sequence[Gain]) -> None:
    """Write gains.md and gains.png."""
    with atomic_path(folder / "gains.md") as partial:
        partial.write_text(markdown(gains_table(gains)) + "\n", encoding="utf-8")
    with atomic_path(folder / "gains.png") as partial:
        draw_gains(partial, gains)


def draw_gains(path: Path, gains: Sequence[Gain]) -> None:
    """Draw the gains in MS-SSIM as bars, the best above."""
    figure = Figure(figsize=(8, 1 + 0.32 * len(gains)), layout="constrained", dpi=130)
    axes = figure.subplots()
    ordered = list(reversed(gains))
    values = [gain.gains["ms_ssim"] for gain in ordered]
    colours = ["#2a9d5c" if value >= 0 else "#c8102e" for value in values]
    axes.barh([gain.name for gain in ordered], values, color=colours)
    axes.axvline(0, color="#4c4c4c", linewidth=0.8)
    axes.set_xlabel("gain in area under MS-SSIM")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, format="png")
