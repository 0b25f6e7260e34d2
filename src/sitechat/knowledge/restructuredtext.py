"""reStructuredText to HTML, also where it was written for Sphinx."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .blocks import Unreadable

_DIRECTIVE = re.compile(r"^\s*\.\.\s+(?:\|[^|\n]+\|\s+)?([\w:.+-]+?)::(?:\s|$)", re.M)
_ROLE = re.compile(r":([\w.+-]+(?::[\w.+-]+)*):`|`:([\w.+-]+(?::[\w.+-]+)*):")
_TITLE_AND_TARGET = re.compile(r"\A(.+?)\s*<[^<>]*>\Z", re.S)
_WITHOUT_TEXT = {"toctree", "index", "currentmodule", "module", "highlight", "contents", "meta"}
_registry = threading.Lock()


def to_html(text: str) -> str:
    """The body as HTML. Unknown directives keep their content, unknown roles their text.

    Raises `Unreadable` where docutils isn't installed or gives up on the text.
    """
    try:
        import docutils.core
    except ImportError:
        raise Unreadable(
            "reStructuredText needs docutils: pip install 'django-sitechat[files]'"
        ) from None
    settings = {
        "raw_enabled": False,
        "file_insertion_enabled": False,
        "report_level": 5,
        "halt_level": 5,
        "syntax_highlight": "none",
        "doctitle_xform": False,
        "initial_header_level": 1,
        "smart_quotes": False,
        "line_length_limit": 1_000_000,
    }
    try:
        with _registry, _lenient(text):
            parts = docutils.core.publish_parts(text, writer="html5", settings_overrides=settings)
    except Exception as error:  # docutils raises many kinds on texts that it can't follow
        raise Unreadable(f"not readable as reStructuredText: {error}") from error
    return str(parts["body"])


@contextmanager
def _lenient(text: str) -> Iterator[None]:
    """Know the directives and roles of this text, for as long as it is parsed.

    docutils drops an unknown directive with all its content, and its registries are the process's:
    the names are taken out again, so that no other user of docutils sees them.
    """
    from docutils import nodes
    from docutils.parsers.rst import Directive, directives, roles

    class Keep(Directive):
        optional_arguments = 1000
        has_content = True
        final_argument_whitespace = False

        class option_spec(dict[str, Any]):  # any option is fine
            def __getitem__(self, key: str) -> Any:
                return str

        option_spec = option_spec()  # type: ignore[assignment,misc]

        def run(self) -> list[nodes.Node]:
            if self.name.lower() in _WITHOUT_TEXT:
                return []
            kept: list[nodes.Node] = []
            if self.arguments and "code" not in self.name:
                argument = re.sub(r"\s:[\w-]+:.*", "", " ".join(self.arguments))
                kept.append(nodes.paragraph(argument, argument))
            if "code" in self.name or self.name == "console":
                source = "\n".join(self.content)
                return [nodes.literal_block(source, source)]
            box = nodes.container()
            self.state.nested_parse(self.content, self.content_offset, box)
            return [*kept, *box.children]

    def keep(
        name: str, rawtext: str, text: str, lineno: int, inliner: Any,
        options: Any = None, content: Any = None,
    ) -> tuple[list[nodes.Node], list[nodes.Node]]:  # fmt: skip
        text = _TITLE_AND_TARGET.sub(r"\1", text).lstrip("!")
        if text.startswith("~"):  # Sphinx: show the last part of the name
            text = text.rpartition(".")[2].lstrip("~")
        return [nodes.inline(rawtext, text)], []

    known: dict[str, Any] = vars(directives)["_directives"]
    known_roles: dict[str, Any] = vars(roles)["_roles"]
    names = {match[1].lower() for match in _DIRECTIVE.finditer(text)}
    role_names = {(match[1] or match[2]).lower() for match in _ROLE.finditer(text)}
    from docutils.parsers.rst.languages import en

    added = names - set(en.directives) - set(known)
    added |= {"code-block", "sourcecode"} & (names - set(known))
    added_roles = role_names - set(en.roles) - set(known_roles)
    known.update(dict.fromkeys(added, Keep))
    known_roles.update(dict.fromkeys(added_roles, keep))
    try:
        yield
    finally:
        for name in added:
            del known[name]
        for name in added_roles:
            del known_roles[name]
