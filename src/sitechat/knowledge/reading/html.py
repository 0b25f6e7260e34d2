"""Reading of HTML: the main text of a page, with its headings.

If a page marks its main text (`<main>`, `role="main"`, a single `<article>`), that element is read.
Otherwise Resiliparse selects the main text, if it is installed (`django-sitechat[html]`). Without
it, everything except navigation, headers, footers, asides and forms is read. `docs/search.md`
compares this with other extractors.

`page_to_blocks` converts elements to blocks. It asks `block_elements` which elements start a block,
`frame_elements` which belong to the site's frame, and `visibility` what visitors can see.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sitechat.knowledge.reading import element_rewriting
from sitechat.knowledge.reading.blocks import Block, Content, Unreadable
from sitechat.knowledge.reading.decorations import is_consent_banner
from sitechat.knowledge.reading.frame_elements import is_wrapped_text
from sitechat.knowledge.reading.inline_styles import TextVisibility
from sitechat.knowledge.reading.page_to_blocks import blocks
from sitechat.knowledge.reading.visibility import NEVER_DISPLAYED, Visibility

if TYPE_CHECKING:
    from lxml.html import HtmlElement, HTMLParser

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LINE_BREAK = re.compile(r"</br\s*/?>", re.I)  # browsers treat this end tag as `<br>`
_XML_LANG = ("xml:lang", "{http://www.w3.org/XML/1998/namespace}lang")


def read_html(text: str) -> Content:
    """Read a whole page: its title, language, main text and robots directives.

    The result has no blocks if the page says noindex.

    Raises:
        Unreadable: The page is not readable as HTML, or is nested too deeply.
        MemoryError: The parser needs too much memory.
    """
    root = _parse(text)
    robots = " ".join(
        meta.get("content") or ""
        for meta in root.iter("meta")
        if (meta.get("name") or "").lower() in ("robots", "django-sitechat")
    )
    content = Content(
        title=_title(root),
        language=_language(root),
        noindex=forbids_indexing(robots),
    )
    if content.noindex:
        return content
    visibility = Visibility(root)
    regions = _marked_regions(root, visibility)
    for region in regions:
        content.blocks += blocks(region, visibility)
    if content.blocks:
        content.language = _language(regions[0]) or content.language
        if not any(block.level == 1 for block in content.blocks):
            content.blocks[:0] = _heading_above(regions[0], visibility)
        return content
    if find_spec("resiliparse"):
        content.blocks = _extracted(root, visibility)
    body = root.find("body")
    if not content.blocks and body is not None:
        content.blocks = blocks(body, visibility, is_whole_page=True)
    return content


def read_fragment(text: str) -> Content:
    """Read a fragment of HTML, such as the content of a rich text field.

    All visible text is read, except navigation and cookie banners.

    Raises:
        Unreadable: The text is not readable as HTML, or is nested too deeply.
        MemoryError: The parser needs too much memory.
    """
    if not text.strip():
        return Content()
    root = _parse(text)
    return Content(blocks=blocks(root, Visibility(root)))


def forbids_indexing(directives: str) -> bool:
    """Return whether a robots `<meta>` or an `X-Robots-Tag` header says "noindex" or "none"."""
    return bool({"noindex", "none"} & set(re.split(r"[\s,:]+", directives.lower())))


def _parse(text: str) -> HtmlElement:
    import lxml.html

    parser = lxml.html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = lxml.html.document_fromstring(
            _LINE_BREAK.sub("<br>", _NOT_XML.sub(" ", text)).encode("utf-8", "replace"),
            parser=parser,
        )
    except (lxml.etree.LxmlError, ValueError) as error:
        _raise_if_incomplete(parser)
        raise Unreadable(f"not readable as HTML: {error}") from error
    _raise_if_incomplete(parser)
    element_rewriting.rewrite(root)
    return root


def _raise_if_incomplete(parser: HTMLParser) -> None:
    """Raise Unreadable or MemoryError if the parser stopped in the middle of a page."""
    problems = {entry.type_name for entry in parser.error_log}
    if "ERR_NO_MEMORY" in problems:
        raise MemoryError
    if "ERR_RESOURCE_LIMIT" in problems:
        raise Unreadable("its elements are nested too deeply to be read")


def _title(root: HtmlElement) -> str:
    for title in root.iter("title"):
        parent = title.getparent()
        if parent is None or parent.tag in ("head", "html", "body"):  # an SVG may have a title too
            return " ".join("".join(title.itertext()).split())
    return ""


def _language(element: HtmlElement) -> str:
    """Return the language of an element: its own `lang` or the nearest ancestor's."""
    current: HtmlElement | None = element
    while current is not None:
        language = next(filter(None, map(current.get, ("lang", *_XML_LANG))), None)
        if language:
            return language.strip()
        current = current.getparent()
    return ""


