"""The measurement of speed."""

import pytest
import torch

from rnn_codec_lab.benchmark import networks
from rnn_codec_lab.benchmark.networks import matrix_product_rate, median_seconds

CPU = torch.device("cpu")


def test_a_median_does_not_count_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0, 100.0, 200.0, 203.0, 300.0, 301.0, 400.0, 402.0])
    monkeypatch.setattr(networks.time, "perf_counter", lambda: next(moments))
    calls = []
    assert median_seconds(lambda: calls.append(1), 3, CPU) == 2.0
    assert len(calls) == 4


def test_a_rate_is_operations_over_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "median_seconds", lambda run, *_: run() is None or 0.5)
    assert matrix_product_rate(CPU, size=100) == 100**3 / 0.5 / 1e9
