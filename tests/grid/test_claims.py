"""Claims: one worker has a run, a dead one loses it."""

import json
import multiprocessing
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from rnn_codec.errors import InvalidOptionError
from rnn_codec.grid import claims as module
from rnn_codec.grid.claims import ClaimContent, Claims, place, process_exists, read_claim

REAL_CLOCK = time.monotonic
ELSEWHERE = ClaimContent(worker="other", place="another machine", process=1, beats=7)


def make(folder: Path, every: float = 60.0, dead_after: float = 1000.0) -> Claims:
    return Claims(folder, every, dead_after)


def leave(folder: Path, content: dict) -> None:
    """The claim of some other worker."""
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(json.dumps(asdict(content)))


def wait_for(condition: Callable[[], bool]) -> None:
    # The real clock: tests set that of the claims.
    end = REAL_CLOCK() + 60
    while not condition():
        assert REAL_CLOCK() < end, "it does not happen"
        time.sleep(0.005)


def test_a_run_has_one_worker_and_is_given_back(tmp_path: Path) -> None:
    first, second = make(tmp_path), make(tmp_path)
    with first.taken("run") as claim:
        assert claim is not None
        with second.taken("run") as other, second.taken("another run") as free:
            assert other is None
            assert free is not None
    with second.taken("run") as claim:
        assert claim is not None
    assert list(tmp_path.glob("*.json")) == []


def test_a_worker_that_raises_gives_back(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), make(tmp_path).taken("run"):
        raise KeyboardInterrupt
    assert read_claim(tmp_path / "run.json") is None


def test_a_dead_worker_of_this_machine_is_known_at_once(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=time.time)
    process.start()
    process.join()
    assert process.pid is not None
    assert not process_exists(process.pid)
    leave(tmp_path, replace(ELSEWHERE, place=place(), process=process.pid))
    with make(tmp_path).taken("run") as claim:
        assert claim is not None


def test_a_worker_elsewhere_is_dead_when_its_count_stands_still(tmp_path, monkeypatch) -> None:
    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    leave(tmp_path, ELSEWHERE)
    claims = make(tmp_path, every=30.0, dead_after=100.0)

    def can_take() -> bool:
        with claims.taken("run") as claim:
            return claim is not None

    assert not can_take()
    now = 99.0
    assert not can_take()
    # It lives: the time starts again.
    leave(tmp_path, replace(ELSEWHERE, beats=8))
    now = 150.0
    assert not can_take()
    now = 249.0
    assert not can_take()
    now = 250.0
    assert can_take()


def test_a_count_goes_up_while_a_worker_lives(tmp_path: Path) -> None:
    def beats() -> int:
        content = read_claim(tmp_path / "run.json")
        assert content is not None
        return content.beats

    with make(tmp_path, every=0.01).taken("run"):
        wait_for(lambda: beats() >= 3)


def test_whoever_was_taken_for_dead_learns_it_and_leaves_the_new_claim(tmp_path: Path) -> None:
    with make(tmp_path, every=0.01).taken("run") as claim:
        assert claim is not None
        assert not claim.lost.is_set()
        leave(tmp_path, ELSEWHERE)
        assert claim.lost.wait(30)
    assert read_claim(tmp_path / "run.json") == ELSEWHERE


def test_a_disk_that_is_away_for_a_while_loses_nothing(tmp_path, monkeypatch) -> None:
    write, failed = module.write_json, 0

    def fail_three_times(path: Path, content: dict) -> None:
        nonlocal failed
        if content["beats"] and failed < 3:
            failed += 1
            raise OSError("away")
        write(path, content)

    monkeypatch.setattr(module, "write_json", fail_three_times)
    with make(tmp_path, every=0.01).taken("run") as claim:
        assert claim is not None
        wait_for(lambda: (now := read_claim(tmp_path / "run.json")) is not None and now.beats >= 5)
        assert failed == 3
        assert not claim.lost.is_set()


def test_who_cannot_give_signs_of_life_gives_up_before_others_take_over(
    tmp_path, monkeypatch
) -> None:
    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    tried = threading.Semaphore(0)

    def fail(path: Path) -> None:
        tried.release()
        raise OSError("away")

    with make(tmp_path, every=0.01, dead_after=100.0).taken("run") as claim:
        assert claim is not None
        monkeypatch.setattr(module, "_lock", fail)
        # A sign of life that was under way may still succeed; none does after a try has failed.
        assert tried.acquire(timeout=30)
        now = 49.0
        # The second try comes after the first was judged.
        assert all(tried.acquire(timeout=30) for _ in range(2))
        assert not claim.lost.is_set()
        now = 50.0
        assert claim.lost.wait(30)
    # It could not be removed either: nothing was raised, and others will find it stale.
    assert read_claim(tmp_path / "run.json") is not None


def test_times_that_would_take_the_living_for_dead_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match="three times"):
        make(tmp_path, every=10.0, dead_after=20.0)


def race(folder: str, won: "multiprocessing.Queue[int]", number: int) -> None:
    claims = make(Path(folder))
    with claims.taken("run") as claim:
        won.put(number if claim is not None else -1)
        # Hold it until every other has tried.
        while won.qsize() < 4:
            time.sleep(0.005)


@pytest.mark.parametrize("left_behind", [False, True])
def test_of_many_that_try_at_once_one_wins(left_behind: bool, tmp_path: Path) -> None:
    if left_behind:
        leave(tmp_path, replace(ELSEWHERE, place=place(), process=2**22 + 1))
    context = multiprocessing.get_context("spawn")
    won: multiprocessing.Queue[int] = context.Queue()
    workers = [context.Process(target=race, args=(str(tmp_path), won, n)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(won.get() >= 0 for _ in workers) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"worker": 1}'])
def test_a_damaged_claim_is_free(content: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)
    with make(tmp_path).taken("run") as claim:
        assert claim is not None
