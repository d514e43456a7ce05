"""What the benchmark compares with is the model itself."""

import torch

from rnn_codec.families.binary.entropy.progressive import Progressive
from rnn_codec_lab.benchmark.entropy import EntropyWorkload, benchmark_entropy, decode_by_windows


def test_the_loop_with_windows_finds_the_models_logits() -> None:
    model = Progressive(3)
    symbols = torch.randint(-1, 2, (3, 1, 32, 3, 4)).float()
    with torch.inference_mode():
        assert torch.allclose(decode_by_windows(model, symbols), model(symbols), atol=1e-5)


def test_every_method_is_timed() -> None:
    work = EntropyWorkload(2, 3, iterations=2, window_rows=2, grid_bits=1, repetitions=1)
    timings = benchmark_entropy(work, seed=0)
    assert len({timing.method for timing in timings}) == 4
    assert all(timing.image_seconds > 0 for timing in timings)
