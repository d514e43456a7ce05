"""rnn-codec report and its page, without a browser: the content of the file, and mistakes."""

import base64
import io
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rnn_codec_lab.evaluation.record import read_record
from rnn_codec_lab.report.page import embedded_json
from tests.commands.program import run
from tests.lab.report.pages import MODEL, RATES, copy_results, make_page, page_options


@pytest.fixture(scope="module")
def page(page_file: Path) -> str:
    return page_file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def data(page: str) -> dict:
    return read_data(page)


def read_data(page: str) -> dict:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(found)


def image(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:)""", markup) == []
    assert re.findall(r"url\(|@import", markup) == []
    assert "default-src 'none'" in markup
    assert "$" not in markup


def test_the_curves_are_those_of_the_records(data: dict, tmp_path: Path) -> None:
    copy_results(tmp_path)
    (network,) = [curve for curve in data["curves"] if curve["kind"] == "network"]
    record = read_record(tmp_path / MODEL / "evaluation/kodak")
    for curve in ("nominal", "progressive", "adaptive, balanced"):
        line, mean = network["lines"][curve], record.mean(curve)
        np.testing.assert_allclose(line["bpp"], mean.bpp)
        np.testing.assert_allclose(line["scores"]["psnr"], mean.scores["psnr"])
    assert network["lines"]["best"] == network["lines"]["progressive"]
    classic = {curve["name"] for curve in data["curves"] if curve["kind"] == "classic"}
    assert classic == {"jpeg_420", "webp"}


def test_images_have_the_sizes_and_scores_that_are_said(data: dict) -> None:
    viewer = data["viewer"]
    codecs = [(codec["key"], codec["name"]) for codec in viewer["codecs"]]
    assert codecs == [("0", MODEL), ("jpeg_420", "JPEG 4:2:0"), ("webp", "WebP")]
    assert viewer["rates"] == list(RATES)
    assert len(viewer["pictures"]) == 2
    for picture in viewer["pictures"]:
        original = np.asarray(image(picture["original"]["image"]).convert("RGB"), float)
        assert picture["sizes"] == [int(rate * 192 * 176 / 8) for rate in RATES]
        files = picture["models"]["0"]
        assert files[0] is None
        shown = [(file, viewer["images"][file["place"]]) for file in files[1:]]
        for own in picture["classics"].values():
            shown += [(file, file["image"]) for file in own["files"].values()]
        for file, uri in shown:
            error = np.asarray(image(uri).convert("RGB"), float) - original
            assert error.shape == (176, 192, 3)
            psnr = 10 * np.log10(255**2 / np.mean(error**2))
            assert file["psnr"] == pytest.approx(psnr, abs=1e-3)
        for name, own in picture["classics"].items():
            assert own["qualities"][0] is None
            assert own["smallest"] > picture["sizes"][0]
            for size, quality in zip(picture["sizes"], own["qualities"], strict=True):
                if quality is not None:
                    file = own["files"][str(quality)]
                    assert file["bytes"] == len(base64.b64decode(file["image"].partition(",")[2]))
                    assert file["bytes"] <= size
            assert own["qualities"][-1] is not None, name


@given(st.text())
def test_no_text_ends_the_data(text: str) -> None:
    embedded = embedded_json({"text": text})
    assert json.loads(embedded) == {"text": text}
    assert "<" not in embedded


def test_a_page_without_models_has_curves_and_a_table(tmp_path: Path) -> None:
    data = read_data(make_page(tmp_path, "models=[]").read_text(encoding="utf-8"))
    assert data["viewer"]["codecs"] == []
    assert data["curves"]
    labels = [column["label"] for column in data["table"]["columns"]]
    origins = {row[labels.index("Origin")]["value"] for row in data["table"]["rows"]}
    assert origins == {"measured", "published"}


def test_of_many_models_the_best_are_shown_and_the_page_says_so(tmp_path: Path) -> None:
    # A model without a record comes after one with a record, whatever its name.
    copy_results(tmp_path / "results")
    shutil.copytree(tmp_path / "results" / MODEL, tmp_path / "results" / "a_copy")
    shutil.rmtree(tmp_path / "results" / "a_copy" / "evaluation")
    small = ["most_pictures=1", "rates=[0.25]", "beside=[]"]
    page = make_page(tmp_path, "most_models=1", *small)
    viewer = read_data(page.read_text(encoding="utf-8"))["viewer"]
    assert [codec["name"] for codec in viewer["codecs"]] == [MODEL]
    assert "the 1 with the largest areas of 2 models" in viewer["note"]
    page = make_page(tmp_path, *small)
    viewer = read_data(page.read_text(encoding="utf-8"))["viewer"]
    assert [codec["name"] for codec in viewer["codecs"]] == [MODEL, "a_copy"]
    assert "largest areas" not in viewer["note"]


def test_a_small_page_stores_pictures_with_loss_and_says_so(
    page_file: Path, tmp_path: Path
) -> None:
    limit = (page_file.stat().st_size - 150_000) / 1e6
    page = make_page(tmp_path, f"megabytes={limit}")
    assert page.stat().st_size <= 1e6 * limit
    assert re.search(r"WebP of quality \d+, PSNR at least \d+\.\d dB", page.read_text())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["records=nowhere"], "there is no folder nowhere"),
        (["dataset=other"], "there is no record of other below"),
        (["rates=[0.5,0]"], "rates must be positive numbers, such as [0.25, 0.5], not [0.5, 0]"),
        (["rates=[]"], "rates must be positive numbers"),
        (["beside=[jpg]"], "unknown classic codec 'jpg'"),
        (["beside=[jpeg2000]"], "beside names jpeg2000, whose files no browser shows"),
        (["crop=[100,100]"], "crop must be two sides"),
        (["pictures=[nothing.png]"], "nothing.png, which is not one of chelsea.png, coffee.png"),
        (["most_pictures=0"], "the viewer has no picture"),
        (["models=[nowhere]"], "no model nowhere"),
        (["megabytes=1"], "do not fit into the page"),
        (["data=kodak", "data.kodak_root=nowhere"], "make kodak"),
    ],
)
def test_mistakes_end_in_one_sentence(arguments, message, tmp_path, monkeypatch, capsys) -> None:
    copy_results(tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    options = ["rates=[0.25]", "beside=[]", "crop=[161,161]", "most_pictures=1", *arguments]
    assert run("report", *{option.partition("=")[0]: option for option in options}.values()) == 1
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "results/report").exists()


def test_without_plotly_the_user_is_told(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    assert run("report", *page_options(tmp_path), "models=[]") == 1
    assert "rnn-codec[report]" in capsys.readouterr().err
    assert not (tmp_path / "index.html").exists()
