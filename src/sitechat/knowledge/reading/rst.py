"""Reading of reStructuredText, including texts written for Sphinx."""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import Any

from sitechat.knowledge.reading.blocks import Content, Unreadable
from sitechat.knowledge.reading.html import read_fragment

_DIRECTIVE = re.compile(r"^\s*\.\.\s+(?:\|[^|\n]+\|\s+)?([\w:.+-]+?)::(?:\s|$)", re.M)
"""A directive, such as ".. note::"."""
_ROLE = re.compile(r":([\w.+-]+(?::[\w.+-]+)*):`|`:([\w.+-]+(?::[\w.+-]+)*):")
"""The name of a role, before or after its text."""
_TITLE_AND_TARGET = re.compile(r"\A(.+?)\s*<[^<>]*>\Z", re.S)
"""The text of a role with a title and a target, such as "the guide <guide>"."""
_CODE_DIRECTIVES = {"code-block", "sourcecode"}
"""Directives for which docutils needs Pygments. Their content is kept unchanged."""
_TEXTLESS_DIRECTIVES = {
    "toctree",
    "index",
    "currentmodule",
    "module",
    "highlight",
    "contents",
    "meta",
}
"""Directives whose content is not for readers."""
_registry_lock = threading.Lock()  # the registries of docutils are global


def read_rst(text: str) -> Content:
    """Read a text in reStructuredText; see `to_html`.

    Raises:
        Unreadable: docutils is not installed or can't parse the text.
    """
    return read_fragment(to_html(text))


def to_html(text: str) -> str:
    """Convert a text to HTML. Keep the content of unknown directives and the text of unknown roles.

    Returns:
        The content of `<body>`.

    Raises:
        Unreadable: docutils is not installed or can't parse the text.
    """
    try:
        import docutils.core
    except ImportError:
        raise Unreadable(
            "reStructuredText needs docutils: pip install 'django-sitechat[files]'"
        ) from None
    settings = {
        "_disable_config": True,  # a system-wide docutils.conf would override these settings
        "raw_enabled": False,
        "file_insertion_enabled": False,
        "report_level": 5,
        "halt_level": 5,
        "syntax_highlight": "none",
        "doctitle_xform": False,
        "initial_header_level": 1,
        "smart_quotes": False,
    }
    try:
        with _registry_lock:
            _register_names(text)
            parts = docutils.core.publish_parts(text, writer="html5", settings_overrides=settings)
    except MemoryError:
        raise
    except Exception as error:  # docutils raises many types for texts that it can't parse
        raise Unreadable(f"not readable as reStructuredText: {error}") from error
    return str(parts["body"])


def _register_names(text: str) -> None:
    """Register the unknown directives and roles of a text, so that docutils keeps their text.

    docutils drops an unknown directive with all its content. Its registries are global, which is
    harmless here: the child process uses docutils only to read documents.
    """
    from docutils.parsers.rst import directives, roles
    from docutils.parsers.rst.languages import get_language
    from docutils.utils import new_document

    document = new_document("")
    english: Any = get_language("en")
    for name in {match[1].lower() for match in _DIRECTIVE.finditer(text)}:
        if name in _CODE_DIRECTIVES or directives.directive(name, english, document)[0] is None:
            directives.register_directive(name, _content_directive())
    for name in {(match[1] or match[2]).lower() for match in _ROLE.finditer(text)}:
        if roles.role(name, english, 0, document.reporter)[0] is None:
            roles.register_local_role(name, _text_role)


@cache
def _content_directive() -> Any:
    """Return the class of a directive that keeps its arguments and its content."""
    from docutils import nodes
    from docutils.parsers.rst import Directive

    class AnyOption(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            return str

    class KeepContent(Directive):
        optional_arguments = 1000
        has_content = True
        final_argument_whitespace = False

        option_spec = AnyOption()

        def run(self) -> list[nodes.Node]:
            if self.name.lower() in _TEXTLESS_DIRECTIVES:
                return []
            if "code" in self.name or self.name == "console":
                source = "\n".join(self.content)
                return [nodes.literal_block(source, source)]
            paragraphs: list[nodes.Node] = []
            if self.arguments:
                argument = re.sub(r"\s:[\w-]+:.*", "", " ".join(self.arguments))
                paragraphs.append(nodes.paragraph(argument, argument))
            container = nodes.container()
            self.state.nested_parse(self.content, self.content_offset, container)
            return [*paragraphs, *container.children]

    return KeepContent


def _text_role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any,
    options: Any = None, content: Any = None,
) -> Any:  # fmt: skip
    """Keep the text of a role; docutils calls this."""
    from docutils import nodes

    text = _TITLE_AND_TARGET.sub(r"\1", text).lstrip("!")
    if text.startswith("~"):  # Sphinx shows the last part of the name
        text = text.rpartition(".")[2].lstrip("~")
    return [nodes.inline(rawtext, text)], []
