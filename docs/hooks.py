"""Hooks of MkDocs: pages link into the repository, of which the site has only a part.

Records, results/, become part of the site. Links to source files become plain code.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = ("results/README.md", "results/ablation.md")
PICTURES = ("*.png", "*.webp")
SOURCE = re.compile(r"\[(`[^`\]]+`)\]\(\.\./(?:src|tests|conf)/[^)]*\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what stands in results/, under the paths that it has in the repository."""
    pictures = (path for kind in PICTURES for path in (ROOT / "results").rglob(kind))
    for place in [ROOT / page for page in PAGES] + sorted(pictures):
        path = place.relative_to(ROOT).as_posix()
        # What `make report` has drawn is not part of the repository.
        if not path.startswith("results/report/"):
            files.append(File(path, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """In the repository docs/ and results/ are side by side, in the site one is in the other."""
    return SOURCE.sub(r"\1", markdown).replace("](../results/", "](results/")
