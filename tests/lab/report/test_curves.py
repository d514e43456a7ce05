"""Rows of the comparison as curves."""

from dataclasses import replace

import numpy as np
import pytest

from rnn_codec.metrics.curve import Curve
from rnn_codec_lab.comparison.rows import Row
from rnn_codec_lab.comparison.statistics import Estimate
from rnn_codec_lab.report.curves import curves_of

CURVE = Curve((1, 2), (0.1, 0.2), {"psnr": (20.0, 25.0), "ms_ssim": (0.9, 0.99)})


def row(coder: str | None, bpp: tuple[float, float], **values) -> Row:
    labels = {"cell": "gru", "recon": "one_shot", "network": "tiny"} | values.pop("labels", {})
    network = {"labels": labels, "trained": True} if coder else {}
    curve = replace(CURVE, bpp=bpp)
    shared = {"origin": "measured", "experiment": "e", "name": "gru one_shot", "images": 24}
    return Row(**(shared | network | {"coder": coder, "curve": curve} | values))


def test_rows_of_one_codec_are_one_curve_over_several_rates() -> None:
    rows = [
        row("none", (0.125, 0.25)),
        row("single_iteration", (0.07, 0.17)),
        row("progressive", (0.06, 0.16)),
    ]
    (curve,) = curves_of(rows)
    assert (curve.name, curve.kind) == ("gru one_shot", "network")
    rates = {name: line.bpp for name, line in curve.lines.items()}
    assert rates == {
        "nominal": [0.125, 0.25],
        "single_iteration": [0.07, 0.17],
        "progressive": [0.06, 0.16],
        "best": [0.06, 0.16],
    }


def test_without_an_entropy_coder_the_bits_are_the_best() -> None:
    (curve,) = curves_of([row("none", (0.125, 0.25))])
    assert curve.lines["best"] == curve.lines["nominal"]


def test_a_classic_codec_has_one_rate() -> None:
    (curve,) = curves_of([row(None, (0.3, 0.4), name="jpeg_420")])
    assert curve.kind == "classic"
    assert set(curve.lines) == {"only"}
    line = curve.lines["only"]
    assert (line.points, line.bpp) == ([1, 2], [0.3, 0.4])
    assert line.scores["psnr"] == [20.0, 25.0]
    assert line.scores["ms_ssim_db"] == pytest.approx([10.0, 20.0])


def test_a_codec_without_a_choice_of_entropy_coder_has_one_rate() -> None:
    waves = row(None, (0.3, 0.4), name="9/7", trained=True, labels={"family": "wavelet"})
    (curve,) = curves_of([waves])
    assert (curve.kind, set(curve.lines)) == ("network", {"only"})


def test_a_published_curve_has_the_scores_it_has() -> None:
    published = Curve((), (0.125,), {"ms_ssim": (0.9,)})
    table = Row(origin="published", experiment="paper", name="GRU", source="a table")
    (curve,) = curves_of([table, replace(table, curve=published, source="a figure")])
    assert (curve.kind, curve.source) == ("published", "a figure")
    assert set(curve.lines["only"].scores) == {"ms_ssim", "ms_ssim_db"}


def test_names_say_what_tells_curves_apart_and_no_more() -> None:
    rows = [
        row("none", (0.1, 0.2), labels={"network": "half"}),
        row("none", (0.1, 0.2)),
        row("none", (0.1, 0.2), experiment="f"),
        row("none", (0.1, 0.2), name="lstm one_shot", labels={"cell": "lstm"}, variant="lr=0.1"),
    ]
    assert [curve.name for curve in curves_of(rows)] == [
        "gru one_shot, half",
        "gru one_shot, tiny, e",
        "gru one_shot, tiny, f",
        "lstm one_shot",
    ]


def test_the_ms_ssim_of_a_perfect_picture_is_finite() -> None:
    perfect = replace(CURVE, scores={"ms_ssim": (0.9, 1.0)})
    (curve,) = curves_of([row(None, (0.1, 0.2), curve=perfect)])
    assert np.isfinite(curve.lines["only"].scores["ms_ssim_db"]).all()


def test_at_first_classic_codecs_and_the_best_of_each_family_are_shown() -> None:
    better = replace(CURVE, scores={"psnr": (20.0, 25.0), "ms_ssim": (0.95, 0.99)})
    rows = [
        row("none", (0.1, 0.2), labels={"family": "binary"}),
        row("none", (0.1, 0.2), name="lstm one_shot", curve=better,
            labels={"family": "binary", "cell": "lstm"},
            areas={"ms_ssim": Estimate(1.83, None, 1)}),
        replace(row(None, (0.1, 0.2), name="9/7", trained=True), labels={"family": "wavelet"}),
        row(None, (0.1, 0.2), name="webp"),
        Row(origin="published", experiment="paper", name="GRU", source="a figure", curve=CURVE),
    ]  # fmt: skip
    found = curves_of(rows)
    assert [curve.shown for curve in found] == [False, True, True, True, False]
    assert [curve.name for curve in found] == [
        "binary: gru one_shot", "binary: lstm one_shot", "wavelet: 9/7", "webp", "GRU",
    ]  # fmt: skip
