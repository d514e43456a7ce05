"""Tables as Markdown, as GitHub shows it."""

from collections.abc import Iterable, Sequence

from rnn_codec_lab.comparison.sections import Section
from rnn_codec_lab.comparison.tables import Table


def document(
    title: str,
    introduction: str,
    sections: Iterable[Section],
    notes: Sequence[str],
    problems: Sequence[tuple[str, str]],
) -> str:
    """The whole document."""
    parts = [f"# {escape(title)}", introduction]
    for section in sections:
        parts.append(f"## {escape(section.title)}")
        for table in section.tables:
            parts += [f"{escape(table.title[0].upper() + table.title[1:])}:", markdown(table)]
    parts += ["## How to read it", "\n".join(f"- {escape(note)}" for note in notes)]
    parts.append("## Records missing, incomplete or left out")
    lines = [f"- `{where}`: {escape(what)}" for where, what in problems]
    parts.append("\n".join(lines) or "None.")
    return "\n\n".join(parts) + "\n"


def markdown(table: Table) -> str:
    """One table; groups start with a line of their titles."""
    lines = [table.headings, tuple("---:" if number else "---" for number in table.numeric)]
    for group in table.groups:
        if group.title:
            lines.append((f"**{escape(group.title)}**", *[""] * (len(table.headings) - 1)))
        lines += [tuple(map(escape, line)) for line in group.lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escape(text: str) -> str:
    r"""Text without what Markdown would read as markup.

    >>> escape("residual_gru <b> | c*")
    'residual\\_gru \\<b> \\| c\\*'
    """
    for character in "\\`*_|<[":
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", " ")
