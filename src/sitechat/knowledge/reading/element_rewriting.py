"""Rewriting of elements that browsers display differently from the order of the markup.

`html` calls `rewrite` after it has parsed a page.

A shadow root replaces the content of its host. Drawings and menus are replaced with their readable
text. A short cell that spans several rows is repeated in each of these rows.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_KEPT_ATTRIBUTES = ("aria-hidden", "class", "hidden", "id", "role", "style")
"""Attributes of a replaced element that are kept, because its visibility depends on them."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_MAX_OPTIONS = 30  # of a menu; longer menus are lists of countries or years
_MAX_CELL_LENGTH = 200  # characters of a repeated cell
_MAX_REPEATED_CELLS = 5000  # of a page


def rewrite(root: HtmlElement) -> None:
    """Rewrite the elements of a page in place."""
    hosts: set[HtmlElement] = set()
    for template in list(root.iter("template")):
        host = template.getparent()
        mode = (template.get("shadowrootmode") or "").lower()
        if mode in ("open", "closed") and host is not None and host not in hosts:
            hosts.add(host)
            _attach_shadow_root(host, template)
    for drawing in list(root.iter("svg")):
        _replace_drawing(drawing)
    for menu in list(root.iter("select")):
        _replace_menu(menu)
    remaining = _MAX_REPEATED_CELLS
    for table in list(root.iter("table")):
        remaining -= _repeat_cells(table, remaining)


def _attach_shadow_root(host: HtmlElement, template: HtmlElement) -> None:
    """Replace a host's content with its declarative shadow root, and fill the root's slots."""
    unnamed: list[HtmlElement | str] = [host.text or ""]
    named: dict[str, list[HtmlElement | str]] = {"": unnamed}
    for child in list(host):
        tail, child.tail = child.tail or "", None
        host.remove(child)
        if child is not template:
            slot = (child.get("slot") or "") if isinstance(child.tag, str) else ""
            named.setdefault(slot, []).append(child)
        unnamed.append(tail)
    slots = [
        slot for slot in template.iter("slot") if next(slot.iterancestors("template")) is template
    ]
    host.text = template.text
    host.extend(list(template))
    for slot_element in slots:
        nodes = named.pop(slot_element.get("name") or "", [])
        if any(not isinstance(node, str) or node.strip() for node in nodes):
            _fill(slot_element, nodes)


def _fill(element: HtmlElement, nodes: list[HtmlElement | str]) -> None:
    """Replace the content of an element with texts and elements."""
    for child in list(element):
        element.remove(child)
    element.text = ""
    last: HtmlElement | None = None
    for node in nodes:
        if not isinstance(node, str):
            element.append(node)
            last = node
        elif last is None:
            element.text += node
        else:
            last.tail = (last.tail or "") + node


def _replace_drawing(drawing: HtmlElement) -> None:
    """Replace an SVG drawing with its texts, separated by spaces.

    A drawing in a heading, or without text, is not changed.
    """
    if drawing.getparent() is None or next(drawing.iterancestors(*_HEADINGS), None) is not None:
        return
    texts = [
        text
        for text in drawing.iter("text", "foreignobject")
        if next(text.iterancestors("text", "foreignobject", "defs", "symbol"), None) is None
    ]
    if texts:
        _become_span(drawing)
        _fill(drawing, [part for text in texts for part in (_drawing_text(text), " ")])
        drawing.text = " "


def _drawing_text(text: HtmlElement) -> HtmlElement:
    for name in ("title", "desc"):
        for note in list(text.iter(name)):
            note.drop_tree()
    for line in text.iter("tspan"):
        if any(line.get(name) is not None for name in ("x", "y", "dy")):
            line.text = f" {line.text or ''}"
    _become_span(text)
    text.tail = None
    return text


def _replace_menu(menu: HtmlElement) -> None:
    """Replace a short menu, such as the sizes of a product, with its options."""
    options = [
        " ".join("".join(option.itertext()).split())
        for option in menu.iter("option")
        if option.get("value") != "" and option.get("hidden") is None
    ]
    words = [option for option in options if any(map(str.isalpha, option))]
    if words and len(options) <= _MAX_OPTIONS:
        _become_span(menu)
        _fill(menu, [f" {', '.join(words)} "])


def _become_span(element: HtmlElement) -> None:
    element.tag = "span"
    for name in set(element.attrib) - set(_KEPT_ATTRIBUTES):
        del element.attrib[name]


_Spanning = dict[int, tuple[int, "HtmlElement"]]
"""Cells that span into the next row, by column, with the number of further rows that they span."""


def _repeat_cells(table: HtmlElement, limit: int) -> int:
    """Repeat the short cells that span several rows of a table; return the number of copies."""
    added = 0
    group = None
    spanning: _Spanning = {}
    for row in table.xpath("./tr | ./*[self::thead or self::tbody or self::tfoot]/tr"):
        if row.getparent() is not group:
            group, spanning = row.getparent(), {}
        spanning, added_to_row = _repeat_in_row(row, spanning, limit - added)
        added += added_to_row
    return added


def _repeat_in_row(row: HtmlElement, above: _Spanning, limit: int) -> tuple[_Spanning, int]:
    """Insert copies of the short cells that span into a row.

    Args:
        row: The row.
        above: The cells of the rows above that span into this row. It is emptied.
        limit: Maximum number of copies.

    Returns:
        The cells that span into the next row, and the number of copies.
    """
    spanning: _Spanning = {}
    column = added = 0
    cells = list(row.iterchildren("td", "th"))

    def insert_from_above(before: HtmlElement | None) -> None:
        nonlocal column, added
        rows, cell = above.pop(column)
        if rows > 1:
            spanning[column] = (rows - 1, cell)
        if cells and added < limit and _is_short(cell):
            copy = deepcopy(cell)
            copy.tail = None
            row.insert(len(row) if before is None else row.index(before), copy)
            added += 1
        column += _span(cell, "colspan")

    for cell in cells:
        while column in above:
            insert_from_above(cell)
        if _span(cell, "rowspan") > 1:
            spanning[column] = (_span(cell, "rowspan") - 1, cell)
        column += _span(cell, "colspan")
    while above:
        column = column if column in above else min(above)
        insert_from_above(None)
    return spanning, added


def _span(cell: HtmlElement, name: str) -> int:
    """Return the value of `rowspan` or `colspan`, 1 by default."""
    text = (cell.get(name) or "").strip()
    is_number = text.isdecimal() and text.isascii() and len(text) < 5
    return max(int(text), 1) if is_number else 1


def _is_short(cell: HtmlElement) -> bool:
    return len(cell) < 5 and 0 < len("".join(cell.itertext()).strip()) < _MAX_CELL_LENGTH
