"""The page in a real Chromium without a window, opened from the file system."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rnn_codec.errors import UserError
from tests.comparison.made import write_network
from tests.report import browser
from tests.report.browser import VIEWS, chromium, chromium_path, open_page, take_screenshots
from tests.report.pages import ITERATIONS, make_page

needs_chromium = pytest.mark.skipif(
    chromium_path() is None or find_spec("playwright") is None,
    reason="needs Chromium (Debian: apt-get install chromium) and the Python package playwright",
)

DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 700}, "is_mobile": True, "has_touch": True}


class Watched:
    """A page, with everything that went wrong on it."""

    def __init__(self, page, file: Path) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("requestfailed", lambda request: self.errors.append(f"failed: {request.url[:80]}"))
        page.on("request", lambda request: self.requests.append(request.url))
        open_page(page, file)

    def _on_console(self, message) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def foreign_requests(self, file: Path) -> list[str]:
        return [
            url
            for url in self.requests
            if url != file.as_uri() and not url.startswith(("data:", "blob:"))
        ]


@pytest.fixture(scope="module")
def file(page_file: Path) -> Path:
    return page_file


@pytest.fixture(scope="module")
def data(file: Path) -> dict:
    text = file.read_text(encoding="utf-8")
    return json.loads(re.findall(r'id="data">(.*?)</script>', text)[0])


@pytest.fixture(scope="module")
def running() -> Iterator:
    with chromium() as started:
        yield started


@contextmanager
def opened(running, file: Path, **window: Any) -> Iterator:
    """The page in a window; in the end nothing may have gone wrong on it."""
    watched = Watched(running.new_page(**window), file)
    yield watched.page
    watched.page.close()
    assert watched.errors == []
    assert watched.foreign_requests(file) == []


@pytest.fixture
def fresh_page(running, file: Path) -> Iterator:
    """The page as it is when it has been opened, which takes a second."""
    with opened(running, file, **DESKTOP) as page:
        yield page


@pytest.fixture(scope="class")
def page(running, file: Path) -> Iterator:
    """The page as other tests of the class may have left it: each sets what it looks at."""
    with opened(running, file, **DESKTOP) as page:
        yield page


def traces(page) -> list[str]:
    """The shape of every curve."""
    return [
        line.get_attribute("d") for line in page.query_selector_all("#plot .scatterlayer .js-line")
    ]


def plotted(page, what: str) -> list:
    """Of every curve the names, rates or scores that plotly has."""
    return page.evaluate("what => document.getElementById('plot').data.map(t => t[what])", what)


def becomes_true(page, condition: str, checks: int) -> bool:
    """Whether something is true within so many twentieths of a second.

    Playwright's own `wait_for_function` compiles code in the page, which its policy forbids.
    """
    for _ in range(checks):
        if page.evaluate(condition):
            return True
        page.wait_for_timeout(50)
    return False


def until(page, condition: str) -> None:
    """Wait for something that the page does after an event."""
    assert becomes_true(page, condition, checks=200), f"never true: {condition}"


def double_click_until(page, place: tuple[float, float], condition: str) -> None:
    """Two clicks more than 0.3 s apart are none for plotly; a busy machine needs several tries."""
    for _ in range(10):
        page.mouse.dblclick(*place)
        if becomes_true(page, condition, checks=20):
            return
    raise AssertionError(f"never true: {condition}")


def numbers(page, figure: str) -> dict[str, str]:
    """What is written below an image."""
    within = page.locator(figure)
    return dict(
        zip(within.locator("dt").all_text_contents(), within.locator("dd").all_text_contents(),
            strict=True)
    )  # fmt: skip


def choose_mode(page, mode: str) -> None:
    page.locator(f"#mode input[value={mode}]").check(force=True)


def set_iteration(page, iteration: int) -> None:
    page.locator("#iteration").focus()
    page.keyboard.press("Home")
    for _ in range(iteration - 1):
        page.keyboard.press("ArrowRight")


@needs_chromium
class TestCurves:
    @pytest.fixture
    def page(self, fresh_page):
        return fresh_page

    def test_every_curve_is_drawn(self, page, data) -> None:
        drawable = [
            c for c in data["curves"] if any("psnr" in v["scores"] for v in c["lines"].values())
        ]
        assert len(drawable) >= 3
        page.locator("#metric input[value=psnr]").check(force=True)
        assert plotted(page, "name") == [curve["name"] for curve in drawable]
        assert len(traces(page)) == len(drawable)
        assert all(len(path) > 20 for path in traces(page))

    def test_the_metric_is_switched(self, page, data) -> None:
        before = traces(page)
        place = plotted(page, "name").index("gru one_shot")
        (network,) = [curve for curve in data["curves"] if curve["kind"] == "network"]
        scores = network["lines"]["best"]["scores"]
        assert plotted(page, "y")[place] == scores["ms_ssim_db"]
        page.locator("#metric input[value=psnr_hvs]").check(force=True)
        place = plotted(page, "name").index("gru one_shot")
        assert plotted(page, "y")[place] == scores["psnr_hvs"]
        assert traces(page) != before
        assert page.locator("#plot .ytitle").text_content() == "PSNR-HVS (dB)"

    def test_the_rate_is_switched_for_networks_only(self, page, data) -> None:
        before = plotted(page, "x")
        page.locator("#rate").select_option("nominal")
        after = plotted(page, "x")
        kinds = [curve["kind"] for curve in data["curves"]]
        for kind, one, other in zip(kinds, before, after, strict=True):
            assert (one != other) == (kind == "network")
        network = data["curves"][kinds.index("network")]
        assert after[kinds.index("network")] == network["lines"]["nominal"]["bpp"]

    def test_the_legend_switches_a_curve_off_and_on(self, page) -> None:
        count = len(traces(page))
        chip = page.locator(".chip", has_text="jpeg_420")
        chip.click()
        assert chip.get_attribute("aria-pressed") == "false"
        assert len(traces(page)) == count - 1
        assert "jpeg_420" not in plotted(page, "name")
        page.keyboard.press("Enter")  # the focus stays on it
        assert len(traces(page)) == count

    def test_dragging_zooms_and_a_double_click_goes_back(self, page) -> None:
        def shown() -> list:
            return page.evaluate("document.getElementById('plot').layout.xaxis.range")

        whole = shown()
        box = page.locator("#plot .nsewdrag").bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] + 150, middle[1] + 100, steps=5)
        page.mouse.up()
        until(page, f"document.getElementById('plot').layout.xaxis.range[0] > {whole[0]}")
        assert shown()[1] < whole[1]
        double_click_until(
            page, middle, f"document.getElementById('plot').layout.xaxis.range[0] == {whole[0]}"
        )
        assert shown() == whole


@needs_chromium
class TestViewer:
    def test_the_iteration_changes_image_and_numbers(self, page, data) -> None:
        picture = data["viewer"]["pictures"][0]
        for iteration in (ITERATIONS, 2):
            set_iteration(page, iteration)
            step = picture["models"][0][iteration - 1]
            figure = "#side figure:nth-child(2)"
            assert page.locator(f"{figure} img").get_attribute("src") == step["image"]
            assert numbers(page, figure) == {
                "bytes": f"{step['bytes']:,}",
                "bpp": f"{step['bpp']:.3f}",
                "PSNR, dB": f"{step['psnr']:.2f}",
                "MS-SSIM": f"{step['ms_ssim']:.4f}",
                "PSNR-HVS, dB": f"{step['psnr_hvs']:.2f}",
            }
            assert page.locator("#iteration-shown").text_content() == f"{iteration} of {ITERATIONS}"

    def test_jpeg_has_equal_bytes_or_says_that_it_cannot(self, page, data) -> None:
        picture = data["viewer"]["pictures"][0]
        set_iteration(page, ITERATIONS)
        figure = "#side figure:nth-child(3)"
        quality = picture["models"][0][ITERATIONS - 1]["jpeg"]
        shown = picture["jpegs"][str(quality)]
        assert page.locator(f"{figure} img").get_attribute("src") == shown["image"]
        assert f"quality {quality}," in page.locator(figure).text_content()
        set_iteration(page, 1)
        assert page.locator(f"{figure} img").count() == 0
        assert "JPEG cannot go this low" in page.locator(figure).text_content()

    def test_every_image_is_shown(self, page) -> None:
        set_iteration(page, ITERATIONS)
        sizes = page.evaluate(
            "[...document.querySelectorAll('#side img')].map(i => i.naturalWidth)"
        )
        assert sizes == [192, 192, 192]

    def test_another_picture_and_another_codec_are_chosen(self, fresh_page, data) -> None:
        fresh_page.locator("#thumbnails button").nth(1).click()
        fresh_page.locator("#second").select_option("original")
        original = data["viewer"]["pictures"][1]["original"]["image"]
        images = fresh_page.locator("#side figure img")
        assert images.nth(0).get_attribute("src") == original
        assert images.nth(2).get_attribute("src") == original
        assert images.nth(1).get_attribute("src") != original
        assert (
            fresh_page.locator("#thumbnails button").nth(1).get_attribute("aria-pressed") == "true"
        )

    def test_the_step_buttons_stop_at_the_ends(self, page) -> None:
        set_iteration(page, ITERATIONS - 1)
        page.locator("#more").click()
        assert page.locator("#iteration").input_value() == str(ITERATIONS)
        assert page.locator("#more").is_disabled()
        set_iteration(page, 1)
        assert page.locator("#fewer").is_disabled()


def split(page) -> float:
    """Where the divider is drawn, as a share of the stage."""
    stage = page.locator("#stage").bounding_box()
    divider = page.locator("#divider").bounding_box()
    return (divider["x"] + divider["width"] / 2 - stage["x"]) / stage["width"]


def cut(page) -> str:
    """What of the left picture is cut away, on the right."""
    clip = "getComputedStyle(document.getElementById('left-layer')).clipPath"
    return page.evaluate(clip).split()[1]


@needs_chromium
class TestDivider:
    @pytest.fixture(scope="class", autouse=True)
    def _in_the_middle_at_first(self, page) -> None:
        choose_mode(page, "wipe")
        page.locator("#stage").scroll_into_view_if_needed()
        assert split(page) == pytest.approx(0.5, abs=0.01)

    @pytest.fixture(autouse=True)
    def _in_the_middle(self, page) -> None:
        set_iteration(page, ITERATIONS)
        page.locator("#divider").focus()
        for key in ("Home", *5 * ["PageUp"]):
            page.keyboard.press(key)

    def test_the_mouse_moves_it(self, page) -> None:
        assert split(page) == pytest.approx(0.5, abs=0.01)
        box = page.locator("#stage").bounding_box()
        height = box["y"] + box["height"] / 3
        page.mouse.move(box["x"] + box["width"] / 2, height)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 4, height, steps=4)
        assert split(page) == pytest.approx(0.25, abs=0.01)
        page.mouse.move(box["x"] - 50, height, steps=4)
        assert split(page) == pytest.approx(0, abs=0.01)
        page.mouse.up()
        page.mouse.move(box["x"] + box["width"] / 2, height)
        assert split(page) == pytest.approx(0, abs=0.01)

    def test_the_keyboard_moves_it(self, page) -> None:
        page.locator("#divider").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("#divider").get_attribute("aria-valuenow") == "52"
        page.keyboard.press("PageDown")
        assert page.locator("#divider").get_attribute("aria-valuenow") == "42"
        assert split(page) == pytest.approx(0.42, abs=0.01)
        page.keyboard.press("End")
        page.keyboard.press("ArrowRight")
        assert page.locator("#divider").get_attribute("aria-valuenow") == "100"

    def test_it_uncovers_the_picture_on_the_left(self, page, data) -> None:
        page.locator("#divider").focus()
        page.keyboard.press("Home")
        assert cut(page) == "100%"
        page.keyboard.press("End")
        assert cut(page) == "0%"
        step = data["viewer"]["pictures"][0]["models"][0][ITERATIONS - 1]
        assert page.locator("#left-layer img").get_attribute("src") == step["image"]
        alt = page.locator("#right-layer img").get_attribute("alt")
        assert alt == "chelsea.png: JPEG 4:2:0"

    def test_it_stays_when_the_iteration_changes(self, page) -> None:
        page.locator("#divider").focus()
        page.keyboard.press("PageUp")
        set_iteration(page, 2)
        assert split(page) == pytest.approx(0.6, abs=0.01)


def column(page, label: str) -> list[str]:
    """The texts of one column, from the top."""
    labels = page.locator("#rows thead th").all_text_contents()
    return page.locator(
        f"#rows tbody tr > :nth-child({labels.index(label) + 1})"
    ).all_text_contents()


@needs_chromium
class TestTable:
    def test_it_is_sorted_by_ms_ssim_at_first(self, fresh_page) -> None:
        values = [float(text) for text in column(fresh_page, "MS-SSIM") if text != "–"]
        assert len(values) > 5
        assert values == sorted(values, reverse=True)

    def test_a_heading_sorts_and_sorts_the_other_way(self, page) -> None:
        head = page.locator("#rows thead th", has_text=re.compile("^PSNR$"))
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == "descending"
        down = column(page, "PSNR")
        head.locator("button").press("Enter")
        assert head.get_attribute("aria-sort") == "ascending"
        up = column(page, "PSNR")
        known = [text for text in up if text != "–"]
        assert [float(text) for text in known] == sorted(float(text) for text in known)
        assert [text for text in down if text != "–"] == known[::-1]
        # Rows without a value are the last either way.
        assert up[len(known) :] == down[len(known) :] == ["–"] * (len(up) - len(known))
        assert page.locator("#rows thead th[aria-sort=none]").count() == (
            page.locator("#rows thead th").count() - 1
        )

    def test_names_are_sorted_too(self, page) -> None:
        page.locator("#rows thead button", has_text="Codec").click()
        names = column(page, "Codec")
        initials = [name[0].lower() for name in names]
        assert initials == sorted(initials)
        assert "gru one_shot" in names

    def test_rows_say_whether_they_were_measured_here(self, page, data) -> None:
        assert set(column(page, "Origin")) == {"measured", "published"}
        published = page.locator("#rows .badge.published").count()
        labels = [column["label"] for column in data["table"]["columns"]]
        rows = data["table"]["rows"]
        assert published == sum(row[labels.index("Origin")]["value"] == "published" for row in rows)


@needs_chromium
class TestPhone:
    @pytest.fixture(scope="class")
    def page(self, running, file: Path) -> Iterator:
        with opened(running, file, **PHONE) as page:
            yield page

    def test_nothing_is_wider_than_the_screen(self, page) -> None:
        for mode in ("side", "wipe"):
            choose_mode(page, mode)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            assert page.evaluate("document.body.scrollWidth") <= 360

    def test_a_finger_moves_the_divider(self, page) -> None:
        choose_mode(page, "wipe")
        page.locator("#stage").scroll_into_view_if_needed()
        box = page.locator("#stage").bounding_box()
        page.touchscreen.tap(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
        assert split(page) == pytest.approx(0.8, abs=0.02)

    def test_the_curves_fit(self, page) -> None:
        width = page.locator("#plot .main-svg").first.bounding_box()["width"]
        assert 300 <= width <= 360


@needs_chromium
def test_dark_paper_has_light_ink(running, file: Path) -> None:
    with opened(running, file, color_scheme="dark") as page:
        title = page.evaluate("document.querySelector('#plot .xtitle').style.fill")
        assert title == "rgb(232, 230, 225)"
        page.emulate_media(color_scheme="light")
        until(page, "document.querySelector('#plot .xtitle').style.fill == 'rgb(28, 31, 35)'")


@needs_chromium
def test_a_page_without_models_works(running, tmp_path: Path) -> None:
    file = make_page(tmp_path, "models=[]")
    watched = Watched(running.new_page(), file)
    assert watched.page.locator("#no-pictures").is_visible()
    assert not watched.page.locator("#viewer").is_visible()
    assert len(column(watched.page, "Codec")) > 5
    watched.page.close()
    assert watched.errors == []


@needs_chromium
def test_more_codecs_than_colours_can_be_told_apart(running, tmp_path: Path) -> None:
    pairs = [(cell, recon) for cell in "abcd" for recon in "xyz"]
    for cell, recon in pairs:
        write_network(tmp_path / "results" / "grid" / (cell + recon), cell, recon)
    watched = Watched(running.new_page(), make_page(tmp_path, "models=[]"))
    chips = watched.page.locator(".legend-group").first.locator(".chip svg")
    drawings = [chips.nth(index).evaluate("svg => svg.innerHTML") for index in range(len(pairs))]
    assert len(set(drawings)) == len(pairs)
    markers = [tuple(marker.values()) for marker in plotted(watched.page, "marker")]
    assert len(set(markers)) == len(markers) >= len(pairs)
    watched.page.close()
    assert watched.errors == []


@needs_chromium
def test_screenshots_are_small_pictures_of_the_page(file: Path, tmp_path: Path) -> None:
    # Chromium runs in a thread of its own: playwright's synchronous interface has one a thread.
    paths = in_a_thread(take_screenshots, file, tmp_path, VIEWS)
    assert [path.stem for path in paths] == [view.name for view in VIEWS]
    for path, view in zip(paths, VIEWS, strict=True):
        with Image.open(path) as image:
            assert image.size == (view.width, view.height)
            assert len(image.convert("RGB").getcolors(1 << 24)) > 20
        assert path.stat().st_size < 400_000


def in_a_thread(function, *arguments):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments).result()


def test_without_chromium_the_user_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(browser, "chromium_path", lambda: None)
    with pytest.raises(UserError, match="Chromium"):
        take_screenshots(tmp_path / "index.html", tmp_path, VIEWS)


def test_the_environment_names_chromium(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(browser.PLACE_VARIABLE, "/somewhere/chromium")
    assert chromium_path() == "/somewhere/chromium"
