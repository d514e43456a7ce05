"""The clock of the benchmarks."""

from rnn_codec.benchmark.timing import fastest


def test_the_fastest_of_all_runs_counts() -> None:
    runs: list[int] = []
    assert 0 <= fastest(lambda: runs.append(0), 3) < 1
    assert len(runs) == 3
