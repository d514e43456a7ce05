"""README.md and docs/: their links, paths, options and commands exist in the project."""

import re
import shlex
from collections.abc import Iterator

import pytest
import yaml
from hydra import compose, initialize_config_dir

from rnn_codec.__main__ import subcommands
from rnn_codec_lab.commands.grid import hydra_words
from tests.conftest import ROOT
from tests.docs.pages import LINK, PAGES, README, Page

CONF = ROOT / "conf"
CONFIGURATIONS = {path.stem for path in CONF.glob("*.yaml")}
GENERATED = "results/report"
"""A folder that a command makes and git ignores."""
PATH = re.compile(r"`((?:conf|src|sweeps|tests|results|docs|\.ci|\.github)/[\w./-]*)`")


def commands(subcommand: str) -> Iterator[str]:
    """Every command line of a subcommand, without its comment, with placeholders filled in."""
    start = f"rnn-codec {subcommand} "
    for page in PAGES:
        for line in page.shell_lines:
            if line.startswith(start) and "cell=minimal" not in line:
                yield re.sub(r"<[^>]*>", "placeholder", line.partition("  #")[0])


def overrides(command: str) -> list[str]:
    """The options of a command line, up to the first option of Hydra itself."""
    return shlex.split(command.partition(" --")[0])[2:]


def test_readme_is_short_and_begins_with_the_set_up() -> None:
    lines = README.text.splitlines()
    assert len(lines) <= 150
    beginning = "\n".join(lines[:40])
    assert "\nmake train " in beginning
    assert "\nmake test " in beginning


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Page) -> None:
    for target in LINK.findall(page.prose):
        if target.startswith("https://"):
            continue
        place, _, anchor = target.partition("#")
        path = (page.path.parent / place).resolve() if place else page.path
        assert path.exists(), target
        # Anchors of docstrings are only on the site; its build checks links to them.
        if anchor and not anchor.startswith("rnn_codec."):
            assert anchor in Page(path).anchors, target


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_paths_in_the_text_exist(page: Page) -> None:
    prose = re.sub(r"^ *\| `.*$", "", page.prose, flags=re.MULTILINE)
    for path in set(PATH.findall(prose)):
        assert (ROOT / path).exists() or path.startswith(GENERATED), path


def test_the_tree_of_folders_exists() -> None:
    (tree,) = README.of_kind("")
    for line in tree.text.splitlines():
        assert (ROOT / line.split()[0]).is_dir(), line


def test_every_target_of_make_exists() -> None:
    lines = [line for page in PAGES for line in page.shell_lines]
    named = {word for line in lines for word in re.findall(r"^make ([a-z-]+)", line)}
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {"train", "test", "docs"} <= named <= set(targets)


def test_every_subcommand_exists() -> None:
    lines = [line for page in PAGES for line in page.shell_lines]
    named = {word for line in lines for word in re.findall(r"^rnn-codec ([\w-]\S*)", line)}
    # Removed: results/README.md names it as a command of commit 5955632.
    gone = {"learning-curves"}
    assert {"train", "evaluate", "grid"} <= named <= {*subcommands(), *gone, "--help"}


def test_every_configuration_is_of_a_subcommand_and_names_it() -> None:
    assert {name.replace("_", "-") for name in CONFIGURATIONS} <= subcommands().keys()
    for name in CONFIGURATIONS:
        first = (CONF / f"{name}.yaml").read_text(encoding="utf-8").partition("\n")[0]
        assert first.startswith(f"# The configuration of `rnn-codec {name.replace('_', '-')}`")


def test_readme_names_every_group() -> None:
    # Networks choose their family; launchers are Hydra's; codecs to time are no part of a training.
    others = {"hydra", "family", "grid", "peers"}
    groups = {path.name for path in CONF.iterdir() if path.is_dir()} - others
    sentence = README.prose[README.prose.index("The groups are") :].partition(".")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == groups


@pytest.mark.parametrize("configuration", sorted(CONFIGURATIONS - {"grid"}))
def test_every_command_composes(configuration: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for command in set(commands(configuration.replace("_", "-"))):
            if "--multirun" not in command:
                compose(configuration, overrides(command))


def test_every_command_of_a_grid_composes() -> None:
    found = [hydra_words(shlex.split(c)[2:]) for c in set(commands("grid")) if "--multi" not in c]
    assert found
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for words in found:
            if words[0] == "--config-dir":
                words[:2] = [f"hydra.searchpath=[file://{ROOT / words[1]}]"]
            config = compose("grid", words)
            compose("train", [*config.grid.train, *config.options])
            compose("evaluate", [*config.grid.evaluate, *config.evaluation_options])


def test_navigation_has_every_page() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    named = set(re.findall(r"[\w/-]+\.md", str(site["nav"])))
    docs = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert named == docs | {"results/README.md", "results/ablation.md"}
