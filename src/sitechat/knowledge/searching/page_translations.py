"""Selection of one language among the translations of a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.conf import settings

from sitechat.knowledge.index import Index
from sitechat.knowledge.text.search_terms import base_language


def in_one_language(
    index: Index,
    scores: Mapping[int, float],
    pages: Mapping[int, int],
    languages: Sequence[str],
) -> tuple[dict[int, float], dict[int, int]]:
    """Keep the passages of only one translation of each page.

    Args:
        index: The index in which the passages were found.
        scores: The scores of passages.
        pages: The pages of the passages.
        languages: The languages that the visitor prefers, the best first.

    Returns:
        The remaining scores and pages.
    """
    twins = _twins(index, set(pages.values()))
    if not twins:
        return dict(scores), dict(pages)
    wanted = [*languages, base_language(settings.LANGUAGE_CODE)]
    replacements: dict[int, int] = {}
    for group in twins.values():
        best = _best(group, wanted)
        replacements.update({page: best for page in group if page != best})
    kept_scores: dict[int, float] = {}
    kept_pages: dict[int, int] = {}
    replaced: dict[int, float] = {}
    for passage, page in pages.items():
        if page not in replacements:
            kept_scores[passage], kept_pages[passage] = scores[passage], page
        else:
            best = replacements[page]
            replaced[best] = max(replaced.get(best, 0.0), scores[passage])
    found = set(kept_pages.values())
    for page, score in replaced.items():
        if page in found:
            continue
        # The page itself does not match, but a translation of it does.
        row = index.terms.execute("SELECT min(passage) FROM passage WHERE page = ?", [page])
        (passage,) = row.fetchone()
        if passage is not None:
            kept_scores[passage], kept_pages[passage] = score, page
    return kept_scores, kept_pages


def languages_of(index: Index, pages: Iterable[int]) -> dict[int, str]:
    """Return the languages of pages, by page."""
    return {page: language for page, language, _ in _rows(index, "id", list(pages))}


def _twins(index: Index, pages: set[int]) -> dict[str, dict[int, str]]:
    """Return all translations of the given pages with their languages, by common name."""
    names = {name for *_, name in _rows(index, "id", list(pages)) if name}
    groups: dict[str, dict[int, str]] = {}
    for page, language, name in _rows(index, "translations", list(names)):
        groups.setdefault(name, {})[page] = language
    return {name: group for name, group in groups.items() if len(set(group.values())) > 1}


def _rows(index: Index, column: str, values: Sequence[object]) -> list[tuple[int, str, str]]:
    rows: list[tuple[int, str, str]] = []
    for at in range(0, len(values), 500):
        some = values[at : at + 500]
        rows += index.terms.execute(
            "SELECT id, language, translations FROM page"  # noqa: S608 (the column is ours)
            f" WHERE {column} IN ({','.join('?' * len(some))})",
            list(some),
        ).fetchall()
    return rows


def _best(group: Mapping[int, str], wanted: Sequence[str]) -> int:
    for language in wanted:
        for page, spoken in sorted(group.items()):
            if spoken == language:
                return page
    return min(group)
