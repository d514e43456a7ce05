"""The examples of README.md and docs/ run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from PIL import Image

from rnn_codec.cells.cell import CELLS
from rnn_codec.families.binary.training.building import build_codec
from rnn_codec.families.wavelet.layout import COMPONENTS, SCALES, bands
from rnn_codec.families.wavelet.prior.arithmetic import Smooth
from rnn_codec.families.wavelet.prior.cells.cell import SCALE_CELLS
from rnn_codec.families.wavelet.prior.code_length import Coefficients, code_lengths
from rnn_codec.families.wavelet.training.building import build_prior
from rnn_codec.metrics.scores import SCORES, Score
from tests.conftest import ROOT
from tests.docs.pages import EXTENDING, PAGES, Block, Page

NEW_FILE = "# src/rnn_codec/"
"""The beginning of an example that is a file for the reader to create."""


def blocks(kind: str) -> list[tuple[Page, Block]]:
    """The blocks of a kind on all pages, each with its page."""
    return [(page, block) for page in PAGES for block in page.of_kind(kind)]


def named(found: list[tuple[Page, Block]]) -> list[str]:
    return [f"{page}:{block.text.splitlines()[0][:40]}" for page, block in found]


COMMANDS = [page for page in PAGES if page.commands]
SCRIPTS = [
    (page, block)
    for page, block in blocks("python")
    if not block.text.startswith((NEW_FILE, "# in SCORES"))
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a photograph and a mask."""
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[:96, :128]
    pixels = np.stack([x + y, 255 - x, (x * y) // 64], -1).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save("photo.jpg")
    Image.fromarray(pixels[..., 0]).save("mask.png")
    return tmp_path


@pytest.mark.parametrize("page", COMMANDS, ids=str)
def test_commands_run(page: Page, folder: Path) -> None:
    """All commands of a page run in order, except those with a reason not to run."""
    program = "PATH=$RNN_CODEC_PROGRAMS:$PATH\n" + page.commands
    environment = os.environ | {"RNN_CODEC_PROGRAMS": str(Path(sys.executable).parent)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", program],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_there_are_commands_and_scripts() -> None:
    assert len(COMMANDS) >= 3
    assert len(SCRIPTS) >= 3


@pytest.mark.parametrize(("page", "block"), SCRIPTS, ids=named(SCRIPTS))
def test_scripts_run(page: Page, block: Block, folder: Path) -> None:
    exec(compile(block.text, str(page), "exec"), {"__name__": "__main__"})


def files() -> dict[str, str]:
    """The files that the page tells the reader to create, by path."""
    found = {}
    for block in EXTENDING.blocks:
        first = block.text.partition("\n")[0]
        if first.startswith(("# src/", "# conf/")):
            found[first.removeprefix("# ")] = block.text
    return found


FILES = files()


@pytest.mark.parametrize("path", FILES)
def test_files_to_be_made_are_new(path: str) -> None:
    assert not (ROOT / path).exists()
    assert (ROOT / path).parent.is_dir()


def made(path: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Run a file that the reader is to create; return its module."""
    name = path.removeprefix("src/").removesuffix(".py").replace("/", ".")
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(FILES[path], path, "exec"), module.__dict__)
    return module


@pytest.fixture
def minimal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Register both cells of the page; yield the option that finds their configuration."""
    for registry, path in (
        (CELLS, "src/rnn_codec/cells/minimal.py"),
        (SCALE_CELLS, "src/rnn_codec/families/wavelet/prior/cells/minimal.py"),
    ):
        # Asking for the names registers all other cells, which must stay registered.
        assert registry.names()
        monkeypatch.setattr(registry, "_registered", dict(registry._registered))
        made(path, monkeypatch)
    option = tmp_path / "conf" / "cell" / "minimal.yaml"
    option.parent.mkdir(parents=True)
    option.write_text(FILES["conf/cell/minimal.yaml"], encoding="utf-8")
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        yield f"hydra.searchpath=[file://{tmp_path / 'conf'}]"


def test_the_cell_makes_a_codec(minimal: str) -> None:
    codec = build_codec(compose("train", ["cell=minimal", minimal]))
    image = torch.randint(0, 256, (1, 3, 20, 40), dtype=torch.uint8)
    decoded = list(codec.decode(codec.encode(image, iterations=3)))
    assert not torch.equal(decoded[0], decoded[2])


def test_the_cell_makes_a_prior(minimal: str) -> None:
    words = ["experiment=wavelet_cpu", "network=wavelet_tiny", "cell=minimal", "data.root=x"]
    prior = build_prior(compose("train", [*words, minimal]))
    sizes = [2 * 2 ** max(scale - 1, 0) for scale in range(SCALES)]
    scales = [
        40 * torch.randn(1, COMPONENTS * bands(scale), size, size)
        for scale, size in enumerate(sizes)
    ]
    found = code_lengths(prior, Smooth(), Coefficients.of(scales), 2)
    assert found.bits.sum() > 0
    found.bits.sum().backward()
    gate = prior.get_submodule("details.cell.gate")
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in gate.parameters())


def test_the_metric_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    module = made("src/rnn_codec/metrics/largest_error.py", monkeypatch)
    (line,) = [b.text for b in EXTENDING.of_kind("python") if b.text.startswith("# in SCORES")]
    added = eval("{" + line + "}", {"Score": Score, "largest_error": module.largest_error})
    monkeypatch.setattr("rnn_codec.metrics.scores.SCORES", SCORES | added)
    black = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    score = added["largest_error"]
    assert score(black, black).item() == score.highest
    one = black.clone()
    one[0, 0, 0, 0] = 51
    assert score(one, black).item() == pytest.approx(20 * np.log10(5))
