"""Writes the tables of the texts: figures from records, options from the comments of conf/.

python docs/tables

Each stands between the lines `<!-- table: NAME -->` and `<!-- end -->`.
"""

import re
from pathlib import Path

import options
import records

from rnn_codec.files import atomic_path

ROOT = Path(__file__).parents[2]
TABLES = records.TABLES | options.TABLES
MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def texts() -> list[Path]:
    """Those that may have tables."""
    return [ROOT / "README.md", ROOT / "results" / "README.md", *sorted(ROOT.glob("docs/*.md"))]


def renewed(text: str) -> str:
    """A text with its tables as they should be."""
    return MARKED.sub(lambda found: found[1] + TABLES[found[2]]() + found[3], text)


def main() -> None:
    """Write all texts whose tables are stale."""
    for path in texts():
        text = path.read_text("utf-8")
        if (now := renewed(text)) != text:
            with atomic_path(path) as partial:
                partial.write_text(now, encoding="utf-8")


if __name__ == "__main__":
    main()
