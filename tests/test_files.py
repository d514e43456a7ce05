"""Files that are either whole or absent."""

from pathlib import Path

import pytest

from rnn_codec.files import atomic_path


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_the_name_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "image.png") as partial:
        partial.write_text("new")
        assert partial.parent == tmp_path
        assert partial.suffix == ".png"
        assert names(tmp_path) == [partial.name]
    assert names(tmp_path) == ["image.png"]
    assert (tmp_path / "image.png").read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")
    with pytest.raises(error), atomic_path(target) as partial:  # noqa: PT012
        partial.write_text("half")
        raise error
    assert names(tmp_path) == ["a.json"]
    assert target.read_text() == "old"


def test_success_replaces_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")
    with atomic_path(str(target)) as partial:
        partial.write_text("new")
    assert target.read_text() == "new"


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.json"):
        pass


def test_two_writers_do_not_share_a_temporary_file(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a") as one, atomic_path(tmp_path / "a") as two:
        assert one != two
        one.write_text("1")
        two.write_text("2")
    assert (tmp_path / "a").read_text() == "1"
