"""Parsing of Markdown or plain text into sections of paragraphs, lists, tables and code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from sitechat.standin.code_detection import continues_code, is_code

MIN_WRAPPED = 60
"""Minimum characters of a wrapped line. A shorter line ends its paragraph, unless the next line
starts in lower case."""
MAX_WRAPPED = 120
"""Maximum characters of a wrapped line. A text with a longer line has one line per paragraph."""
_HEADING = re.compile(r"#{1,6}\s+(.*)")
_ITEM = re.compile(r"(?:[-*+]|\d+\.)\s+(.*)")
_RULE = re.compile(r"[\s|:=-]*\Z")
"""A horizontal rule, or the line below the header of a table."""
_LABEL = re.compile(r"[^\W\d_](?:[\w.&'\u2019/-]*,? ){0,8}[\w\u2019'()-]+[?]?\Z")
"""A short line that may be a heading without markup."""
_CELLS = re.compile(r"(?<!\\)\|")


@dataclass
class Block:
    """A paragraph (one line), a list (its items), a table (its rows) or code (its lines)."""

    kind: Literal["paragraph", "list", "table", "code"]
    lines: list[str]
    header: list[str] = field(default_factory=list)
    """The names of a table's columns; empty if they are not known."""
    language: str = ""
    """The language of a fenced code block."""
    numbered: bool = False
    """Whether a list has numbers instead of bullets."""

    @property
    def text(self) -> str:
        """The lines as a single text."""
        return "\n".join(self.lines)


@dataclass
class Section:
    """A heading and the blocks below it. Blocks before the first heading have the heading ""."""

    heading: str
    blocks: list[Block]


def sections(text: str) -> list[Section]:
    """Return the sections of a text in order, without those that have only a heading.

    If this leaves no section, the whole text is one paragraph. A blank text has no sections.
    """
    found = [section for section in _Cutter(text.splitlines()).cut() if section.blocks]
    if not found and text.strip():
        return [Section("", [Block("paragraph", [text.strip()])])]
    return found


def cells(row: str) -> list[str]:
    """Return the cells of a table's row."""
    row = row.strip()
    row = row.removeprefix("|").removesuffix("|") if row.startswith("|") else row
    return [cell.strip().replace("\\|", "|") for cell in _CELLS.split(row)]


class _Cutter:
    """A parser that cuts lines into sections, one block after the other."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.wrapped = all(len(line) <= MAX_WRAPPED for line in lines)
        self.found = [Section("", [])]
        self.open: list[str] = []  # the lines of the current paragraph or list item
        self.item = False  # whether these lines are a list item

    def cut(self) -> list[Section]:
        at = 0
        while at < len(self.lines):
            at = self._take(at)
        self._close()
        return self.found

    def _take(self, at: int) -> int:
        """Parse the block that starts at a line and return the line after it."""
        line = self.lines[at].strip()
        if line.startswith("```"):
            return self._fenced(at)
        if not line:
            self._close()
        elif self._begins_code(at):
            return self._bare_code(at)
        elif heading := _HEADING.match(line):
            self._begin(heading[1])
        elif line.startswith("|") or " | " in line:
            return self._table(at)
        elif not _RULE.match(line):
            self._line(at)
        return at + 1

    def _begin(self, heading: str) -> None:
        self._close()
        self.found.append(Section(heading, []))

    def _add(self, block: Block) -> None:
        self._close()
        self.found[-1].blocks.append(block)

    def _fenced(self, at: int) -> int:
        end = at + 1
        while end < len(self.lines) and not self.lines[end].strip().startswith("```"):
            end += 1
        language = self.lines[at].strip().strip("`").strip()
        self._add(Block("code", self.lines[at + 1 : end], language=language))
        return end + 1

    def _begins_code(self, at: int) -> bool:
        line = self.lines[at]
        if line.startswith("# "):  # a comment above code, or a heading
            return at + 1 < len(self.lines) and is_code(self.lines[at + 1])
        return is_code(line) and not _ITEM.match(line.strip())

    def _bare_code(self, at: int) -> int:
        """Parse code without a fence."""
        end = at + 1
        while end < len(self.lines):
            after = end
            while after < len(self.lines) and not self.lines[after].strip():
                after += 1
            if after == len(self.lines):
                break
            if not continues_code(self.lines[after], self.lines[end - 1]):
                break
            end = after + 1
        self._add(Block("code", self.lines[at:end]))
        return end

    def _table(self, at: int) -> int:
        end = at
        while end < len(self.lines) and "|" in self.lines[end]:
            end += 1
        rows = [row for row in self.lines[at:end] if not _RULE.match(row)]
        marked = end - at > 1 and bool(_RULE.match(self.lines[at + 1]))
        names = cells(rows[0]) if rows else []
        # In text without markup, an empty first cell is missing.
        lost_cell = not marked and len(rows) > 1 and len(names) + 1 == len(cells(rows[1]))
        are_names = all(name.islower() and " " not in name for name in names)
        is_header = are_names or (at > 0 and all(len(name.split()) <= 4 for name in names))
        has_header = len(rows) > 1 and (marked or is_header or lost_cell)
        if has_header and lost_cell:
            names.insert(0, "")
        if rows:
            self._add(Block("table", rows[has_header:], header=names if has_header else []))
        return end

    def _line(self, at: int) -> None:
        """Add a line to the open paragraph or item, or begin an item or a section with it."""
        line = self.lines[at].strip()
        following = self.lines[at + 1].strip() if at + 1 < len(self.lines) else ""
        is_text = " | " not in following and not is_code(following)
        is_continued = following[:1].islower() and is_text
        item = _ITEM.match(line)
        if item:
            self._close()
            self.item = True
            self._new_item(line)
        elif not self.open and not is_continued and following and _LABEL.match(line):
            self._begin(line)
            return
        self.open.append(item[1] if item else line)
        ends_early = len(line) < MIN_WRAPPED and not is_continued
        if ends_early or not self.wrapped:
            self._close()

    def _new_item(self, line: str) -> None:
        blocks = self.found[-1].blocks
        if not blocks or blocks[-1].kind != "list":
            blocks.append(Block("list", [], numbered=line[0].isdigit()))

    def _close(self) -> None:
        """Add the open paragraph or item to the section."""
        text = " ".join(self.open)
        self.open = []
        if text and self.item:
            self.found[-1].blocks[-1].lines.append(text)
        elif text:
            self.found[-1].blocks.append(Block("paragraph", [text]))
        self.item = False
