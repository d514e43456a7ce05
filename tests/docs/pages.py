"""The pages of the project, and the examples in them."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.conftest import ROOT

BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>.*?) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
HEADING = re.compile(r"^#+ (.*?)(?: \{ #([\w-]+) \})?$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A code block.

    Attributes:
        kind: its language; empty if the page does not state one.
        why_not_run: the reason that the page gives for not running it; None without one.
    """

    kind: str
    text: str
    why_not_run: str | None


@dataclass(frozen=True)
class Page:
    """A Markdown file."""

    path: Path

    def __str__(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        return [Block(b["kind"], b["text"], b["why"]) for b in BLOCK.finditer(self.text)]

    @cached_property
    def prose(self) -> str:
        """The text without its code blocks."""
        return BLOCK.sub("", self.text)

    @property
    def anchors(self) -> set[str]:
        """The anchors of headings: those that are given, or made of the title."""
        found = HEADING.findall(self.prose)
        return {
            name or re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-")
            for title, name in found
        }

    def of_kind(self, kind: str) -> list[Block]:
        return [block for block in self.blocks if block.kind == kind]

    @property
    def commands(self) -> str:
        """The shell blocks that are to be run, one after another."""
        return "".join(b.text for b in self.of_kind("bash") if b.why_not_run is None)

    @property
    def shell_lines(self) -> list[str]:
        """Every line of the shell blocks, and all inline code of the text."""
        lines = [line for b in self.of_kind("bash") for line in b.text.splitlines()]
        return lines + re.findall(r"`([^`]+)`", self.prose.replace("\n", " "))


README = Page(ROOT / "README.md")
PAGES = [
    README,
    Page(ROOT / "CONTRIBUTING.md"),
    Page(ROOT / "results" / "README.md"),
    *map(Page, sorted((ROOT / "docs").glob("*.md"))),
]
EXTENDING = Page(ROOT / "docs" / "extending.md")
