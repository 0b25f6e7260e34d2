"""Tests that all texts are translated into all languages."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import django
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation

from sitechat.checks import setting_checks
from sitechat.http.widget_texts import SHIPPED

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "sitechat"
LOCALE = PACKAGE / "locale"
LANGUAGES = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())

FUNCTIONS = {
    "gettext_noop": ("id",),
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


def test_the_widget_knows_all_languages() -> None:
    assert {name.replace("_", "-").lower() for name in LANGUAGES} == SHIPPED


@cache
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


TRANSLATED = [language for language in LANGUAGES if language != "en"]


USAGE = {"de": ("Verbrauch", "Antworten", "Je Unterh."), "ar": ("الاستهلاك", "الردود")}
"""Words of the admin's page of the usage."""


def used(path: Path) -> Iterator[Key]:
    """Yield the texts that a module marks for translation."""
    source = path.read_text(encoding="utf-8")
    if "gettext" not in source:  # parsing is expensive
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            function = node.func
            name = getattr(function, "id", getattr(function, "attr", ""))
            values = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args]
            found = dict(zip(FUNCTIONS.get(name, ()), values, strict=False))
            if isinstance(found.get("id"), str):
                yield str(found.get("context", "")), str(found["id"])


TRANSLATE = re.compile(
    r"""\{%\s*(?:translate|trans)\s+("[^"]*"|'[^']*')(?:\s+context\s+("[^"]*"|'[^']*'))?"""
)
ARGUMENT = re.compile(r"""_\("([^"]*)"\)""")
"""The texts of a template that stand in a tag, with a context, and in a filter's argument."""

PLURAL = re.compile(r"\{%\s*plural\s*%\}")
BLOCK = re.compile(
    r"\{%\s*blocktrans(?:late)?\b([^%]*)%\}(.*?)\{%\s*endblocktrans(?:late)?\s*%\}", re.DOTALL
)


def used_in_template(path: Path) -> Iterator[Key]:
    """Yield the texts that a template marks for translation, as makemessages writes them."""
    text = path.read_text(encoding="utf-8")
    for found, context in TRANSLATE.findall(text):
        yield context[1:-1], found[1:-1]
    for found in ARGUMENT.findall(text):
        yield "", found
    for options, content in BLOCK.findall(text):
        singular = PLURAL.split(content)[0]
        if "trimmed" in options:
            singular = " ".join(line.strip() for line in singular.strip().splitlines())
        variables = re.sub(r"\{\{\s*(\w+)\s*\}\}", r"%(\1)s", singular.replace("%", "%%"))
        yield "", variables


@cache
def all_texts() -> set[Key]:
    """Return the texts of the whole package."""
    modules = {key for path in PACKAGE.rglob("*.py") for key in used(path)}
    templates = (path for path in PACKAGE.rglob("*") if path.suffix in (".html", ".txt"))
    return modules | {key for path in templates for key in used_in_template(path)}


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)[sr]|\{\w+\}|%\+?[sd]\b|%%", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_or_obsolete(language: str) -> None:
    lacking = all_texts() - set(catalog(language))
    assert not lacking, f"run `make messages`, and translate: {sorted(lacking)}"
    obsolete = set(catalog(language)) - all_texts()
    assert not obsolete, f"run `make messages`: {sorted(obsolete)}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_entry_is_translated_with_its_placeholders(language: str) -> None:
    for (_context, text), entry in catalog(language).items():
        allowed = [placeholders(text), placeholders(entry.plural)]
        for translation_ in entry.translations:
            assert translation_.strip(), text
            # The forms for one and two of some languages say the number in words.
            few = sorted(set(placeholders(text)) - {"%(limit)s", "%(count)s", "%(number)s"})
            assert placeholders(translation_) in ([*allowed, few] if entry.plural else allowed), (
                text
            )


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_entry_is_fuzzy_or_commented_out(language: str) -> None:
    text = (LOCALE / language / "LC_MESSAGES" / "django.po").read_text(encoding="utf-8")
    entries = text.partition("\n\n")[2]
    assert not re.findall(r"^#, .*fuzzy", entries, re.MULTILINE)
    assert not re.findall(r"^#~ ", entries, re.MULTILINE)


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalog_is_that_of_the_sources(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for (context, text), entry in catalog(language).items():
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
        for (_, text), entry in catalog(language).items():
            if entry.plural:
                assert len(entry.translations) == int(match[1]), f"{language}: {text}"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"),
    [("de", 'lang="de"'), ("ar", 'dir="rtl"')],
    ids=["de", "ar"],
)
def test_pages_of_the_admin_are_in_the_language_of_their_user(
    admin_client: Client, language: str, words: str
) -> None:
    page = admin_client.get("/admin/sitechat/usage/", headers={"Accept-Language": language})
    text = page.content.decode()
    assert page.status_code == 200
    for word in [words, *USAGE[language]]:
        assert word in text


def test_checks_use_the_language_that_is_active_when_they_run(settings: Any) -> None:
    settings.CHAT_MAX_TOKENS = "many"
    with translation.override("de"):
        message = next(iter(setting_checks.check_values()))
        assert message.msg == "CHAT_MAX_TOKENS ist 'many', was nicht gültig ist."
        assert message.hint == "Gültig ist: eine ganze Zahl von Tokens, zum Beispiel 1024."
    with translation.override("en"):
        message = next(iter(setting_checks.check_values()))
        assert message.msg == "CHAT_MAX_TOKENS is 'many', which is not valid."


@pytest.mark.django_db
def test_commands_use_the_language_of_the_site(capsys: pytest.CaptureFixture[str]) -> None:
    with translation.override("de"):
        call_command("chat_cleanup", dry_run=True)
    assert capsys.readouterr().out.startswith("Würde löschen: 0 Unterhaltungen mit 0 Nachrichten")


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_is_translated_otherwise_by_django(language: str) -> None:
    """Django's apps usually come first in INSTALLED_APPS, and their translation wins."""
    folder = Path(django.__file__).parent
    theirs = [
        gettext.GNUTranslations(path.open("rb"))
        for path in folder.glob(f"**/locale/{language}/LC_MESSAGES/django.mo")
    ]
    found = {
        text: {other for each in theirs if (other := each.gettext(text)) != text}
        for (context, text), entry in catalog(language).items()
        if not context and not entry.plural
    }
    otherwise = {
        text: others
        for text, others in found.items()
        if others
        and catalog(language)["", text].translations[0].casefold() not in map(str.casefold, others)
    }
    assert not otherwise, "give these texts a context, or the translation of Django"
