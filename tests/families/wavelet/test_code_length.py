"""Training counts the bits that files take: ideal code lengths against real streams."""

import numpy as np
import pytest
import torch

from rnn_codec.families.wavelet.format import stream_of
from rnn_codec.families.wavelet.prior.arithmetic import Rounded
from rnn_codec.families.wavelet.prior.code_length import Coefficients, code_lengths
from rnn_codec.families.wavelet.training.coefficients import transformed
from tests.families.wavelet.priors import CELLS, prior, tiny_model
from tests.families.wavelet.test_model import photograph


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("memory", ["progressive", "single_iteration"])
@torch.no_grad()
def test_streams_are_as_long_as_their_information(cell: str, memory: str) -> None:
    pixels = photograph(96, 64)
    model, trained = tiny_model(cell, memory), prior(cell, memory)
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    coefficients = Coefficients.of(transformed(images)[0])
    for levels in (8, 11):
        last = max(int(coefficients.first.max()) + 1 - levels, 0)
        ideal = float(code_lengths(trained, Rounded(), coefficients, last).bits.sum())
        body, stream = stream_of(model.session(pixels, "psnr").first(levels).contents.file)
        assert body.end is not None
        assert body.end.plane == last
        # The tolerance covers check values and the overhead of the range coder.
        assert 8 * len(stream) == pytest.approx(ideal, rel=0.005, abs=100)


@torch.no_grad()
def test_pictures_of_a_batch_do_not_depend_on_each_other() -> None:
    flat = np.full((64, 64, 3), 90, np.uint8)
    flat[20:22, 30:33] = 250
    images = torch.from_numpy(np.stack([photograph(64, 64), flat])).permute(0, 3, 1, 2)
    trained, together = prior(), Coefficients.of(transformed(images)[0])
    both = code_lengths(trained, Rounded(), together, 2).bits.sum((0, 1, 2))
    for index, alone in enumerate(both):
        of_one = Coefficients.of(transformed(images[index : index + 1])[0])
        assert torch.isclose(code_lengths(trained, Rounded(), of_one, 2).bits.sum(), alone)
