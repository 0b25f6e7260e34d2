"""The scope of a search: the pages that the visitor may see and that the bot may use."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from sitechat.knowledge.index import Index


@dataclass(frozen=True)
class Scope:
    """The pages that a search may find."""

    audiences: Set[str]
    """The visitor's audiences. The scope includes a page if it has one of these audiences."""
    sources: Sequence[str] = ()
    """Labels of sources, or prefixes of addresses such as "/docs/"; empty for all pages."""

    def restriction(self, index: Index, column: str) -> tuple[str, list[object]]:
        """Return an SQL condition that limits a query to the scope, and its parameters.

        Args:
            index: The search index of the query.
            column: The column with the ids of pages.

        Returns:
            The condition, which begins with " AND "; "" if the scope includes all pages.
        """
        conditions: list[str] = []
        values: list[object] = []
        if not index.audiences <= self.audiences:
            marks = ",".join("?" * len(self.audiences))
            # A correlated subquery, because a list of all allowed pages may be very long.
            conditions.append(
                "EXISTS (SELECT 1 FROM audience AS allowed"  # noqa: S608
                f" WHERE allowed.page = {column} AND allowed.name IN ({marks}))"
            )
            values += sorted(self.audiences)
        if self.sources:
            alternatives = []
            for entry in self.sources:
                if is_prefix(entry):
                    alternatives.append("substr(listed.url, 1, ?) = ?")
                    values += [len(entry), entry]
                else:
                    alternatives.append("listed.source = ?")
                    values.append(entry)
            conditions.append(
                "EXISTS (SELECT 1 FROM page AS listed"  # noqa: S608
                f" WHERE listed.id = {column} AND ({' OR '.join(alternatives)}))"
            )
        return "".join(f" AND {condition}" for condition in conditions), values

    def includes(self, url: str, source: str) -> bool:
        """Return whether a page belongs to the sources. Its audience is not checked."""
        return not self.sources or any(
            url.startswith(entry) if is_prefix(entry) else source == entry for entry in self.sources
        )


def is_prefix(source: str) -> bool:
    """Return whether an entry of `sources` is a prefix of addresses, not a label."""
    return source.startswith(("/", "http://", "https://"))
