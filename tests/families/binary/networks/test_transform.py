"""The transform design: its operations, its start, its groups of bits, its iterations."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.cells.gru import GRUCell
from rnn_codec.errors import UserError
from rnn_codec.families.binary.codec import RecurrentCodec, to_signal
from rnn_codec.families.binary.complexity import macs_per_pixel
from rnn_codec.families.binary.networks.transform import (
    LinearFreePart,
    ResidualFreePart,
    TransformDecoder,
    TransformEncoder,
    seen,
    stepped,
)
from rnn_codec.families.binary.reconstruction.framework import OneShot
from rnn_codec.families.binary.reconstruction.residual_scaling import ResidualScaling
from rnn_codec.layers.blocks import to_blocks
from tests.conftest import PAIRS, make_codec


def smooth_blocks(count: int = 200) -> Tensor:
    """Blocks of signals whose neighbouring pixels are similar."""
    steps = 0.05 * torch.randn(count, 16, 16, 3, generator=torch.Generator().manual_seed(1))
    return steps.cumsum(1).cumsum(2).flatten(1).clamp(-1, 1)


def started(cell: str, recon: str) -> RecurrentCodec:
    """A codec as it is before the first step of a training."""
    codec = make_codec(cell, recon, network="transform")
    codec.start_from(smooth_blocks())
    if isinstance(codec.reconstruction, ResidualScaling):
        last = codec.reconstruction.gain.convolutions[-1]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    return codec.eval()


def stirred(codec: RecurrentCodec) -> RecurrentCodec:
    """The codec with random changes, so that no layer is zero."""
    with torch.no_grad():
        for parameter in codec.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return codec


def image_of(height: int, width: int) -> Tensor:
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    waves = [128 + 100 * torch.sin(x / (5 + c) + y / (9 - c)) for c in range(3)]
    return torch.stack(waves).to(torch.uint8)[None]


def test_operations() -> None:
    codec = RecurrentCodec(
        TransformEncoder(GRUCell, 128, 16, 4),
        TransformDecoder(GRUCell, 192, 1, 16, 4, 0.0, LinearFreePart),
        OneShot(),
    )
    recurrent = 3 * (128 * (128 + 128) + 192 * (9 * 32 + 192) + 192 * (192 + 192))
    others = 9 * 192 * 128 + 128 + 32 * 128 + 64 * 192
    free, stages = 4 * 9 * 48 * 192, 2 * 32 * 768
    assert macs_per_pixel(codec) == (recurrent + others + free + stages) / 256


def linear_code(codec: RecurrentCodec, signal: Tensor, iterations: int) -> tuple[Tensor, Tensor]:
    """Bits and residual of the stages alone; each group is projected from the current residual."""
    analysis = codec.encoder.analysis.weights.values
    synthesis = codec.decoder.synthesis.weights.values
    amplitudes = codec.decoder.log_amplitude.values.exp()
    # The decoded signal is divided by the gain.
    amplitudes[1:] /= codec.reconstruction.first_gain
    residual = to_blocks(signal, 16).permute(0, 2, 3, 1) - codec.decoder.mean
    bits = []
    for t in range(iterations):
        for group in torch.arange(32).split(32 // codec.encoder.groups):
            coded = torch.where(residual @ analysis[t, group].T < 0, -1.0, 1.0)
            residual = residual - (coded * amplitudes[t, group]) @ synthesis[t][:, group].T
            bits.append(coded > 0)
    code = torch.cat(bits, dim=-1).unflatten(-1, (iterations, 32)).permute(3, 0, 4, 1, 2)
    return code, residual


@pytest.mark.parametrize(("cell", "recon"), PAIRS)
def test_before_training_it_is_the_linear_codec_of_its_stages(cell: str, recon: str) -> None:
    codec, image = started(cell, recon).double(), image_of(64, 96)
    signal = to_signal(image).double()
    with torch.no_grad():
        bits, residual = linear_code(codec, signal, 5)
        *_, last = codec.unroll(signal, 5)
    assert torch.equal(codec.encode(image, 5).bits, bits)
    left = to_blocks(signal - last, 16).permute(0, 2, 3, 1)
    torch.testing.assert_close(left, residual, atol=1e-9, rtol=0)


def test_a_start_from_blocks_codes_them_better_at_every_iteration() -> None:
    codec = started("gru", "one_shot")
    blocks = smooth_blocks().view(-1, 16, 16, 3).permute(0, 3, 1, 2)
    with torch.no_grad():
        errors = [(blocks - x).square().mean().item() for x in codec.unroll(blocks, 16)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 4


@pytest.mark.parametrize(("cell", "recon"), PAIRS)
def test_every_pair_has_gradients_everywhere(cell: str, recon: str) -> None:
    codec = stirred(make_codec(cell, recon, network="transform")).train()
    signal = torch.rand(2, 3, 32, 32) * 2 - 1
    sum((signal - x).abs().mean() for x in codec.unroll(signal, 3)).backward()
    for name, parameter in codec.named_parameters():
        assert parameter.grad is not None, name
        # Iterations that were not run learn nothing.
        assert parameter.grad.abs().max() > 0, name


def test_every_iteration_has_a_stage_of_its_own() -> None:
    codec = make_codec("gru", "one_shot", network="transform")
    signal = torch.rand(1, 3, 32, 32) * 2 - 1
    for x in codec.train().unroll(signal, 3)[2:]:
        x.sum().backward()
    of_iterations = codec.decoder.synthesis.weights.values.grad.abs().amax(dim=(1, 2))
    assert (of_iterations > 0).tolist() == [True] * 3 + [False] * 13


def test_it_has_as_many_iterations_as_stages() -> None:
    codec = RecurrentCodec(
        TransformEncoder(GRUCell, 8, 24, 4),
        TransformDecoder(GRUCell, 8, 1, 24, 4, 0.0, LinearFreePart),
        OneShot(),
    )
    image = image_of(16, 16)
    assert codec.encode(image, 24).bits.shape[0] == 24
    with pytest.raises(UserError, match="1 … 24, not 25"):
        codec.encode(image, 25)
    with pytest.raises(UserError, match=r"network\.iterations must be 1 … 32, not 33"):
        TransformEncoder(GRUCell, 8, 33, 4)


def test_the_encoder_takes_the_decoders_step_sizes_into_account() -> None:
    """Later groups code the residual that remains with step sizes known before the bits."""
    codec = started("gru", "one_shot").double()
    with torch.no_grad():
        codec.decoder.log_steps.bias[:] = 0.5
        signal = to_signal(image_of(32, 32)).double()
        _, state = codec.iterate(signal, codec.initial_state(torch.zeros_like(signal)))
        bits, _ = codec.encode_step(signal, state)
        steps = codec.decoder.next_steps(state.decoder)
        torch.testing.assert_close(steps.sizes, torch.full_like(steps.sizes, 0.5).exp())
        residual = to_blocks(signal - state.reconstruction.signal, 16).permute(0, 2, 3, 1)
        analysis = codec.encoder.analysis.weights.values[1]
        for group in torch.arange(32).split(8):
            coded = torch.where(residual @ analysis[group].T < 0, -1.0, 1.0).double()
            assert torch.equal(coded, bits.permute(0, 2, 3, 1)[..., group])
            added = coded * steps.sizes[0, 0, 0, 0]
            residual = residual - added @ steps.directions[:, group].T


def test_what_is_seen_has_one_magnitude_everywhere() -> None:
    blocks = torch.randn(2, 768, 3, 2) * torch.rand(2, 1, 3, 2)
    normalised, magnitude = seen(blocks)
    assert normalised.shape == (2, 192, 6, 4)
    means = F.avg_pool2d(normalised.abs().mean(dim=1, keepdim=True), 2)
    own = blocks.abs().mean(dim=1, keepdim=True)
    torch.testing.assert_close(means, 0.3 * own / (own + 0.01))
    torch.testing.assert_close(magnitude, 1 + (own + 0.01).log() / 2)


def test_step_sizes_are_bounded() -> None:
    bits, far = torch.ones(1, 32, 1, 1), torch.full((1, 32, 1, 1), 100.0)
    torch.testing.assert_close(stepped(bits, torch.zeros(32), far), (3 * bits).exp())


def test_a_free_part_of_residual_layers_begins_at_zero_and_sees_the_linear_part() -> None:
    free = ResidualFreePart(depth=8, hidden_depth=12, layers=2)
    hidden, linear = torch.randn(1, 8, 4, 6), torch.randn(1, 768, 2, 3, requires_grad=True)
    assert torch.equal(free(hidden, linear), torch.zeros(1, 192, 4, 6))
    nn.init.normal_(free.last.weight)
    (gradient,) = torch.autograd.grad(free(hidden, linear).sum(), linear)
    assert gradient.abs().max() > 0


def test_a_depth_that_leaves_broken_blocks_is_refused() -> None:
    with pytest.raises(UserError, match=r"network\.decoder\.depth=30"):
        TransformDecoder(GRUCell, 30, 1, 16, 4, 0.0, LinearFreePart)
