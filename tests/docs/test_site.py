"""The site builds without warnings."""

from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from tests.conftest import ROOT


def test_the_site_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path), strict=True)
    config.plugins.run_event("startup", command="build", dirty=False)
    build(config)
    config.plugins.run_event("shutdown")
    for page in ("index.html", "families/index.html", "results/index.html", "api/index.html"):
        assert (tmp_path / page).is_file()
    assert "BitsPerPixel" in (tmp_path / "api" / "index.html").read_text("utf-8")
    assert (tmp_path / "results/wavelet/beside.png").is_file()
