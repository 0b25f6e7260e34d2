"""Tests that what visitors read is translated into all languages."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "sitechat"
LOCALE = PACKAGE / "locale"
LANGUAGES = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())
FOR_VISITORS = ("conversations/", "engine/", "errors/", "http/", "people/o")
"""The beginnings of the paths of modules whose texts visitors read. Staff read the others."""

FUNCTIONS = {
    "gettext": ("id",),
    "gettext_lazy": ("id",),
    "_": ("id",),
    "ngettext": ("id", "plural"),
    "ngettext_lazy": ("id", "plural"),
    "pgettext": ("context", "id"),
    "pgettext_lazy": ("context", "id"),
    "npgettext": ("context", "id", "plural"),
    "npgettext_lazy": ("context", "id", "plural"),
}
"""The arguments of Django's functions."""

Key = tuple[str, str]
"""The context and the text of an entry."""


@dataclass
class Entry:
    plural: str
    translations: list[str]


def catalog(language: str) -> dict[Key, Entry]:
    """Return the entries of a language's catalog, without its header."""
    text = (LOCALE / language / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")
    found = {}
    for paragraph in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in paragraph.splitlines():
            if match := re.match(r'(msg\w+(?:\[\d\])?) (".*")$', line):
                name = match[1]
                fields[name] = ast.literal_eval(match[2])
            elif line.startswith('"'):
                fields[name] += ast.literal_eval(line)
        if fields.get("msgid"):
            translations = [value for key, value in fields.items() if key.startswith("msgstr")]
            key = (fields.get("msgctxt", ""), fields["msgid"])
            found[key] = Entry(fields.get("msgid_plural", ""), translations)
    return found


CATALOGS = {language: catalog(language) for language in LANGUAGES}
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def used(path: Path) -> Iterator[Key]:
    """Yield the texts that a module marks for translation."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            name = getattr(function, "id", getattr(function, "attr", ""))
            values = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args]
            found = dict(zip(FUNCTIONS.get(name, ()), values, strict=False))
            if isinstance(found.get("id"), str):
                yield str(found.get("context", "")), str(found["id"])


def visitors_texts() -> set[Key]:
    files = [
        path
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).as_posix().startswith(FOR_VISITORS)
    ]
    return {key for path in files for key in used(path)}


def translated(language: str) -> Iterator[tuple[str, Entry]]:
    """Yield the texts for visitors with their entries."""
    for key in visitors_texts():
        yield key[1], CATALOGS[language][key]


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|\{\w+\}", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_for_visitors_is_missing(language: str) -> None:
    assert sorted(visitors_texts() - set(CATALOGS[language])) == []


def test_all_languages_have_the_same_entries() -> None:
    for language in LANGUAGES:
        assert set(CATALOGS[language]) == set(CATALOGS["en"]), language


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_entry_is_translated_with_its_placeholders(language: str) -> None:
    for text, entry in translated(language):
        allowed = [placeholders(text), placeholders(entry.plural)]
        for translation in entry.translations:
            assert translation.strip(), text
            few = sorted(set(placeholders(text)) - {"%(limit)s", "%(count)s", "%(number)s"})
            assert placeholders(translation) in [*allowed, few], text


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalog_is_that_of_the_sources(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for (context, text), entry in CATALOGS[language].items():
        if not any(entry.translations):
            continue
        if entry.plural:
            forms = {
                compiled.npgettext(context, text, entry.plural, number)
                if context
                else compiled.ngettext(text, entry.plural, number)
                for number in range(120)
            }
            assert forms <= set(entry.translations), text
        else:
            found = compiled.pgettext(context, text) if context else compiled.gettext(text)
            assert [found] == entry.translations, text


def test_languages_have_as_many_plural_forms_as_their_header_says() -> None:
    for language in TRANSLATED:
        path = LOCALE / language / "LC_MESSAGES" / "django.po"
        match = re.search(r"nplurals=(\d)", path.read_text(encoding="utf-8"))
        assert match
        for (_, text), entry in CATALOGS[language].items():
            if entry.plural:
                assert len(entry.translations) == int(match[1]), f"{language}: {text}"
