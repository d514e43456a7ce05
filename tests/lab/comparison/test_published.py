"""Figures of papers: those that are committed, and files with mistakes."""

from pathlib import Path

import numpy as np
import pytest

from rnn_codec.errors import UserError
from rnn_codec_lab.comparison.published import Published, load_published
from tests.conftest import ROOT

COMMITTED = load_published(ROOT / "results" / "published")

WHOLE = """
source: a paper
dataset: kodak
models:
  - {name: one, areas: {ms_ssim: 1.8}}
  - {name: two, curve: {bpp: [0.125, 2.0], psnr: [20, 30]}}
"""


def of_file(name: str) -> list[Published]:
    return [entry for entry in COMMITTED if entry.file == name]


def test_the_papers_curve_has_its_area() -> None:
    (entry,) = of_file("toderici_2017_curve")
    assert entry.curve is not None
    assert entry.areas["ms_ssim"] == pytest.approx(1.8116, abs=5e-5)
    quality = np.array(entry.curve.scores["ms_ssim"])
    assert entry.areas["ms_ssim"] == pytest.approx(float((quality[1:] + quality[:-1]).sum() / 16))
    # The table of the paper gives the same model 1.8119.
    (of_table,) = [
        other
        for other in of_file("toderici_2017_table_1")
        if (other.name, other.training_data) == (entry.name, entry.training_data)
    ]
    assert of_table.areas["ms_ssim"] == pytest.approx(entry.areas["ms_ssim"], abs=5e-4)


def test_the_later_curve_has_its_area() -> None:
    (entry,) = of_file("johnston_2018_curve")
    assert entry.areas["ms_ssim"] == pytest.approx(1.8405, abs=5e-5)
    assert entry.entropy_coding


def test_the_papers_table_is_whole() -> None:
    assert all(len(entry.source) > 20 for entry in COMMITTED)
    entries = of_file("toderici_2017_table_1")
    assert len(entries) == 20
    assert all(set(entry.areas) == {"ms_ssim", "psnr_hvs_2011"} for entry in entries)
    best = max(entries, key=lambda entry: entry.areas["ms_ssim"])
    assert (best.labels, best.areas["ms_ssim"]) == ({"cell": "lstm", "recon": "one_shot"}, 1.8166)
    pairs = {tuple(entry.labels.values()) for entry in entries if entry.labels}
    assert len(pairs) == 8


def test_areas_and_curves_are_read(tmp_path: Path) -> None:
    (tmp_path / "paper.yaml").write_text(WHOLE)
    one, two = load_published(tmp_path)
    assert (one.file, one.source, one.dataset, one.name) == ("paper", "a paper", "kodak", "one")
    assert one.areas == {"ms_ssim": 1.8}
    assert one.curve is None
    assert two.curve is not None
    assert two.areas == {"psnr": pytest.approx(25 * 1.875)}


def test_no_folder_holds_no_figures(tmp_path: Path) -> None:
    assert load_published(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("source: a paper\n", ""),
        ("a paper", "3"),
        ("ms_ssim: 1.8", "ssim: 1.8"),
        ("ms_ssim: 1.8", "ms_ssim: high"),
        (", areas: {ms_ssim: 1.8}", ""),
        ("[20, 30]", "[20]"),
        ("[20, 30]", "[20, .nan]"),
        ("[20, 30]", "20"),
        ("name: one, ", ""),
        ("name: one", "name: one, colour: red"),
        ("name: one", "name: one, labels: {cell: 3}"),
        ("models:", "codecs:"),
        ("source", "{source"),
        (WHOLE, ""),
        (WHOLE, "[]"),
        (WHOLE, "models: 3"),
        (WHOLE, "\x00"),
    ],
)
def test_a_file_with_a_mistake_is_named(tmp_path: Path, old: str, new: str) -> None:
    assert old in WHOLE
    (tmp_path / "paper.yaml").write_text(WHOLE.replace(old, new))
    with pytest.raises(UserError, match=r"paper\.yaml does not hold published figures"):
        load_published(tmp_path)
