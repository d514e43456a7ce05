"""How far a command is, where nobody sees a bar."""

import io
from collections.abc import Callable

import pytest

from rnn_codec.progress import lines_of_progress, progress


def clock_of(now: list[float]) -> Callable[[], float]:
    return lambda: now[0]


@pytest.mark.parametrize(
    ("seconds", "total", "written"),
    [
        (1.0, 100, ["work: 30 of 100", "work: 60 of 100", "work: 90 of 100"]),
        (45.0, 3, ["work: 1 of 3", "work: 2 of 3", "work: 3 of 3"]),
        (20.0, None, ["work: 2", "work: 4"]),
        (0.1, 100, []),
    ],
)
def test_a_file_gets_a_line_now_and_then(
    seconds: float, total: int | None, written: list[str]
) -> None:
    now, file = [100.0], io.StringIO()
    done = []
    for item in lines_of_progress(range(total or 5), "work", total, file, clock_of(now)):
        done.append(item)
        now[0] += seconds
    assert done == list(range(total or 5))
    assert file.getvalue().splitlines() == written


def test_what_is_quickly_done_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress([1, 2, 3], "work [/of] brackets")) == [1, 2, 3]
    assert capsys.readouterr().err == ""
