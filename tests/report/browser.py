"""Opens the page in Chromium, without a window.

python -m tests.report.browser results/report/index.html docs/screenshots    # those of README.md
"""

import io
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
PLACE_VARIABLE = "RNN_CODEC_CHROMIUM"
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
COLOURS = 256


@dataclass(frozen=True)
class View:
    """One screenshot.

    Attributes:
        name: of the file, without suffix.
        width: of the window, CSS pixels.
        height: of the window, CSS pixels.
        part: identifier of the element at its top.
        mode: of the picture viewer, side or wipe.
    """

    name: str
    width: int
    height: int
    part: str
    mode: str = "side"


VIEWS = (
    View("report-curves", 1280, 960, "top"),
    View("report-pictures", 1280, 800, "pictures"),
    View("report-phone", 390, 860, "pictures", mode="wipe"),
)


def chromium_path() -> str | None:
    """Where Chromium is: the environment's RNN_CODEC_CHROMIUM, or on the path; None for nowhere."""
    named = os.environ.get(PLACE_VARIABLE)
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A running Chromium.

    Raises:
        UserError: playwright or Chromium is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise UserError("playwright is not installed: pip install 'rnn-codec[dev]'") from error
    path = chromium_path()
    if path is None:
        raise UserError(
            f"there is no Chromium: install it (Debian: apt-get install chromium), or set "
            f"{PLACE_VARIABLE} to its path"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def open_page(page: "Page", file: Path) -> None:
    """Open a report and wait until all of it is drawn."""
    page.goto(file.resolve().as_uri())
    page.wait_for_selector("html[data-ready] #plot .scatterlayer .trace", state="attached")
    page.evaluate("document.fonts.ready")


def take_screenshots(file: Path, folder: Path, views: Sequence[View] = VIEWS) -> list[Path]:
    """Write a PNG of each view of a report to `folder`; return their paths.

    Raises:
        UserError: playwright or Chromium is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        return [_take(browser, file, folder / f"{view.name}.png", view) for view in views]


def _take(browser: "Browser", file: Path, path: Path, view: View) -> Path:
    page = browser.new_page(viewport={"width": view.width, "height": view.height})
    open_page(page, file)
    page.locator(f"#mode input[value={view.mode}]").check(force=True)
    page.evaluate("part => document.getElementById(part).scrollIntoView()", view.part)
    page.wait_for_timeout(300)
    shot = page.screenshot()
    page.close()
    with Image.open(io.BytesIO(shot)) as image, atomic_path(path) as partial:
        # A palette makes photographs a third as large, and text stays sharp.
        palette = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.FLOYDSTEINBERG)
        palette.save(partial, optimize=True)
    return path


if __name__ == "__main__":
    take_screenshots(Path(sys.argv[1]), Path(sys.argv[2]))
