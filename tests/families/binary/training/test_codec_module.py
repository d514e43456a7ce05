"""The LightningModule: it learns, and its steps depend on the seed and the step alone."""

from functools import partial

import pytest
import torch

from rnn_codec.errors import UserError
from rnn_codec.families.binary.codec import to_signal
from rnn_codec.families.binary.training.codec_module import CodecTraining, Phase
from rnn_codec.families.binary.training.losses import residual_loss
from rnn_codec.training.options import Execution
from rnn_codec.training.schedules import Progress, constant
from tests.conftest import PAIRS, make_codec

PLAIN = Execution(
    channels_last=False, compile=False, compile_gates=False, deferred_weight_gradients=False
)
FAST = Execution(
    channels_last=True, compile=False, compile_gates=False, deferred_weight_gradients=True
)


def make_module(
    cell: str,
    recon: str,
    execution: Execution,
    iterations: tuple[int, int],
    network: str = "paper",
    stopped_crops: float = 0.0,
) -> CodecTraining:
    return CodecTraining(
        codec=make_codec(cell, recon, network=network),
        optimizer=partial(torch.optim.Adam, lr=3e-3),
        schedule=partial(constant, warmup_steps=1),
        progress=Progress(100, None),
        phases=[Phase(*iterations, residual_loss)],
        seed=0,
        execution=execution,
        stopped_crops=stopped_crops,
    )


def gradient_step(module: CodecTraining, signal: torch.Tensor, iterations: int) -> torch.Tensor:
    with module.execution.unrolling(module.codec):
        reconstructions = module.codec.unroll(signal, iterations)
    loss = residual_loss(signal, reconstructions)
    loss.backward()
    return loss.detach()


@pytest.mark.parametrize(
    ("cell", "recon", "network"),
    # Cells and frameworks are the same modules in both designs, so a few pairs suffice.
    [(*pair, "transform") for pair in PAIRS] + [(*pair, "paper") for pair in PAIRS[::4]],
)
def test_every_pair_overfits_one_batch(cell: str, recon: str, network: str) -> None:
    module = make_module(cell, recon, FAST, (3, 3), network)
    optimizer = module.configure_optimizers()["optimizer"]
    y, x = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    patches = torch.stack([8 * x, 8 * y, 255 - 4 * (x + y)]).to(torch.uint8)
    signal = to_signal(torch.stack([patches, patches.flip(0)]))
    losses = []
    while len(losses) < 200:
        optimizer.zero_grad()
        losses.append(gradient_step(module, signal, 3).item())
        optimizer.step()
        if sum(losses[-5:]) / 5 < losses[0] / 2 and len(losses) > 5:
            return
    pytest.fail(f"the loss went from {losses[0]:.3f} to {losses[-1]:.3f} only")


def test_execution_does_not_change_the_gradients() -> None:
    signal = to_signal(torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)).double()
    gradients = []
    for execution in (PLAIN, FAST):
        module = make_module("gru", "additive", execution, (2, 2)).double()
        # Random bits follow the layout in memory; without them the encoder gets no gradient.
        module.codec.eval()
        gradient_step(module, execution.lay_out(signal), 2)
        gradients.append([p.grad for p in module.codec.decoder.parameters()])
    for plain, fast in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-8, atol=1e-12)


