"""Imports between packages: no cycles, and the library does not import the laboratory."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from tests.conftest import ROOT

SRC = ROOT / "src"
FILES = sorted(SRC.glob("rnn_codec*/**/*.py"))


def room(module: str) -> str:
    """The module or package directly in one of the two packages that a module is or belongs to."""
    return ".".join(module.split(".")[:2])


def imported(tree: ast.AST) -> Iterator[str]:
    """Names of imported modules, except those for type checkers and those inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                path = SRC.joinpath(*name.split("."))
                yield name if path.is_dir() or path.with_suffix(".py").is_file() else node.module


def own(names: Iterator[str]) -> set[str]:
    return {name for name in names if name.partition(".")[0] in {"rnn_codec", "rnn_codec_lab"}}


def module_of(file: Path) -> str:
    parts = file.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports() -> dict[str, set[str]]:
    """The modules that each module imports, by its name."""
    return {
        module_of(file): own(imported(ast.parse(file.read_text(encoding="utf-8"))))
        for file in FILES
    }


def test_no_module_imports_one_that_imports_it() -> None:
    # Raises CycleError, which names the cycle. An __init__.py only re-exports names of modules.
    packages = {module_of(file) for file in FILES if file.name == "__init__.py"}
    graph = {name: targets - packages for name, targets in imports().items()}
    assert len(list(TopologicalSorter(graph).static_order())) > 100


def test_no_package_imports_one_above_it() -> None:
    rooms: dict[str, set[str]] = {}
    for name, targets in imports().items():
        rooms.setdefault(room(name), set()).update(map(room, targets))
    # The two packages themselves re-export public names.
    graph = {
        name: targets - {name, "rnn_codec", "rnn_codec_lab"}
        for name, targets in rooms.items()
        if "." in name
    }
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    floors = 0
    while ready := sorter.get_ready():
        sorter.done(*ready)
        floors += 1
    assert floors <= 11


def test_the_library_does_not_know_the_laboratory() -> None:
    for file in sorted((SRC / "rnn_codec").rglob("*.py")):
        nodes = ast.walk(ast.parse(file.read_text()))
        names = {name for node in nodes for name in imported(ast.Module([node], []))}
        assert not any(name.startswith("rnn_codec_lab") for name in names), file


def test_packages_are_few() -> None:
    packages = {file.parent for file in FILES}
    assert len(packages) <= 34
