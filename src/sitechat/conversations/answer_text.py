"""Conversion of an answer's Markdown to readable plain text, for mails.

Emphasis and headings lose their marks. Lists, quotes and tables keep a simple form. The address of
a link follows its text in parentheses.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING

from sitechat.conversations.answer_html import MAX_RENDERED, answer_parser, with_origin
from sitechat.safe_text import safe_link, visible

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

HORIZONTAL_RULE = "---"
"""The plain text of a horizontal rule."""


def as_plain_text(text: str, *, origin: str = "") -> str:
    """Return a text in Markdown as plain text.

    A text that is longer than MAX_RENDERED, or whose emphasis is nested too deeply, is returned
    with its Markdown.

    Args:
        text: The text, from a model, a visitor or the staff.
        origin: The site's origin, such as "https://example.com". It is added to addresses that
            begin with a slash.
    """
    if len(text) > MAX_RENDERED:
        return visible(text)
    # Imported here to keep the start fast, as in `answer_parser`.
    from markdown_it.tree import SyntaxTreeNode

    try:
        tree = SyntaxTreeNode(answer_parser().parse(visible(text)))
        return _joined(tree.children, origin)
    except RecursionError:  # markdown-it limits the depth of blocks, but not that of emphasis
        return visible(text)


def _joined(blocks: Sequence[SyntaxTreeNode], origin: str, separator: str = "\n\n") -> str:
    return separator.join(_block(block, origin) for block in blocks)


def _block(block: SyntaxTreeNode, origin: str) -> str:
    """Return the plain text of a block."""
    if block.type in ("fence", "code_block"):
        return block.content.rstrip("\n")
    if block.type == "hr":
        return HORIZONTAL_RULE
    if block.type == "blockquote":
        return _indented("> ", _joined(block.children, origin), "> ")
    if block.type in ("bullet_list", "ordered_list"):
        return _list(block, origin)
    if block.type == "table":
        rows = [row for part in block.children for row in part.children]
        return "\n".join(" | ".join(_inline(cell, origin) for cell in row.children) for row in rows)
    return _inline(block, origin)  # a paragraph or a heading


def _list(block: SyntaxTreeNode, origin: str) -> str:
    """Return the plain text of a list. A list without blank lines keeps none."""
    is_tight = all(
        child.hidden
        for item in block.children
        for child in item.children
        if child.type == "paragraph"
    )
    separator = "\n" if is_tight else "\n\n"
    numbers = count(int(block.attrGet("start") or 1))
    items: list[str] = []
    for item in block.children:
        mark = "- " if block.type == "bullet_list" else f"{next(numbers)}. "
        items.append(_indented(mark, _joined(item.children, origin, separator), " " * len(mark)))
    return separator.join(items)


def _indented(mark: str, text: str, indent: str) -> str:
    """Return a text with a mark before its first line and an indent before the others."""
    first, *others = text.split("\n")
    return "\n".join([f"{mark}{first}", *(f"{indent}{line}".rstrip() for line in others)])


def _inline(node: SyntaxTreeNode, origin: str) -> str:
    """Return the plain text of what a block or an emphasis contains."""
    if node.type in ("softbreak", "hardbreak"):
        return "\n"
    text = "".join(_inline(child, origin) for child in node.children)
    if node.type == "link":
        return _with_address(text, str(node.attrGet("href") or ""), origin)
    if node.type == "image":
        return _with_address(text, str(node.attrGet("src") or ""), origin)
    return text if node.children else node.content


def _with_address(text: str, address: str, origin: str) -> str:
    """Return a link's text and its address, or only one of them if they are equal."""
    address = with_origin(safe_link(address), origin)
    if not text or text == address:
        return address
    return f"{text} ({address})" if address else text