def test_an_iteration_can_be_captured_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    # The compiler's own back end takes minutes; what can go wrong here is the capture.
    capture = partial(torch.compile, backend="eager", fullgraph=True)
    monkeypatch.setattr(torch, "compile", capture)
    compiled = Execution(
        channels_last=True, compile=True, compile_gates=False, deferred_weight_gradients=False
    )
    for cell, recon in (("associative_lstm", "one_shot"), ("residual_gru", "residual_scaling")):
        codec = make_module(cell, recon, compiled, (2, 2)).codec.eval()
        signal = compiled.lay_out(torch.rand(2, 3, 32, 32))
        with torch.no_grad():
            plain = codec.unroll(signal, 3)
            captured = codec.unroll(signal, 3, compiled.compiled(codec.iterate))
        torch.testing.assert_close(captured, plain, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("cell", ["associative_lstm", "residual_gru"])
def test_compiled_gates_train_as_plain_ones_with_deferred_gradients(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A function that cannot be captured whole, or for too many shapes, is an error here.
    capture = partial(torch.compile, backend="aot_eager", fullgraph=True)
    monkeypatch.setattr(torch, "compile", capture)
    torch._dynamo.reset()
    fused = Execution(True, compile=False, compile_gates=True, deferred_weight_gradients=True)
    signal = fused.lay_out(torch.rand(2, 3, 32, 32) * 2 - 1)
    gradients = []
    for execution in (FAST, fused):
        module = make_module(cell, "one_shot", execution, (3, 3))
        module.codec.eval()
        execution.fuse_gates(module.codec)
        gradient_step(module, signal, 3)
        gradients.append([p.grad for p in module.codec.decoder.parameters()])
    for plain, compiled in zip(*gradients, strict=True):
        torch.testing.assert_close(compiled, plain, rtol=1e-4, atol=1e-6)


def test_bfloat16_autocast_trains() -> None:
    module = make_module("lstm", "residual_scaling", FAST, (2, 2))
    with torch.autocast("cpu", torch.bfloat16):
        loss = gradient_step(module, to_signal(torch.zeros(1, 3, 32, 32, dtype=torch.uint8)), 2)
    assert torch.isfinite(loss)
    assert all(p.grad.dtype == torch.float32 for p in module.codec.encoder.parameters())


@pytest.mark.parametrize(("compile_gates", "deferred"), [(False, True), (True, False)])
def test_what_excludes_each_other(compile_gates: bool, deferred: bool) -> None:
    with pytest.raises(UserError, match=r"trainer\.compile excludes"):
        Execution(True, True, compile_gates, deferred)


def test_the_number_of_iterations_follows_the_step() -> None:
    module = make_module("gru", "one_shot", PLAIN, (1, 16))
    drawn = [module.iterations_of(step) for step in range(400)]
    assert drawn == [module.iterations_of(step) for step in range(400)]
    assert set(drawn) == set(range(1, 17))
    assert make_module("gru", "one_shot", PLAIN, (5, 5)).iterations_of(3) == 5


def test_phases_follow_one_another() -> None:
    module = CodecTraining(
        codec=make_codec("gru", "one_shot"),
        optimizer=partial(torch.optim.Adam, lr=3e-3),
        schedule=partial(constant, warmup_steps=1),
        progress=Progress(6, late_begins=0.5),
        phases=[
            Phase(2, 2, lambda *_: torch.tensor(1.0)),
            Phase(5, 5, lambda *_: torch.tensor(2.0)),
        ],
        seed=0,
        execution=PLAIN,
        stopped_crops=0.0,
    )
    assert [module.iterations_of(step) for step in range(5)] == [2, 2, 2, 5, 5]
    signal = torch.zeros(1, 3, 32, 32)
    losses = [module.phase_of(step).loss(signal, [signal]).item() for step in (2, 3)]
    assert losses == [1, 2]


def test_more_iterations_than_the_codec_has_are_refused() -> None:
    with pytest.raises(UserError, match=r"iterations must be 1 … 16, not 17"):
        make_module("gru", "one_shot", PLAIN, (1, 17))


# -- stops -------------------------------------------------------------------------------------


def test_stops_are_drawn_in_a_share_of_the_crops() -> None:
    module = make_module("gru", "one_shot", PLAIN, (4, 4), stopped_crops=0.3)
    torch.manual_seed(0)
    stops = module.draw_stops(torch.zeros(1000, 3, 48, 32), 4)
    assert stops is not None
    assert stops.shape == (1000, 3, 2)
    assert (stops.min(), stops.max()) == (1, 4)
    whole = (stops == 4).flatten(1).all(dim=1)
    assert 0.65 < whole.float().mean() < 0.75
    # In the others all numbers are equally likely.
    counts = stops[~whole].flatten().bincount(minlength=5)[1:]
    assert (counts / counts.sum() - 0.25).abs().max() < 0.05
    assert make_module("gru", "one_shot", PLAIN, (4, 4)).draw_stops(torch.zeros(1), 4) is None


def test_a_step_with_stops_is_the_loss_of_symbols_that_end() -> None:
    module = make_module("gru", "one_shot", PLAIN, (3, 3), "transform", stopped_crops=1.0)
    images = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    torch.manual_seed(5)
    loss = module.loss_of(images, 3, residual_loss)
    torch.manual_seed(5)
    stops = module.draw_stops(images, 3)
    codec, signal = module.codec, to_signal(images)
    state, shown = codec.initial_state(torch.zeros_like(signal)), []
    for iteration in range(3):
        bits, state = codec.encode_step(signal, state)
        state = codec.decode_step(bits * (stops > iteration)[:, None], state)
        shown.append(state.reconstruction.signal)
    assert torch.equal(loss, residual_loss(signal, shown))
    loss.backward()
    assert not torch.equal(loss, module.loss_of(images, 3, residual_loss))
