"""A page that tests share and none changes."""

from pathlib import Path

import pytest

from tests.lab.report.pages import make_page


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small page of the committed records."""
    return make_page(tmp_path_factory.mktemp("report"))
