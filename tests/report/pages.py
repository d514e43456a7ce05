"""A report made by the command, of the committed model and two small pictures."""

import shutil
from pathlib import Path

from hydra import compose, initialize_config_dir

from report import report
from tests.conftest import ROOT

MODEL = "gru-one_shot-tiny"
ITERATIONS = 4
NOT_COPIED = shutil.ignore_patterns("*.png", "logs")


def make_page(folder: Path, *overrides: str) -> Path:
    """Make a page below `folder`; returns its path."""
    copy_results(folder / "results")
    options = [
        f"results={folder / 'results'}", f"output={folder / 'index.html'}", "most_pictures=2",
        "shipped=[]", "crop=[192,176]", f"iterations={ITERATIONS}", *overrides,
    ]  # fmt: skip
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return report(compose("report", options))


def copy_results(folder: Path) -> None:
    """Copy the records of the committed model and two classic codecs, and published figures."""
    for name in (MODEL, "baselines/jpeg_420", "baselines/webp", "published"):
        shutil.copytree(
            ROOT / "results" / name, folder / name, ignore=NOT_COPIED, dirs_exist_ok=True
        )
