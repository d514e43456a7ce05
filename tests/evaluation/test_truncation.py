"""Cut files: what is measured is what the files decode to."""

import json
from pathlib import Path

import pytest
import torch
from tests.conftest import make_codec

from rnn_codec.evaluation.truncation import Cut, measure_cuts, summarise_cuts, write_cuts
from rnn_codec.families.binary.codec import Codes
from rnn_codec.families.binary.entropy.none import NoneCoder
from rnn_codec.metrics.psnr import psnr


def test_each_cut_is_what_its_codes_decode_to(picture: torch.Tensor) -> None:
    codec = make_codec("lstm", "additive").eval()
    codes = codec.encode(picture, 3)
    coder = NoneCoder()
    cuts = list(measure_cuts("a", picture, codes, codec, coder, [0.0, 0.34, 0.67, 1.0]))
    assert [(c.iterations, c.rows) for c in cuts] == [
        (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (3, 0)
    ]  # fmt: skip
    whole = [cut.psnr for cut in cuts if cut.rows == 0]
    for cut in cuts:
        begun = cut.iterations + (cut.rows > 0)
        arrived = Codes(codes.bits[:begun], codes.height, codes.width, cut.rows or None)
        *_, last = codec.decode(arrived)
        assert cut.psnr == pytest.approx(float(psnr(last, picture)))
        if cut.rows and cut.iterations:
            assert cut.loss == pytest.approx(whole[cut.iterations - 1] - cut.psnr)
    assert [cut.file_bytes for cut in cuts] == sorted(cut.file_bytes for cut in cuts)


def test_the_summary_finds_falls_and_losses(tmp_path: Path) -> None:
    cuts = [
        Cut("a", 1, 0, 0.0, 10, 20.0, -1.0),
        Cut("a", 1, 2, 0.5, 15, 19.9, 0.1),
        Cut("a", 2, 0, 0.0, 20, 19.5, 0.5),
    ]
    assert summarise_cuts(cuts)["smallest_step"] == pytest.approx(-0.5)
    assert summarise_cuts(cuts)["largest_loss_between"] == pytest.approx(0.1)
    write_cuts(tmp_path, cuts, {})
    assert json.loads((tmp_path / "truncation.json").read_text())["mean_psnr"] == [20.0, 19.5]
    assert (tmp_path / "truncation.png").stat().st_size > 1000
