"""README.md: its options, paths, commands and examples are those of the project."""

import re
import shlex
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
import yaml
from hydra import compose, initialize_config_dir

from rnn_codec.__main__ import subcommands
from rnn_codec.cells.cell import CELLS
from rnn_codec.families.binary.training.building import build_codec
from rnn_codec_lab.commands.grid import hydra_words
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONF = ROOT / "conf"
CONFIGURATIONS = {path.stem for path in CONF.glob("*.yaml")}

BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PROSE = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)

GENERATED = "results/report"
"""What a command makes and git ignores."""

PATH = re.compile(r"(?:conf|src|sweeps|tests|results|docs|\.ci|\.github)/[\w./-]*")
NEW_FILE = re.compile(r"# ((?:src|conf)/\S+)\n")
"""The first line of an example that is a file for the reader to make."""

EXAMPLES = {found[1]: text for _, text in BLOCKS if (found := NEW_FILE.match(text)) is not None}
SCRIPTS = [text for kind, text in BLOCKS if kind == "python" and not NEW_FILE.match(text)]


def options_in_readme() -> dict[str, dict[str, str]]:
    """The table of groups: group → option → what is said of it."""
    table = {}
    for group, cell in re.findall(r"^\| `(\w+)` \| (.*) \|$", PROSE, re.MULTILINE):
        parts = [part.strip() for part in cell.split("<br>")]
        if all(re.match(r"`\w+`", part) for part in parts):
            table[group] = {part.split("`")[1]: part for part in parts}
    return table


def options_in_conf() -> dict[str, set[str]]:
    """Group → options."""
    # Hydra's own group is for its launchers: docs/clusters.md. Networks choose their family.
    others = {"hydra", "family"}
    groups = sorted(path for path in CONF.iterdir() if path.is_dir() and path.name not in others)
    return {group.name: {path.stem for path in group.glob("*.yaml")} for group in groups}


def shell_lines() -> list[str]:
    """Every line of the shell's blocks, and everything that the text sets as code."""
    blocks = [line for kind, text in BLOCKS if kind == "bash" for line in text.splitlines()]
    return blocks + re.findall(r"`([^`]+)`", PROSE.replace("\n", " "))


def commands(subcommand: str) -> list[str]:
    """Every command line of a subcommand, without its comment, its gaps filled in."""
    start = f"rnn-codec {subcommand} "
    found = [line.partition("  #")[0] for line in shell_lines() if line.startswith(start)]
    return [re.sub(r"<[^>]*>", "placeholder", command) for command in found]


def overrides(command: str) -> list[str]:
    """The options of a command line."""
    return [word for word in shlex.split(command)[2:] if not word.startswith("--")]


def test_the_table_names_every_option_and_no_other() -> None:
    assert {group: set(options) for group, options in options_in_readme().items()} == (
        options_in_conf()
    )


def test_the_table_names_the_defaults() -> None:
    entries = yaml.safe_load((CONF / "train.yaml").read_text(encoding="utf-8"))["defaults"]
    defaults = {
        group: option
        for entry in entries
        if isinstance(entry, dict)
        for group, option in entry.items()
        if option is not None and " " not in group
    }
    table = options_in_readme()
    marked = {
        group: [option for option, text in options.items() if "(default)" in text]
        for group, options in table.items()
    }
    assert marked == {group: [defaults[group]] if group in defaults else [] for group in table}


def test_every_option_has_a_phrase() -> None:
    for options in options_in_readme().values():
        for option, text in options.items():
            assert re.fullmatch(rf"`{option}`(?: \(default\))?: \S.*", text)


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)\s]+)\)", PROSE))
def test_a_link_leads_somewhere(target: str) -> None:
    if target.startswith("#"):
        headings = re.findall(r"^#+ (.*)$", PROSE, re.MULTILINE)
        assert target[1:] in {
            re.sub(r"[^\w\- ]", "", h).lower().replace(" ", "-") for h in headings
        }
    elif not target.startswith("https://"):
        assert (ROOT / target).exists()


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_a_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("path", sorted(set(re.findall(rf"`({PATH.pattern})`", PROSE))))
def test_a_path_in_the_text_exists(path: str) -> None:
    assert (ROOT / path).exists() or path.startswith(GENERATED)


