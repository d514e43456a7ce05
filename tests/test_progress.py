"""The progress of commands: bars on a terminal, lines in a file."""

import io

import pytest
from rich.console import Console

from rnn_codec.progress import progress, progress_bar


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
    seconds: float, total: int | None, written: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    # A generator has no length.
    items = (number for number in range(5)) if total is None else range(total)
    done = []
    for item in progress(items, "work", clock=lambda: now[0]):
        done.append(item)
        now[0] += seconds
    assert done == list(range(total or 5))
    assert capsys.readouterr().err.splitlines() == written


def test_a_bar_says_what_is_done_and_how_much_of_it() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=100)
    with progress_bar(console) as bar:
        assert list(bar.track([1, 2, 3], description="work [/of] brackets")) == [1, 2, 3]
    assert "work [/of] brackets" in file.getvalue()
    assert "3/3" in file.getvalue()
