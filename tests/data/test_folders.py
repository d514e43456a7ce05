"""The pictures found in a folder: subfolders, links, and files that programs leave behind."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rnn_codec.data.folders import find_images
from rnn_codec.errors import UserError


def test_it_is_recursive_sorted_and_blind_to_case(tmp_path: Path) -> None:
    names = ["b.PNG", "a/z.jpeg", "a/y.JPG", "c.tiff", "c.tif", "d.webp"]
    for name in [*names, "notes.txt", ".hidden.png"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    assert found(tmp_path) == sorted(names)


def made(root: Path, *names: str) -> Path:
    """A folder with empty files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def found(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in find_images(root)]


def test_linked_folders_are_followed(tmp_path: Path) -> None:
    elsewhere = made(tmp_path / "elsewhere", "x.png", "deep/y.png", "deep/.z/z.png")
    root = made(tmp_path / "root", "a.png", "sub/b.png")
    (root / "linked").symlink_to(elsewhere)
    (root / "sub" / "one.png").symlink_to(elsewhere / "x.png")
    (root / "gone").symlink_to(tmp_path / "nowhere")
    expected = ["a.png", "linked/deep/y.png", "linked/x.png", "sub/b.png", "sub/one.png"]
    assert found(root) == expected
    (tmp_path / "root of a link").symlink_to(root)
    assert found(tmp_path / "root of a link") == expected


def test_a_folder_is_read_once_and_under_its_own_name(tmp_path: Path) -> None:
    root = made(tmp_path, "a/1.png", "b/2.png", "b/c/3.png")
    for link, target in {"a/up": "..", "b/c/a": "../../a", "0": "b/c", "z": "z"}.items():
        (root / link).symlink_to(target)
    # Each folder links to all others: there are too many paths to follow them all.
    for number in range(12):
        made(root, f"many/{number}/p.png")
        for other in range(12):
            (root / f"many/{number}/{other}").symlink_to(f"../{other}")
    many = sorted(f"many/{number}/p.png" for number in range(12))
    assert found(root) == ["a/1.png", "b/2.png", "b/c/3.png", *many]


def test_what_programs_leave_behind_is_left_out(tmp_path: Path) -> None:
    hidden = [".ipynb_checkpoints/p-checkpoint.png", ".thumbnails/large/p.png", "sub/.git/p.png"]
    root = made(tmp_path / ".data", "p.png", "sub/q.png", *hidden, "__MACOSX/p.png", "._p.png")
    assert found(root) == ["p.png", "sub/q.png"]


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = made(tmp_path, "a.png", "locked/b.png")
    scandir = os.scandir

    def refuse(path: str | Path) -> Iterator[os.DirEntry]:
        if Path(path).name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    # Not with file permissions, which root ignores.
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.warns(UserWarning, match=r"left out: the folder .*locked cannot be read: Perm"):
        assert found(root) == ["a.png"]


def test_missing_and_empty_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no folder .*nowhere"):
        find_images(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"no picture \(.jpg.*in the folder"):
        find_images(tmp_path)
