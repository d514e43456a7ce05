"""Tables as LaTeX, in the style of the package booktabs."""

from collections.abc import Iterable, Sequence

from rnn_codec_lab.comparison.sections import Section
from rnn_codec_lab.comparison.tables import Table

PREAMBLE = r"""% Written by rnn-codec table. To be read by \input in a document that has
% \usepackage{booktabs} and \usepackage{graphicx}."""

SPECIAL = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "–": "--",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "…": r"\dots{}",
    "≥": r"$\ge$",
}
"""What stands for characters that mean something else to LaTeX, or that not every engine reads."""


def document(sections: Iterable[Section], notes: Sequence[str]) -> str:
    """Every table, and the notes as comments."""
    tables = [
        latex(table, f"{section.title}: {table.title}")
        for section in sections
        for table in section.tables
    ]
    comments = "\n".join(f"% {note}" for note in notes)
    return "\n\n".join([PREAMBLE, *tables, comments]) + "\n"


def latex(table: Table, caption: str) -> str:
    """One table environment, at most as wide as the text."""
    columns = "".join("r" if numeric else "l" for numeric in table.numeric)
    lines = [
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{escape(caption)}}}",
        r"\resizebox{\ifdim\width>\textwidth\textwidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _line(table.headings),
    ]
    for group in table.groups:
        lines.append(r"\midrule")
        if group.title:
            lines.append(
                rf"\multicolumn{{{len(columns)}}}{{l}}{{\emph{{{escape(group.title)}}}}} \\"
            )
        lines += [_line(line) for line in group.lines]
    lines += [r"\bottomrule", r"\end{tabular}}", r"\end{table*}"]
    return "\n".join(lines)


def escape(text: str) -> str:
    r"""Text as LaTeX prints it.

    >>> escape("residual_gru −5 %")
    'residual\\_gru $-$5 \\%'
    """
    return "".join(SPECIAL.get(character, character) for character in text)


def _line(cells: Sequence[str]) -> str:
    return " & ".join(map(escape, cells)) + r" \\"
