"""Compiled functions: cached on disk where possible, and working without a cache."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numba
import pytest

from rnn_codec.coding import compiled as module
from rnn_codec.errors import UserError
from rnn_codec.families.binary.entropy import kernels as kernels_of_coders
from tests.conftest import ROOT

SOURCE = """
from rnn_codec.coding.compiled import compiled

@compiled
def twice(number):
    return 2 * number
"""


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module with a compiled function; numba may cache it next to the module or at home."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    path = tmp_path / "package" / "kernels.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("kernels", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def occupy(path: Path) -> None:
    """Put a file where a folder would be made, so that nobody can make it, not even root."""
    path.unlink(missing_ok=True)
    path.write_bytes(b"")


def test_what_was_compiled_is_kept(kernels: Path) -> None:
    assert load(kernels).twice(4) == 8
    assert list(kernels.parent.rglob("*.nbc"))
    again = load(kernels)
    assert again.twice(4) == 8
    assert sum(again.twice.stats.cache_hits.values()) == 1


def test_beside_a_package_that_may_not_be_written_to_home_is_the_place(
    kernels: Path, tmp_path: Path
) -> None:
    occupy(kernels.parent / "__pycache__")
    assert load(kernels).twice(4) == 8
    assert list((tmp_path / "home").rglob("*.nbc"))


def test_without_any_place_functions_work_all_the_same(kernels: Path, tmp_path: Path) -> None:
    occupy(kernels.parent / "__pycache__")
    occupy(tmp_path / "home")
    assert load(kernels).twice(4) == 8


def test_a_place_of_the_users_that_cannot_be_used(
    kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    occupy(tmp_path / "file")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert load(kernels).twice(4) == 8


@pytest.mark.parametrize("method", ["load", "save"])
def test_a_place_that_fails_later(
    method: str, kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is full, or the file another user's")

    kernel = load(kernels).twice
    monkeypatch.setattr(kernel._cache._cache_file, method, fail)
    assert kernel(4) == 8


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("content", [lambda data: b"", lambda data: data[: len(data) // 2]])
def test_a_damaged_place_is_written_anew(
    suffix: str, content: Callable[[bytes], bytes], kernels: Path
) -> None:
    load(kernels).twice(4)
    (damaged,) = kernels.parent.rglob(f"*{suffix}")
    damaged.write_bytes(content(damaged.read_bytes()))
    for hits in (0, 1):
        again = load(kernels)
        assert again.twice(4) == 8
        assert sum(again.twice.stats.cache_hits.values()) == hits


def test_every_kernel_is_compiled_in_this_way() -> None:
    """Otherwise a command could fail because a kernel cannot be cached."""
    sources = {file: file.read_text() for file in (ROOT / "src").rglob("*.py")}
    assert [file for file, text in sources.items() if "njit" in text] == [Path(module.__file__)]


def test_what_was_compiled_of_other_sources_is_not_used(
    kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel contains the functions that it calls, but numba checks only its own module."""
    load(kernels).twice(4)
    monkeypatch.setattr(module, "sources_stamp", lambda _: (("stops.py", 0.0, 1),))
    again = load(kernels)
    assert again.twice(4) == 8
    assert sum(again.twice.stats.cache_hits.values()) == 0


def test_all_sources_of_kernels_count() -> None:
    names = {name for name, _, _ in module.sources_stamp(Path(kernels_of_coders.__file__).parent)}
    assert {"kernels.py", "range_coder.py", "stops.py", "vector.py"} <= names


def test_a_compiler_that_is_switched_off_is_named(
    kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The value that numba reads from the environment variable when it is imported.
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    with pytest.raises(UserError, match="NUMBA_DISABLE_JIT switches off the compiler"):
        load(kernels)