def test_the_tree_of_folders_exists() -> None:
    (tree,) = [text for kind, text in BLOCKS if not kind]
    folder = ROOT
    for line in tree.splitlines():
        names = re.split(r"\s{2,}", line.strip())[0].split()
        inside = folder if line.startswith(" ") else ROOT
        assert [name for name in names if not (inside / name).exists()] == []
        folder = inside if line.startswith(" ") else ROOT / names[0]


def test_every_target_of_make_exists() -> None:
    named = {word for line in shell_lines() for word in re.findall(r"^make ([a-z-]+)", line)}
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"train", "test", "help"} <= named <= set(targets)


def test_every_configuration_is_of_a_subcommand_and_names_it() -> None:
    assert {name.replace("_", "-") for name in CONFIGURATIONS} <= subcommands().keys()
    for name in CONFIGURATIONS:
        first = (CONF / f"{name}.yaml").read_text(encoding="utf-8").partition("\n")[0]
        assert first.startswith(f"# The configuration of `rnn-codec {name.replace('_', '-')}`")


def test_every_subcommand_exists() -> None:
    named = {word for line in shell_lines() for word in re.findall(r"^rnn-codec (\S+)", line)}
    assert {"train", "evaluate", "grid"} <= named <= {*subcommands(), "--help"}


@pytest.mark.parametrize("configuration", sorted(CONFIGURATIONS - {"grid"}))
def test_every_command_composes(configuration: str) -> None:
    found = [c for c in commands(configuration.replace("_", "-")) if "cell=minimal" not in c]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for command in found:
            compose(configuration, overrides(command))


def test_every_command_of_a_grid_composes() -> None:
    found = [hydra_words(shlex.split(command)[2:]) for command in commands("grid")]
    assert found
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for words in found:
            if words[0] == "--config-dir":
                words[:2] = [f"hydra.searchpath=[file://{ROOT / words[1]}]"]
            config = compose("grid", words)
            compose("train", [*config.grid.train, *config.options])
            compose("evaluate", [*config.grid.evaluate, *config.evaluation_options])


@pytest.mark.parametrize("text", SCRIPTS)
def test_an_example_of_the_library_runs(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(text, "README.md", "exec"), {"__name__": "__main__"})


def test_there_is_an_example_of_the_library() -> None:
    assert SCRIPTS


@pytest.mark.parametrize("path", EXAMPLES)
def test_a_file_to_be_made_is_new(path: str) -> None:
    assert not (ROOT / path).exists()
    assert (ROOT / path).parent.is_dir()


def test_the_example_of_a_cell_makes_a_codec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = [path for path in EXAMPLES if path.endswith(".py")]
    (option,) = [path for path in EXAMPLES if path.endswith(".yaml")]
    name = source.removeprefix("src/").removesuffix(".py").replace("/", ".")
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(CELLS, "_registered", dict(CELLS._registered))
    exec(compile(EXAMPLES[source], "README.md", "exec"), module.__dict__)
    file = tmp_path / option
    file.parent.mkdir(parents=True)
    file.write_text(EXAMPLES[option], encoding="utf-8")

    found = f"hydra.searchpath=[file://{tmp_path / 'conf'}]"
    command = next(c for c in commands("train") if "cell=minimal" in c)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        codec = build_codec(compose("train", [*overrides(command), found]))
    image = torch.randint(0, 256, (1, 3, 20, 40), dtype=torch.uint8)
    decoded = list(codec.decode(codec.encode(image, iterations=3)))
    assert not torch.equal(decoded[0], decoded[2])
