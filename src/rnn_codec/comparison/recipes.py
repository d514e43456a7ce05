"""What each part of a recipe is worth: records of a grid of variants against one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from rich.table import Table

from rnn_codec.errors import UserError
from rnn_codec.evaluation import Summary, read_summary
from rnn_codec.evaluation.record import SUMMARY_FILE
from rnn_codec.files import atomic_path

HEADINGS = ("run", "MS-SSIM area", "gain", "PSNR area", "gain", "steps", "training, min")


@dataclass(frozen=True)
class Gain:
    """A run, against the base."""

    name: str
    ms_ssim: float
    """Area."""
    psnr: float
    """Area, dB bpp."""
    ms_ssim_gain: float
    """Its area less that of the base."""
    psnr_gain: float
    steps: int
    minutes: float
    """Of the codec's training."""

    def cells(self) -> tuple[str, ...]:
        """Its line in a table."""
        return (
            self.name,
            f"{self.ms_ssim:.4f}",
            f"{self.ms_ssim_gain:+.4f}",
            f"{self.psnr:.2f}",
            f"{self.psnr_gain:+.2f}",
            str(self.steps),
            f"{self.minutes:.1f}",
        )


def read_gains(records: Path, base: str) -> list[Gain]:
    """The runs of a folder of records, the best first.

    Args:
        records: holds a folder for each record.
        base: name of the run that the others are compared with.

    Raises:
        UserError: there is no record of that name, or one that cannot be compared with it.
    """
    summaries = [read_summary(file) for file in sorted(records.glob(f"*/{SUMMARY_FILE}"))]
    bases = [summary for summary in summaries if summary.name == base]
    if len(bases) != 1:
        names = ", ".join(sorted({summary.name for summary in summaries})) or "none"
        raise UserError(
            f"{records} needs one record with the name {base}, to compare with: it has {names}; "
            "set base="
        )
    found = [_gain(summary, bases[0]) for summary in summaries]
    return sorted(found, key=lambda gain: -gain.ms_ssim)


def _gain(summary: Summary, base: Summary) -> Gain:
    training = summary.model.training if summary.model is not None else None
    if training is None:
        raise UserError(f"the record of {summary.name} says nothing of its training")
    if summary.dataset != base.dataset:
        raise UserError(
            f"{summary.name} was measured on {summary.dataset}, {base.name} on {base.dataset}"
        )
    ms_ssim, psnr = summary.areas["ms_ssim"], summary.areas["psnr"]
    return Gain(
        name=summary.name,
        ms_ssim=ms_ssim,
        psnr=psnr,
        ms_ssim_gain=ms_ssim - base.areas["ms_ssim"],
        psnr_gain=psnr - base.areas["psnr"],
        steps=training.steps,
        minutes=training.seconds / 60,
    )


def write_gains(folder: Path, gains: Sequence[Gain]) -> None:
    """Write gains.md and gains.png."""
    lines = [HEADINGS, ("---", *["---:"] * (len(HEADINGS) - 1)), *(g.cells() for g in gains)]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    with atomic_path(folder / "gains.md") as partial:
        partial.write_text(text.replace("_", "\\_") + "\n", encoding="utf-8")
    with atomic_path(folder / "gains.png") as partial:
        draw_gains(partial, gains)


def draw_gains(path: Path, gains: Sequence[Gain]) -> None:
    """Draw the gains in MS-SSIM as bars, the best above."""
    figure = Figure(figsize=(8, 1 + 0.32 * len(gains)), layout="constrained", dpi=130)
    axes = figure.subplots()
    ordered = list(reversed(gains))
    colours = ["#2a9d5c" if gain.ms_ssim_gain >= 0 else "#c8102e" for gain in ordered]
    axes.barh([g.name for g in ordered], [g.ms_ssim_gain for g in ordered], color=colours)
    axes.axvline(0, color="#4c4c4c", linewidth=0.8)
    axes.set_xlabel("gain in area under MS-SSIM")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, format="png")


def gains_table(gains: Sequence[Gain]) -> Table:
    """The runs, for a terminal."""
    table = Table(HEADINGS[0])
    for heading in HEADINGS[1:]:
        table.add_column(heading, justify="right")
    for gain in gains:
        table.add_row(*gain.cells())
    return table
