"""The loss is the cost of files, and training steps depend on the seed and the step alone."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from rnn_codec.families.wavelet.layout import GROUPS, PHASES, SCALES, bands, channels
from rnn_codec.families.wavelet.prior.arithmetic import Rounded, Smooth
from rnn_codec.families.wavelet.prior.code_length import Coefficients, code_lengths
from rnn_codec.families.wavelet.prior.known import known
from rnn_codec.families.wavelet.prior.network import LOGIT_SCALE, Prior
from rnn_codec.families.wavelet.training.coefficients import scaled, transformed
from rnn_codec.families.wavelet.training.prior_module import PriorTraining, weighed
from rnn_codec.training.schedules import Progress, constant
from tests.families.wavelet.training.pictures import crops

CELLS: list[dict[str, Any]] = [
    {"name": "gru"},
    {"name": "lstm", "forget_bias": 1.0},
    {"name": "residual_gru", "hidden_scale": 0.1, "output_scale": 0.1},
    {"name": "associative_lstm", "forget_bias": 1.0, "key_bias": 1.0},
]


def make_module(
    cell: Mapping[str, Any] = CELLS[0], memory: str = "progressive", gained: float = 0.0
) -> PriorTraining:
    torch.manual_seed(0)
    prior = Prior(depth=8, context=8, cell=cell, memory={"name": memory})
    with torch.no_grad():
        # Before training, planes and many predictions are the same.
        for parameter in prior.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return PriorTraining(
        prior=prior,
        optimizer=partial(torch.optim.AdamW, lr=1e-2),
        schedule=partial(constant, warmup_steps=1),
        progress=Progress(100, None),
        seed=0,
        most_bits=2.2,
        gained_crops=gained,
        integers_from=0.8,
    )


def plane_by_plane(
    prior: Prior, coefficients: Coefficients, last: int
) -> dict[tuple[int, int, int], float]:
    """Bits by plane, scale and colour of one picture, coded as the engine does."""
    found: dict[tuple[int, int, int], float] = {}
    for plane in range(int(coefficients.first.max()), last - 1, -1):
        handed: tuple[Tensor, ...] | None = None
        for scale in range(SCALES):
            first = coefficients.first[scale, :, 0].tolist()
            if plane > max(first):
                handed = None
                continue
            magnitudes, signs = coefficients.magnitudes[scale], coefficients.signs[scale]
            net, (height, width) = prior.scale(scale), magnitudes.shape[-2:]
            before, after = magnitudes >> (plane + 1), magnitudes >> plane
            if handed is None:
                handed = (torch.zeros(1, prior.depth, height, width),) * prior.states
            shift = prior.shift(scale)[plane][None]
            view = known(prior.memory.before(before), signs)
            state = net.state(Smooth(), view, shift, handed)
            told = torch.zeros(1, 2, 3 * bands(scale), height, width)
            for group in GROUPS:
                own, (row, column) = channels(scale, group.colour), PHASES[group.phase]
                at = (..., slice(row, None, 2), slice(column, None, 2))
                seen = [told[:, :, channels(scale, colour)].flatten(1, 2) for colour in (0, 1)]
                logits = net.head(
                    Smooth(), group, state[0][at], torch.cat(seen[: group.colour + 1], 1)
                )
                new, refined, sign = (LOGIT_SCALE * logits).chunk(3, 1)
                bit = after[:, own][at] & 1
                is_known, positive = before[:, own][at] > 0, signs[:, own][at] > 0
                of_bit = torch.where(is_known, refined, new).double()
                of_one = torch.sigmoid(of_bit)
                probability = torch.where(bit == 1, of_one, 1 - of_one)
                of_sign = torch.sigmoid(torch.where(positive, sign, -sign).double())
                is_new = (bit == 1) & ~is_known
                probability = probability * torch.where(is_new, of_sign, 1.0)
                if plane <= first[group.colour]:
                    key = (plane, scale, group.colour)
                    found[key] = found.get(key, 0.0) - float(probability.log2().sum())
                of_group = told[:, :, own][at]
                of_group[:, 0] = bit - 0.5
                of_group[:, 1] = is_new * torch.where(positive, 1.0, -1.0)
            view = known(prior.memory.after(after), signs)
            message = net.told(Smooth(), state[0], view)
            handed = (message, *state[1:])
            if scale:
                handed = tuple(x.repeat_interleave(2, 2).repeat_interleave(2, 3) for x in handed)
    return found


@torch.no_grad()
@pytest.mark.parametrize("memory", ["progressive", "single_iteration"])
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell["name"])
def test_all_planes_at_once_cost_what_one_after_another_does(
    cell: Mapping[str, Any], memory: str
) -> None:
    prior = make_module(cell, memory).prior
    coefficients = Coefficients.of(transformed(crops(1, 64))[0])
    lengths = code_lengths(prior, Smooth(), coefficients, 4)
    expected = plane_by_plane(prior, coefficients, 4)
    assert expected
    for index, plane in enumerate(lengths.planes):
        for scale in range(SCALES):
            for colour in range(2):
                bits = expected.get((plane, scale, colour), 0.0)
                found = float(lengths.bits[index, scale, colour, 0])
                assert found == pytest.approx(bits, rel=1e-4, abs=1e-3)


def test_bits_are_weighed_by_the_rate_before_them() -> None:
    bits = torch.tensor([[0.01], [0.5], [0.0], [1.0], [4.0]])
    # Rates in the middle of each part: 0.005 counts as 0.02; beyond 3/e^0.15 all weights are equal.
    middles = [0.02, 0.26, 0.51, 1.01, 3.51]
    weights = [max(math.log(3 / middle), 0.15) for middle in middles]
    expected = sum(float(b) * w for b, w in zip(bits, weights, strict=True))
    assert float(weighed(bits)) == pytest.approx(expected)


def test_the_loss_is_of_the_planes_that_a_crop_is_coded_to() -> None:
    module = make_module()
    images = crops(1, 64)
    scaling, _ = module.draw(1)
    coefficients = Coefficients.of(scaled(transformed(images)[0], images, scaling))
    bits = module.bits_of(images, scaling, Smooth())
    counts = [sum(int((m >> p > 0).sum()) for m in coefficients.magnitudes) for p in range(8)]
    last = max((p for p in range(1, 8) if counts[p] * 5.5 >= 2.2 * 64 * 64), default=0)
    with torch.no_grad():
        expected = plane_by_plane(module.prior, coefficients, last)
    assert float(bits.detach().sum()) * 64 * 64 == pytest.approx(sum(expected.values()), rel=1e-4)


def test_nothing_to_code_is_no_loss_but_a_step() -> None:
    module = make_module()
    module.log = lambda *_, **__: None  # type: ignore[method-assign]
    loss = module.training_step(torch.full((1, 3, 32, 32), 128, dtype=torch.uint8), 0)
    assert float(loss.detach()) == 0
    loss.backward()
    assert all(not p.grad.any() for p in module.parameters() if p.grad is not None)
    assert all(p.grad is not None for p in module.parameters())


def test_the_end_of_a_training_computes_in_integers() -> None:
    module = make_module()
    assert type(module.arithmetic()) is Smooth
    module.progress.spend(0.79, next_step=1)
    assert type(module.arithmetic()) is Smooth
    module.progress.spend(0.8, next_step=1)
    assert type(module.arithmetic()) is Rounded


@torch.no_grad()
def test_integers_are_the_same_in_a_training_in_bfloat16() -> None:
    module = make_module()
    images, (scaling, _) = crops(1, 64), module.draw(1)
    for arithmetic, is_exact in ((Smooth(), False), (Rounded(), True)):
        bits = module.bits_of(images, scaling, arithmetic)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = module.bits_of(images, scaling, arithmetic)
        assert float(mixed.sum()) == pytest.approx(float(bits.sum()), rel=1e-3)
        assert torch.equal(mixed, bits) == is_exact


def test_gradients_pass_through_rounding() -> None:
    module = make_module()
    images, (scaling, _) = crops(1, 64), module.draw(1)
    gradients = []
    for arithmetic in (Smooth(), Rounded()):
        loss = weighed(module.bits_of(images, scaling, arithmetic)).mean()
        parameters = list(module.parameters())
        found = torch.autograd.grad(loss, parameters, allow_unused=True)
        gradients.append(torch.cat([g.flatten() for g in found if g is not None]))
    smooth, rounded = gradients
    assert torch.cosine_similarity(smooth, rounded, 0) > 0.9
    assert not torch.equal(smooth, rounded)


def test_draws_follow_seed_and_place_in_the_batch() -> None:
    module = make_module(gained=0.5)
    (first, turned), (again, turned_again) = module.draw(6), module.draw(6)
    assert torch.equal(first.factor, again.factor)
    assert torch.equal(turned, turned_again)
    module.seed = 1
    assert not torch.equal(first.factor, module.draw(6)[0].factor)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell["name"])
def test_every_cell_overfits_one_crop(cell: Mapping[str, Any]) -> None:
    module = make_module(cell)
    optimizer = module.configure_optimizers()["optimizer"]
    images = crops(1, 64)
    scaling, _ = module.draw(1)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = weighed(module.bits_of(images, scaling, Smooth())).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if losses[-1] < 0.94 * losses[0]:
            return
    pytest.fail(f"the loss went from {losses[0]:.3f} to {losses[-1]:.3f} only")
