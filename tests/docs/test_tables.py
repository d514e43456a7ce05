"""The generated tables of the pages are not stale; the program that writes them."""

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.docs.pages import PAGES, Page


@pytest.fixture(scope="module")
def writer() -> Any:
    """The names in the program that writes the tables."""
    before, modules = list(sys.path), set(sys.modules)
    found = runpy.run_path(str(ROOT / "docs" / "tables"))
    yield found
    sys.path[:] = before
    for name in (set(sys.modules) - modules) & {"options", "records"}:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_tables_are_not_stale(writer: dict[str, Any], page: Page) -> None:
    assert writer["renewed"](page.text) == page.text, "run make tables"


def test_every_table_stands_in_a_text(writer: dict[str, Any]) -> None:
    found = {m[2] for page in PAGES for m in writer["MARKED"].finditer(page.text)}
    assert found == set(writer["TABLES"])


def test_options_are_read_with_their_comments(writer: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "# What it is,\n# in two lines.\ndefaults:\n  # No option.\n  - b\n\n"
        "# The first.\nfirst: 1\nplain: 2\nouter:\n  # Of two\n  # lines.\n  inner: [a, b]\n"
        "# After it.\nlast: null\n"
    )
    found = writer["options"].described(file)
    assert found.comment == "What it is, in two lines."
    assert [tuple(option) for option in found.options] == [
        ("first", "1", "The first."),
        ("outer.inner", "[a, b]", "Of two lines."),
        ("last", "null", "After it."),
    ]
