"""Compares variants of the recipe of experiment=transform_cpu, from the records in this folder.

python results/transform_study/gains.py [<folder for gains.md and gains.png>]
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure

from rnn_codec_lab.comparison.tables import escape_markdown
from rnn_codec_lab.evaluation.record import Record, read_record

RECORDS = Path(__file__).parent
BASE = "recipe"
HEAD = (
    "| run | MS-SSIM area | gain | PSNR area | gain | steps | training, min |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def line(run: Record, base: Record) -> str:
    """Return a line of the table: areas, their differences from the base, steps and minutes."""
    model = run.about.model
    assert model is not None
    assert model.training is not None
    areas, base_areas = run.areas(), base.areas()
    cells = (
        escape_markdown(run.about.name),
        f"{areas['ms_ssim']:.4f}",
        f"{areas['ms_ssim'] - base_areas['ms_ssim']:+.4f}",
        f"{areas['psnr']:.2f}",
        f"{areas['psnr'] - base_areas['psnr']:+.2f}",
        f"{model.training.steps}",
        f"{model.training.seconds / 60:.1f}",
    )
    return f"| {' | '.join(cells)} |".replace("| -", "| −")


def draw(path: Path, runs: list[Record], base: Record) -> None:
    """Draw the gains in MS-SSIM area as bars, the best at the top."""
    figure = Figure(figsize=(8, 1 + 0.32 * len(runs)), layout="constrained", dpi=130)
    axes = figure.subplots()
    gains = [run.areas()["ms_ssim"] - base.areas()["ms_ssim"] for run in reversed(runs)]
    colours = ["#2a9d5c" if gain >= 0 else "#c8102e" for gain in gains]
    axes.barh([run.about.name for run in reversed(runs)], gains, color=colours)
    axes.axvline(0, color="#4c4c4c", linewidth=0.8)
    axes.set_xlabel("gain in area under MS-SSIM")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def main(folder: Path) -> None:
    """Write the table and the figure."""
    runs = [read_record(file.parent) for file in sorted(RECORDS.glob("*/about.json"))]
    runs.sort(key=lambda run: -run.areas()["ms_ssim"])
    (base,) = [run for run in runs if run.about.name == BASE]
    text = "\n".join([HEAD, *(line(run, base) for run in runs)])
    (folder / "gains.md").write_text(text + "\n", encoding="utf-8")
    draw(folder / "gains.png", runs, base)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDS)
