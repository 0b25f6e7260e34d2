"""The table of contents of the documentation, read from `docs/index.md`.

Each section of that page whose heading has a table of pages is a section of the contents. Sphinx
(`docs/conf.py`) and the demo build their navigation from it, so there is one list only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
HOME = "index"
_ROW = re.compile(r"^\| \[[^\]]+\]\(([\w-]+)\.md\) \|", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    title: str
    slugs: tuple[str, ...]
    """The names of the pages' files, without suffix."""


def sections() -> list[Section]:
    """Return the sections of the contents, in order."""
    _, *parts = re.split(r"^## ", (DOCS / f"{HOME}.md").read_text(encoding="utf-8"), flags=re.M)
    found = (
        Section(part.partition("\n")[0], tuple(_ROW.findall(part.partition("\n")[2])))
        for part in parts
    )
    return [section for section in found if section.slugs]


def slugs() -> list[str]:
    """Return the names of all pages in the order of the contents, the first page first."""
    return [HOME, *(slug for section in sections() for slug in section.slugs)]
