"""Conversion of a region of a page to blocks, in the order in which browsers show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sitechat.knowledge.reading.block_elements import (
    has_structure,
    is_beside_custom_element,
    is_block,
    is_spaced,
    keeps_lines,
    superscript_separator,
)
from sitechat.knowledge.reading.blocks import Block
from sitechat.knowledge.reading.decorations import (
    has_own_text,
    is_button,
    is_decoration_of_code,
    is_decoration_of_heading,
    is_decoration_of_text,
    is_hidden_in_heading,
    is_readable_button,
    is_within_sentence,
    without_permalink,
)
from sitechat.knowledge.reading.frame_elements import is_frame
from sitechat.knowledge.reading.inline_styles import TextVisibility
from sitechat.knowledge.reading.visibility import NEVER_DISPLAYED, Visibility, takes_space
from sitechat.knowledge.text.invisible_characters import without_invisible
from sitechat.knowledge.text.search_terms import is_unspaced

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def blocks(
    region: HtmlElement, visibility: Visibility, *, is_whole_page: bool = False
) -> list[Block]:
    """Return the blocks of a region in reading order.

    Args:
        region: The element to read, even if its own style hides it.
        visibility: The visibility of the page's elements.
        is_whole_page: Whether the region is a whole page, whose frame is left out.
    """
    return list(_BlockWalk(visibility, is_whole_page=is_whole_page).blocks_of(region))


class _BlockWalk:
    """One pass over the elements of a region, which collects the text of the current block.

    The pass is in one of four states. The start of an element begins a state, its end ends it:

    - `_heading` is set: the text becomes one block with a level. A heading within it ends it.
    - `_pre` is set: the text becomes one block, and keeps its white space.
    - `_row` is set: the text becomes one block, with " | " between the cells.
    - None is set: each element that is a line (`_is_line`) ends the block before it, and becomes a
      block itself.

    In the first three states, the edges of elements only separate words (`_separate`), and in rows
    also cells. `_readings` is independent of the state: it collects the texts of `<rt>` up to the
    end of the `<ruby>`.

    Example: These are the elements of a region and their blocks.

        <h2>Our <b>sizes</b></h2>               Block("Our sizes", level=2)
        <tr><td><p>S</p><td>36</tr>             Block("S | 36")
        <p>One<br>two</p>                       Block("One"), Block("two")
        <p><ruby>A<rt>a</rt></ruby> is it</p>   Block("A(a) is it")
    """

    def __init__(self, visibility: Visibility, *, is_whole_page: bool) -> None:
        self._visibility = visibility
        self._is_whole_page = is_whole_page
        # The parts of the current block. The first part is not blank, except in `_pre`.
        self._pending: list[str] = []
        self._visibilities = [TextVisibility()]  # of the current element and its ancestors
        self._heading: HtmlElement | None = None  # the current heading
        self._keeps_controls = False  # whether to keep the controls in the current heading
        self._pre: HtmlElement | None = None  # the current preformatted element
        self._row: HtmlElement | None = None  # the current row of a data table
        self._readings: list[str] = []  # in the current <ruby>
        self._is_after_link = False

    def blocks_of(self, region: HtmlElement) -> Iterator[Block]:
        """Yield the blocks of a region. If an element is left out, the text after it is read."""
        from lxml import etree

        walk = etree.iterwalk(region, events=("start", "end"))
        skipped: HtmlElement | None = None
        for event, element in walk:
            if event == "start":
                text_visibility = self._enter(element, is_region=element is region)
                if text_visibility is None:
                    skipped = element
                    walk.skip_subtree()
                    yield from self._pass_over(element)
                    continue
                self._visibilities.append(text_visibility)
                yield from self._begin(element)
                self._add(element.text, element)
                continue
            if element is skipped:
                skipped = None
            else:
                yield from self._end(element)
                self._visibilities.pop()
            if element is not region:
                self._add(element.tail, element.getparent())
        yield from self._flush()

    def _enter(self, element: HtmlElement, *, is_region: bool) -> TextVisibility | None:
        """Return the visibility of an element's text; None to leave out the element."""
        if is_region:
            return self._visibilities[-1]
        tag = element.tag
        if not isinstance(tag, str) or tag in NEVER_DISPLAYED:
            return None
        if is_frame(element, is_whole_page=self._is_whole_page) or not self._is_part_of_text(
            element
        ):
            return None
        return self._visibility.of(element, self._visibilities[-1])

    def _pass_over(self, element: HtmlElement) -> Iterator[Block]:
        """Separate the words on both sides of an element that is displayed but left out."""
        if self._pre is not None or not takes_space(element):
            return
        if self._visibility.of(element, self._visibilities[-1]) is None:
            return
        if is_block(element) and self._heading is None and self._row is None:
            yield from self._flush()
        else:
            self._add(" ")

    def _is_part_of_text(self, element: HtmlElement) -> bool:
        """Return whether an element is text, not a control or a decoration."""
        if is_decoration_of_text(element):
            return False
        if self._pre is not None:
            return not is_decoration_of_code(element)
        if self._heading is not None:
            return not is_hidden_in_heading(element) and (
                self._keeps_controls or not is_decoration_of_heading(element, self._heading)
            )
        return not is_button(element) or is_readable_button(element)

    def _begin(self, element: HtmlElement) -> Iterator[Block]:
        """Handle the start of an element: end the previous block, or separate the words."""
        tag = element.tag
        if self._pending and self._pre is None:
            self._add(superscript_separator(element, self._pending[-1]))
        if self._heading is not None and level_of(element):  # a heading within a heading
            yield from self._end_heading(self._heading)
        if self._heading is not None or self._pre is not None:
            self._separate(element)
        elif level_of(element):
            yield from self._flush()
            self._heading = element
            self._keeps_controls = not has_own_text(element)
        elif keeps_lines(element):
            yield from self._flush()
            self._pre = element
        elif self._row is not None:
            if tag in ("td", "th"):
                self._add(" | " if self._pending else None)
            else:
                self._separate(element)
        elif _is_line(element):
            yield from self._flush()
            if tag == "tr" and not has_structure(element):
                self._row = element
            elif tag == "li":
                self._add("- ")
        elif tag in ("td", "th") and self._pending:
            self._add(" | ")
        elif (
            (tag == "a" and self._is_after_link)
            or is_spaced(element)
            or is_beside_custom_element(element)
        ):
            self._add(" ")
        elif _is_denominator(element):
            self._add("/")

    def _end(self, element: HtmlElement) -> Iterator[Block]:
        """Handle the end of an element: end its block, or separate the words."""
        tag = element.tag
        if element is self._heading:
            yield from self._end_heading(element)
        elif element is self._pre:
            text = without_invisible("".join(self._pending)).replace("\xa0", " ")
            self._pending.clear()
            self._pre = None
            if text.strip():
                yield Block(text.strip("\n").rstrip())
        elif self._heading is not None or self._pre is not None:
            if tag != "br":
                self._separate(element)
        elif element is self._row:
            yield from self._flush()
            self._row = None
        elif self._row is not None:
            self._separate(element)
        elif _is_line(element):
            yield from self._flush()
        elif is_spaced(element):
            self._add(" ")
        if tag == "ruby" and self._readings:
            readings, self._readings = self._readings, []
            self._add(f"({_joined(readings)})")
        self._is_after_link = tag == "a"

    def _end_heading(self, heading: HtmlElement) -> Iterator[Block]:
        """End the current heading, and yield it without permalinks, unless it is empty."""
        text = without_permalink(self._take_text())
        if text:
            yield Block(text, level_of(heading))
        self._heading = None

    def _separate(self, element: HtmlElement) -> None:
        """Separate the words before and after an element's edge within a block."""
        if not is_block(element) and element.tag not in ("td", "th"):
            if is_spaced(element) and self._pre is None:
                self._add(" ")
        elif self._pre is None:
            self._add(" ")
        elif element.tag == "br" or (self._pending and not self._pending[-1].endswith("\n")):
            self._pending.append("\n")

    def _add(self, text: str | None, parent: HtmlElement | None = None) -> None:
        """Add the text of an element, `parent`, to the current block, unless it is hidden."""
        if not text or not self._visibilities[-1].is_readable:
            return
        if parent is not None and parent.tag == "rt":
            # Readings follow after the <ruby>, because search compares pairs of its characters.
            self._readings.append(text)
            return
        self._is_after_link = False
        if self._pending or self._pre is not None or text.strip():
            self._pending.append(text)

    def _take_text(self) -> str:
        """Return the text of the current block with single spaces, and clear it."""
        text = " ".join(without_invisible("".join(self._pending)).split())
        self._pending.clear()
        return text

    def _flush(self) -> Iterator[Block]:
        """End the current block, and yield it unless it is empty or only a list marker."""
        text = self._take_text()
        if text and text != "-":
            yield Block(text)


def level_of(element: HtmlElement) -> int:
    """Return the level of a heading, by its tag or role; 0 if it is not a heading."""
    level = _HEADINGS.get(str(element.tag), 0)
    if not level and element.get("role") == "heading":
        text = element.get("aria-level") or ""
        level = min(int(text), 6) if text.isdecimal() and text.isascii() and int(text) else 2
    return level


def _is_line(element: HtmlElement) -> bool:
    """Return whether an element's text is a separate line, such as a paragraph or a question."""
    if is_button(element):
        return not is_within_sentence(element)
    return element.get("role") == "tab" or is_block(element)


def _is_denominator(element: HtmlElement) -> bool:
    """Return whether an element is the second part of a fraction in MathML."""
    parent = element.getparent()
    return parent is not None and parent.tag == "mfrac" and element.getprevious() is not None


def _joined(readings: list[str]) -> str:
    """Join the readings of characters, with spaces if they are in letters, such as Pinyin."""
    texts = [reading.strip() for reading in readings if reading.strip()]
    return ("" if all(map(is_unspaced, texts)) else " ").join(texts)
