"""The training of restoration networks: steps depend on the seed and the step alone; it learns."""

from functools import partial

import pytest
import torch

from rnn_codec.families.wavelet.restoration.network import Restoration
from rnn_codec.families.wavelet.training.coefficients import Scaling
from rnn_codec.families.wavelet.training.restoration_module import RestorationTraining
from rnn_codec.training.schedules import Progress, constant
from tests.families.wavelet.training.pictures import crops


def make_module(seed: int = 0, gained: float = 0.6) -> RestorationTraining:
    torch.manual_seed(0)
    return RestorationTraining(
        restoration=Restoration(16, 16, 1),
        optimizer=partial(torch.optim.AdamW, lr=2e-3),
        schedule=partial(constant, warmup_steps=1),
        progress=Progress(100, None),
        seed=seed,
        gained_crops=gained,
    )


def test_the_same_is_drawn_for_one_process_and_for_two(monkeypatch: pytest.MonkeyPatch) -> None:
    module = make_module()
    scaling = module.draw(8)[0]
    planes, strength = module.draw_ends(scaling)
    for rank in (0, 1):
        monkeypatch.setattr(module, "place", lambda b, r=rank: (2 * b, slice(r * b, (r + 1) * b)))
        part, _ = module.draw(4)
        own = slice(4 * rank, 4 * rank + 4)
        assert torch.equal(part.factor, scaling.factor[own])
        found = module.draw_ends(part)
        assert torch.equal(found[0], planes[own])
        assert torch.equal(found[1], strength[own])


def test_strength_goes_with_gains() -> None:
    module = make_module()
    plain = module.draw_ends(Scaling.plain(1000))[1]
    assert (plain == 0).float().mean() > 0.8
    assert set(plain.tolist()) == {0.0, 0.5, 1.0}
    drawn = module.draw(1000)[0]
    gained = (drawn.power != 0) | (drawn.scales != 1).any(1)
    assert module.draw_ends(drawn)[1][gained].mean() > 0.6


def test_it_learns_to_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    module = make_module()
    batch, losses = crops(4, 128), []
    optimizer = module.build_optimizer(module.parameters())
    monkeypatch.setattr(module, "log", lambda *_, **__: None)
    for _ in range(40):
        optimizer.zero_grad()
        losses.append(module.training_step(batch, 0))
        losses[-1].backward()
        optimizer.step()
    # Losses are logarithms: the difference is three per cent.
    assert float(losses[-1].detach()) < float(losses[0].detach()) - 0.03


def test_validation_is_what_pictures_gain() -> None:
    """An untrained network improves nothing."""
    module = make_module()
    with torch.no_grad():
        module.validation_step(crops(1, 177), 0)
    for mean in module.gains.values():
        assert float(mean.compute()) == 0
