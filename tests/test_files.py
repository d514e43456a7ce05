"""Files that are either complete or absent."""

import csv
import json
import os
import stat
from pathlib import Path

import pytest

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path, printable, sync_all, write_csv, write_json


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


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.json"):
        pass


def test_two_writers_do_not_share_a_temporary_file(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a") as one, atomic_path(tmp_path / "a") as two:
        assert one != two
        one.write_text("1")
        two.write_text("2")
    assert (tmp_path / "a").read_text() == "1"


@pytest.mark.parametrize(
    "name",
    [
        *("a" * length + ".json" for length in range(220, 251)),
        "é" * 125 + ".json",
        "a." + "j" * 253,
        "a" * 255,
    ],
)
def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path, name: str) -> None:
    for content in ("first", "second"):
        with atomic_path(tmp_path / name) as partial:
            partial.write_text(content)
    assert (tmp_path / name).read_text() == "second"
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("before", [None, "old"])
def test_a_link_is_followed(tmp_path: Path, before: str | None) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "a.json"
    if before is not None:
        target.write_text(before)
    (tmp_path / "link.json").symlink_to("there/a.json")
    (tmp_path / "b.json").symlink_to("link.json")
    with atomic_path(tmp_path / "b.json") as partial:
        partial.write_text("new")
        assert partial.suffix == ".json"
    assert (tmp_path / "b.json").is_symlink()
    assert (tmp_path / "link.json").is_symlink()
    assert target.read_text() == "new"
    assert names(tmp_path / "there") == ["a.json"]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("own", [0o600, 0o640, 0o444, 0o755])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, own: int) -> None:
    target = tmp_path / "a"
    target.write_text("old")
    target.chmod(own)
    with atomic_path(target) as partial:
        partial.write_text("new")
        assert mode(partial) & ~own & 0o077 == 0
    assert (mode(target), target.read_text()) == (own, "new")


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_file_has_the_mode_of_all_new_files(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with atomic_path(tmp_path / "a") as partial:
            partial.write_text("new")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == 0o666 & ~mask


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations on the disk, in order: syncs, with names, and renamings."""
    found: list[str] = []
    sync, replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name
        found.append(f"sync {'partial' if 'partial' in name else name}")
        sync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        found.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", renamed)
    return found


@pytest.mark.parametrize("before", [None, "old"])
def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, calls: list[str], before: str | None
) -> None:
    if before is not None:
        (tmp_path / "a").write_text(before)
    with atomic_path(tmp_path / "a") as partial:
        partial.write_text("new")
    assert calls == ["sync partial", "rename", f"sync {tmp_path.name}"]


def test_a_folder_is_on_the_disk_with_all_that_is_in_it(tmp_path: Path, calls: list[str]) -> None:
    (tmp_path / "b").mkdir()
    for name in ("a", "b/c"):
        (tmp_path / name).write_text(name)
    sync_all(tmp_path)
    assert sorted(calls[:-1]) == ["sync a", "sync b", "sync c"]
    assert calls[-1] == f"sync {tmp_path.name}"


@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, linked: bool) -> None:
    pipe, given = tmp_path / "pipe", tmp_path / "a"
    os.mkfifo(pipe)
    if linked:
        given.symlink_to(pipe)
    else:
        pipe.rename(given)
    with pytest.raises(UserError, match="a is not a file but a pipe"), atomic_path(given):
        pytest.fail("nothing is to be written")
    assert stat.S_ISFIFO(given.stat().st_mode)
    assert names(tmp_path) == (["a", "pipe"] if linked else ["a"])
    with pytest.raises(UserError, match="is not a file but a device"), atomic_path("/dev/null"):
        pytest.fail("nothing is to be written")


STRANGE = os.fsdecode(b"caf\xe9 \xff.png")


def test_names_that_are_not_utf_8_are_written_as_text(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"command": STRANGE, "é": 1})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"command": STRANGE, "é": 1}
    assert "é" in text
    write_csv(tmp_path / "a.csv", ["name"], [[printable(STRANGE)]])
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["name"], [r"caf\xe9 \xff.png"]]
