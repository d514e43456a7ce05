"""The tables of configuration.md, from the comments of conf/."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml
from records import code, table

CONF = Path(__file__).parents[2] / "conf"
COMMANDS = ("train", "evaluate", "grid", "table", "report", "bench")
"""Files that configure a subcommand."""
UNLISTED = {"hydra"}
"""Groups of Hydra's own, for its launchers: clusters.md."""
SKIPPED = ("defaults", "hydra")
"""Keys that say how a configuration is put together."""
LINE = re.compile(r"(?P<indent> *)(?:(?P<key>[\w.]+):(?: (?P<value>.*))?|- .*)")


class Option(NamedTuple):
    """A commented line of a file: its path of keys, what stands there, what the comment says."""

    path: str
    value: str
    comment: str


class Described(NamedTuple):
    """A file: what it says of itself, and its commented lines."""

    comment: str
    options: list[Option]


def described(file: Path) -> Described:
    """What a file of conf/ says."""
    head, options = "", list(read(file))
    for line in file.read_text("utf-8").splitlines():
        if not line.startswith("# "):
            break
        if not line.startswith("# @"):
            head += line[1:]
    return Described(head.strip(), options)


def read(file: Path) -> Iterator[Option]:
    """The commented lines of a file, but those of its own beginning."""
    above: list[str] = []
    places: list[tuple[int, str]] = []
    begun = False
    for line in file.read_text("utf-8").splitlines():
        if line.lstrip().startswith("#"):
            above.append(line.strip().lstrip("# "))
            continue
        found = LINE.fullmatch(line)
        if found is None or found["key"] is None:
            # The comment at the beginning belongs to the file if a gap follows it.
            above, begun = ([], True) if above and not begun else (above, begun)
            above = [] if not line.strip() else above
            continue
        indent = len(found["indent"])
        places = [place for place in places if place[0] < indent] + [(indent, found["key"])]
        keys = [key for _, key in places]
        if begun and above and keys[0] not in SKIPPED:
            yield Option(".".join(keys), (found["value"] or "").strip(), " ".join(above))
        above, begun = [], True


def escaped(text: str) -> str:
    """For a cell of a table; words in angle brackets are no tags."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def table_of(options: list[Option], prefix: str) -> str:
    """A Markdown table of options."""
    return table("option | default | meaning", (
        [
            code(prefix + option.path),
            code(option.value).replace("|", "\\|") if option.value else "",
            escaped(option.comment),
        ]
        for option in options
    ))  # fmt: skip


def commands() -> str:
    """A section for each subcommand."""
    parts = []
    for name in COMMANDS:
        found = described(CONF / f"{name}.yaml")
        parts.append(f"### rnn-codec {name}\n\n{table_of(found.options, '')}")
    return "\n".join(parts)


@cache
def defaults() -> dict[str, str]:
    """The choice of each group that `rnn-codec train` makes by itself."""
    entries = yaml.safe_load((CONF / "train.yaml").read_text("utf-8"))["defaults"]
    pairs = [pair for entry in entries if isinstance(entry, dict) for pair in entry.items()]
    return {group: choice for group, choice in pairs if choice is not None}


def family_of(network: Path) -> str:
    """The family that a file of the group network chooses."""
    for entry in yaml.safe_load(network.read_text("utf-8"))["defaults"]:
        if isinstance(entry, dict):
            return str(entry["/family"])
        if entry != "_self_":
            return family_of(network.with_name(f"{entry}.yaml"))
    raise ValueError(f"{network} chooses no family")


def choice(file: Path, comment: str) -> list[str]:
    """A row of a group's table: the name of a choice, what it is, its family."""
    name = code(file.stem)
    if defaults().get(file.parent.name) == file.stem:
        name += " (default)"
    comment = escaped(comment)
    if file.parent.name == "network":
        comment += f" Family *{family_of(file)}*."
    return [name, comment]


def groups() -> str:
    """A section for each group: what its options are, and the options within them."""
    parts = []
    for folder in sorted(path for path in CONF.iterdir() if path.is_dir()):
        if folder.name in UNLISTED:
            continue
        rows, details = [], []
        for file in sorted(folder.glob("*.yaml")):
            found = described(file)
            rows.append(choice(file, found.comment))
            if found.options:
                prefix = "" if is_global(file) else f"{folder.name}."
                summary = f'??? note "{folder.name}={file.stem}"\n\n'
                body = table_of(found.options, prefix)
                details.append(summary + "".join(f"    {line}\n" for line in body.splitlines()))
        head = f"### {folder.name}\n\n{table('choice | what it is', rows)}"
        parts.append("\n".join([head, *details]))
    return "\n".join(parts)


def is_global(file: Path) -> bool:
    """Whether a file's options stand at the top of the configuration."""
    return file.read_text("utf-8").startswith("# @package _global_")


TABLES = {"commands_options": commands, "groups": groups}
