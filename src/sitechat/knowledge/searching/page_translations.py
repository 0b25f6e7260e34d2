"""Selection of one language among the translations of a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from django.conf import settings

from sitechat.knowledge.index import Index
from sitechat.knowledge.searching.search_scope import Scope
from sitechat.knowledge.text.search_terms import base_language, normalised_locale


def in_one_language(
    index: Index,
    scores: Mapping[int, float],
    pages: Mapping[int, int],
    languages: Sequence[str],
    scope: Scope,
) -> tuple[dict[int, float], dict[int, int]]:
    """Return the scores and pages of passages for only one translation of each page.

    Two regions of a language, such as "pt-br" and "pt-pt", are two translations.

    If no passage of the chosen translation was found, its first passage gets the best score of the
    other translations.

    Args:
        index: The index in which the passages were found.
        scores: The scores of passages.
        pages: The pages of the passages.
        languages: The languages that the visitor prefers, with or without a region, the most
            preferred first.
        scope: The pages that may be found. Translations outside of it are ignored.

    Returns:
        The scores and the pages of the remaining passages, both by passage.
    """
    groups = _translation_groups(index, set(pages.values()), scope)
    if not groups:
        return dict(scores), dict(pages)
    preferred = [*languages, normalised_locale(settings.LANGUAGE_CODE)]
    replacements: dict[int, int] = {}
    for group in groups:
        chosen = _preferred_locale(set(group.values()), preferred) or group[min(group)]
        # Several pages in one language are not translations of each other: some sites declare the
        # front page as the translation of every page.
        first = min(page for page, locale in group.items() if locale == chosen)
        replacements.update({page: first for page, locale in group.items() if locale != chosen})
    kept_scores: dict[int, float] = {}
    kept_pages: dict[int, int] = {}
    replaced_scores: dict[int, float] = {}
    for passage, page in pages.items():
        if page not in replacements:
            kept_scores[passage], kept_pages[passage] = scores[passage], page
        else:
            best = replacements[page]
            replaced_scores[best] = max(replaced_scores.get(best, 0.0), scores[passage])
    shown_pages = set(kept_pages.values())
    for page, score in replaced_scores.items():
        if page in shown_pages:
            continue
        # Only another translation of this page matches. Its first passage gets the score.
        row = index.terms.execute("SELECT min(passage) FROM passage WHERE page = ?", [page])
        (passage,) = row.fetchone()
        if passage is not None:
            kept_scores[passage], kept_pages[passage] = score, page
    return kept_scores, kept_pages


def translations_of(index: Index, page: int, scope: Scope) -> set[int]:
    """Return the translations of a page in the scope, in all languages but its own."""
    return {
        other
        for group in _translation_groups(index, {page}, scope)
        for other, locale in group.items()
        if locale != group.get(page, locale)
    }


def languages_of(index: Index, pages: Iterable[int]) -> dict[int, str]:
    """Return the languages of pages, by page.

    Pages that are no longer in the index are left out. An update may remove them during a search.
    """
    return {page: language for page, language, *_ in _rows(index, "id", list(pages))}


def _translation_groups(index: Index, pages: set[int], scope: Scope) -> list[dict[int, str]]:
    """Return the groups of translations to which the given pages belong.

    A group contains only pages of the scope, and is left out if they all have the same locale.

    Returns:
        The locales of the pages of each group, by page.
    """
    names = {name for *_, name in _rows(index, "id", list(pages)) if name}
    by_name: dict[str, dict[int, str]] = {}
    for page, _, locale, name in _rows(index, "translations", list(names), scope):
        by_name.setdefault(name, {})[page] = locale
    return [group for group in by_name.values() if len(set(group.values())) > 1]


def _rows(
    index: Index, column: str, values: Sequence[object], scope: Scope | None = None
) -> list[tuple[int, str, str, str]]:
    restriction, restriction_values = scope.restriction(index, "page.id") if scope else ("", [])
    rows: list[tuple[int, str, str, str]] = []
    for at in range(0, len(values), 500):
        batch = values[at : at + 500]
        rows += index.terms.execute(
            "SELECT id, language, locale, translations FROM page"  # noqa: S608 (the column is ours)
            f" WHERE {column} IN ({','.join('?' * len(batch))}){restriction}",
            [*batch, *restriction_values],
        ).fetchall()
    return rows


def _preferred_locale(locales: Set[str], preferred: Sequence[str]) -> str:
    """Return the locale in the most preferred language; "" if no language is preferred.

    Among several regions of this language, the result is the first one that is preferred, or else
    the language without a region, or else the first one in alphabetical order.
    """
    for wanted in preferred:
        language = base_language(wanted)
        regions = sorted(locale for locale in locales if base_language(locale) == language)
        if regions:
            return next((locale for locale in preferred if locale in regions), regions[0])
    return ""
