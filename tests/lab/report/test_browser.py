"""The page in headless Chromium, opened from the file system."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.lab.report.browser import chromium, chromium_path, open_page
from tests.lab.report.pages import RATES

pytestmark = pytest.mark.skipif(
    chromium_path() is None or find_spec("playwright") is None,
    reason="needs Chromium (Debian: apt-get install chromium) and the Python package playwright",
)


@pytest.fixture(scope="module")
def data(page_file: Path) -> dict:
    text = page_file.read_text(encoding="utf-8")
    return json.loads(re.findall(r'id="data">(.*?)</script>', text)[0])


@pytest.fixture(scope="module")
def running() -> Iterator:
    with chromium() as started:
        yield started


@contextmanager
def opened(running, file: Path, **window: Any) -> Iterator:
    """The page in a window; fails at the end if it caused an error or loaded anything else."""
    page, wrong, requests = running.new_page(**window), [], []
    page.on("console", lambda message: wrong.append((message.type, message.text)))
    page.on("pageerror", lambda error: wrong.append(("error", str(error))))
    page.on("requestfailed", lambda request: wrong.append(("error", request.url[:80])))
    page.on("request", lambda request: requests.append(request.url))
    open_page(page, file)
    yield page
    page.close()
    assert [told for told in wrong if told[0] in {"error", "warning"}] == []
    own = (file.as_uri(), "data:", "blob:")
    assert [url for url in requests if not url.startswith(own)] == []


@pytest.fixture(scope="module")
def page(running, page_file: Path) -> Iterator:
    """A page that tests share: each test sets the state that it examines."""
    with opened(running, page_file, viewport={"width": 1280, "height": 900}) as page:
        yield page


def plotted(page, what: str) -> list:
    """The names, rates or scores of every curve in plotly's data."""
    return page.evaluate("what => document.getElementById('plot').data.map(t => t[what])", what)


def set_size(page, place: int) -> None:
    """Choose one of `RATES`."""
    page.locator("#size").focus()
    page.keyboard.press("Home")
    for _ in range(place):
        page.keyboard.press("ArrowRight")


def choose_mode(page, mode: str) -> None:
    page.locator(f"#mode input[value={mode}]").check(force=True)


def split(page) -> float:
    """The position of the divider, as a share of the width of the stage."""
    stage = page.locator("#stage").bounding_box()
    divider = page.locator("#divider").bounding_box()
    return (divider["x"] + divider["width"] / 2 - stage["x"]) / stage["width"]


def test_the_metric_is_switched_and_a_curve_hidden(page, data) -> None:
    (network,) = [curve for curve in data["curves"] if curve["kind"] == "network"]
    scores = network["lines"]["best"]["scores"]
    assert plotted(page, "y")[plotted(page, "name").index("gru one_shot")] == scores["ms_ssim_db"]
    page.locator("#metric input[value=psnr_hvs]").check(force=True)
    assert plotted(page, "y")[plotted(page, "name").index("gru one_shot")] == scores["psnr_hvs"]
    assert page.locator("#plot .ytitle").text_content() == "PSNR-HVS (dB)"

    names = plotted(page, "name")
    chip = page.locator(".chip", has_text="jpeg_420")
    chip.click()
    assert chip.get_attribute("aria-pressed") == "false"
    assert plotted(page, "name") == [name for name in names if name != "jpeg_420"]
    chip.click()
    assert plotted(page, "name") == names
    assert page.locator("#plot .scatterlayer .js-line").count() == len(names)


def test_dragging_zooms(page) -> None:
    page.locator("#plot").scroll_into_view_if_needed()
    first, last = page.evaluate("document.getElementById('plot').layout.xaxis.range")
    box = page.locator("#plot .nsewdrag").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 150, middle[1] + 100, steps=5)
    page.mouse.up()
    for _ in range(200):
        shown = page.evaluate("document.getElementById('plot').layout.xaxis.range")
        if shown[0] > first:
            break
        page.wait_for_timeout(50)
    assert first < shown[0] < shown[1] < last


def test_a_model_is_compared_with_classic_codecs_at_equal_bytes(page, data) -> None:
    viewer = data["viewer"]
    picture, last = viewer["pictures"][0], len(RATES) - 1
    choose_mode(page, "side")
    set_size(page, last)
    assert page.locator("#size-shown").text_content() == f"{picture['sizes'][last]:,} bytes"
    file = picture["models"]["0"][last]
    ours, jpeg, webp = (page.locator(f"#side figure:nth-child({place})") for place in (1, 2, 3))
    assert ours.locator("img").get_attribute("src") == viewer["images"][file["place"]]
    numbers = ours.locator("dd").all_text_contents()
    assert numbers[:3] == [f"{file['bytes']:,}", f"{file['bpp']:.3f}", f"{file['psnr']:.2f}"]
    for figure, name in ((jpeg, "jpeg_420"), (webp, "webp")):
        own = picture["classics"][name]
        shown = own["files"][str(own["qualities"][last])]["image"]
        assert figure.locator("img").get_attribute("src") == shown
        # The browser can show it.
        assert (
            figure.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")
            == 192
        )
    set_size(page, 0)
    assert page.locator("#smaller").is_disabled()
    assert page.locator("#side img").count() == 0
    assert "hold nothing of the picture" in ours.text_content()
    assert "JPEG 4:2:0 cannot go this low" in jpeg.text_content()
    page.locator("#larger").click()
    assert page.locator("#size-shown").text_content() == f"{picture['sizes'][1]:,} bytes"

    page.locator("#third").select_option("original")
    assert webp.locator("img").get_attribute("src") == picture["original"]["image"]
    page.locator("#third").select_option("webp")


def test_the_divider_moves_between_two_pictures(page) -> None:
    choose_mode(page, "wipe")
    assert page.locator("#third").is_hidden()
    set_size(page, len(RATES) - 1)
    page.locator("#stage").scroll_into_view_if_needed()
    assert split(page) == pytest.approx(0.5, abs=0.01)
    page.locator("#divider").focus()
    page.keyboard.press("PageUp")
    assert split(page) == pytest.approx(0.6, abs=0.01)


def test_the_page_opens_on_the_pictures(page) -> None:
    parts = page.locator("main section").evaluate_all("parts => parts.map(part => part.id)")
    assert parts == ["pictures", "curves", "table"]


def test_a_heading_sorts_the_table_both_ways(page) -> None:
    head = page.locator("#rows thead th", has_text=re.compile("^PSNR$"))
    place = page.locator("#rows thead th").all_text_contents().index("PSNR") + 1
    for order, reverse in (("descending", True), ("ascending", False)):
        head.locator("button").press("Enter")
        assert head.get_attribute("aria-sort") == order
        texts = page.locator(f"#rows tbody tr > :nth-child({place})").all_text_contents()
        known = [float(text) for text in texts if text != "–"]
        assert len(known) > 1
        assert known == sorted(known, reverse=reverse)
        # Rows without a value come last in both orders.
        assert texts[len(known) :] == ["–"] * (len(texts) - len(known))


def test_a_phone_shows_all_within_its_width(running, page_file: Path) -> None:
    phone = {"viewport": {"width": 360, "height": 700}, "is_mobile": True, "has_touch": True}
    with opened(running, page_file, **phone) as page:
        for mode in ("side", "wipe"):
            choose_mode(page, mode)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.locator("#stage").scroll_into_view_if_needed()
        box = page.locator("#stage").bounding_box()
        page.touchscreen.tap(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
        assert split(page) == pytest.approx(0.8, abs=0.02)