def _marked_regions(root: HtmlElement, visibility: Visibility) -> list[HtmlElement]:
    """Return the elements that the page marks as its main text; empty if it marks no element."""
    for path in ("//main", "//*[translate(@role, 'MAIN', 'main')='main']"):
        matches = [
            element
            for element in root.xpath(path)
            if _is_visible(element, visibility)
            and not any(parent.tag == "main" for parent in element.iterancestors("main"))
        ]
        # A script may show the element around the main text when the page has loaded.
        matches = [
            element for element in matches if _is_within_visible(element, visibility)
        ] or matches
        if matches:
            return matches
    articles = [
        element
        for element in root.xpath("//article[not(ancestor::article)]")
        if _is_visible(element, visibility)
    ]
    # Several articles are usually a list of teasers.
    return articles if len(articles) == 1 else []


def _is_visible(element: HtmlElement, visibility: Visibility) -> bool:
    """Return whether an element is not hidden itself, and is part of the displayed document."""
    return (
        visibility.of(element, TextVisibility()) is not None
        and next(element.iterancestors(*NEVER_DISPLAYED), None) is None
    )


def _is_within_visible(element: HtmlElement, visibility: Visibility) -> bool:
    """Return whether no element around an element is hidden."""
    return all(
        visibility.of(parent, TextVisibility()) is not None for parent in element.iterancestors()
    )


def _heading_above(region: HtmlElement, visibility: Visibility) -> list[Block]:
    """Return the page's only main heading before the marked main text, if there is one.

    Headings with a link are ignored, because they usually are the site's name.
    """
    matches: list[Block] = []
    for heading in region.xpath("preceding::h1[not(ancestor::nav or ancestor::a or .//a)]"):
        if _is_visible(heading, visibility) and _is_within_visible(heading, visibility):
            matches += blocks(heading, visibility)
    return [Block(matches[0].text, 1)] if len(matches) == 1 else []


def _extracted(root: HtmlElement, visibility: Visibility) -> list[Block]:
    """Return the main text that Resiliparse selects, without hidden elements."""
    import lxml.html
    from resiliparse.extract.html2text import extract_plain_text

    _simplify(root, visibility)
    page = lxml.html.tostring(root, encoding="unicode")
    text = extract_plain_text(page, main_content=True, preserve_formatting="minimal_html")
    if not text.strip():
        return []
    extracted = _parse(text)
    return blocks(extracted, Visibility(extracted))


def _simplify(root: HtmlElement, visibility: Visibility) -> None:
    """Remove hidden elements and show panels, because Resiliparse ignores visibility."""
    hidden, shown = [], []
    for element in root.iter():
        if not isinstance(element.tag, str) or element.tag in ("html", "head", "body"):
            continue
        element.attrib.pop("alt", None)  # browsers show the picture instead
        text_visibility = visibility.of(element, TextVisibility())
        if (
            text_visibility is None
            or not text_visibility.is_readable
            or element.tag in NEVER_DISPLAYED - {"head", "title"}
            or is_consent_banner(element)
        ):
            hidden.append(element)
        elif visibility.is_panel(element) or is_wrapped_text(element):
            shown.append(element)
    for element in shown:
        element.tag = "span" if element.tag == "button" else "div"
        element.attrib.clear()
    for element in hidden:
        if element.getparent() is not None:
            element.drop_tree()
