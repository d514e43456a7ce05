"""Makes reports with the command, of a committed model and two small pictures."""

import shutil
from pathlib import Path

from tests.commands.program import run
from tests.committed_models import SEPARATE
from tests.conftest import ROOT

MODEL = "flagship"
RATES = (0.06, 0.25, 0.5)
"""The rates of the viewer: a level of the model has 1/8 bit per pixel, so the first is too low."""
NOT_COPIED = shutil.ignore_patterns("*.png", "logs")


def make_page(folder: Path, *overrides: str) -> Path:
    """Make a page in `folder`; return its path."""
    assert run("report", *page_options(folder), *overrides) == 0
    return folder / "index.html"


def page_options(folder: Path) -> list[str]:
    """Copy committed records to a folder; return the options of a small page of them."""
    copy_results(folder / "results")
    return [
        f"records={folder / 'results'}", f"output={folder / 'index.html'}", "most_pictures=2",
        "shipped=[]", "crop=[192,176]", f"rates={list(RATES)}", "beside=[jpeg_420,webp]",
    ]  # fmt: skip


def copy_results(folder: Path) -> None:
    """Copy a committed model, its records, those of two classic codecs, and published figures."""
    shutil.copytree(SEPARATE / MODEL, folder / MODEL, ignore=NOT_COPIED, dirs_exist_ok=True)
    for name in (MODEL, "baselines/jpeg_420", "baselines/webp", "published"):
        shutil.copytree(
            ROOT / "results" / name, folder / name, ignore=NOT_COPIED, dirs_exist_ok=True
        )
