"""Opens the report in headless Chromium.

python -m tests.lab.report.browser results/report/index.html docs/screenshots   # for README.md
"""

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
VIEWS = {
    "report-curves": (1280, 760, "curves", "side"),
    "report-pictures": (1280, 800, "pictures", "side"),
    "report-phone": (390, 860, "pictures", "wipe"),
}
"""Window size, element at the top and mode of the picture viewer, by name of the screenshot."""


def chromium_path() -> str | None:
    """The path of Chromium: RNN_CODEC_CHROMIUM, or a program on PATH; None if there is none."""
    named = os.environ.get("RNN_CODEC_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A running Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def open_page(page: "Page", file: Path) -> None:
    """Open a report and wait until all of it is drawn."""
    page.goto(file.resolve().as_uri())
    page.wait_for_selector("html[data-ready] #plot .scatterlayer .trace", state="attached")
    page.evaluate("document.fonts.ready")


def take_screenshots(file: Path, folder: Path) -> None:
    """Write a PNG of each view of a report to a folder."""
    with chromium() as browser:
        for name, (width, height, part, mode) in VIEWS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            open_page(page, file)
            page.locator(f"#mode input[value={mode}]").check(force=True)
            page.evaluate("part => document.getElementById(part).scrollIntoView()", part)
            page.wait_for_timeout(300)
            image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            # A palette makes photographs a third as large, and text stays sharp.
            image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(
                folder / f"{name}.png", optimize=True
            )


if __name__ == "__main__":
    take_screenshots(Path(sys.argv[1]), Path(sys.argv[2]))
