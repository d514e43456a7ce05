"""What the benchmark compares with is the model itself."""

import torch

from rnn_codec.benchmark.entropy import EntropyWorkload, benchmark_entropy, decode_by_windows
from rnn_codec.entropy.binary_rnn import BinaryRNN


def test_the_loop_with_windows_finds_the_models_logits() -> None:
    model = BinaryRNN()
    bits = torch.randint(0, 2, (1, 32, 5, 6)).float() * 2 - 1
    context = torch.randn(1, 256, 5, 6)
    with torch.inference_mode():
        found = decode_by_windows(model, bits, context)
        assert torch.allclose(found, model(bits, context), atol=1e-5)


def test_every_method_is_timed() -> None:
    work = EntropyWorkload(2, 3, iterations=2, window_rows=2, grid_positions=1, repetitions=1)
    timings = benchmark_entropy(work, seed=0)
    assert len({timing.method for timing in timings}) == 4
    assert all(timing.image_seconds > 0 for timing in timings)
