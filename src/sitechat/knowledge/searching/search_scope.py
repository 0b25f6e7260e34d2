"""The scope of a search: pages that the visitor may see and that belong to the bot."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from sitechat.knowledge.index import Index


@dataclass(frozen=True)
class Scope:
    """The pages that a search may find."""

    audiences: Set[str]
    """The visitor's audiences: pages for any of them are included."""
    sources: Sequence[str] = ()
    """Labels of sources, or prefixes of addresses such as "/docs/"; empty for all pages."""

    def restriction(self, index: Index, column: str) -> tuple[str, list[object]]:
        """Return an SQL condition on a column with ids of pages, and its parameters."""
        conditions: list[str] = []
        values: list[object] = []
        if not index.audiences <= self.audiences:
            marks = ",".join("?" * len(self.audiences))
            # A correlated subquery, because a list of all allowed pages may be very long.
            conditions.append(
                "EXISTS (SELECT 1 FROM audience AS heard"  # noqa: S608
                f" WHERE heard.page = {column} AND heard.name IN ({marks}))"
            )
            values += sorted(self.audiences)
        if self.sources:
            either = []
            for source in self.sources:
                if is_prefix(source):
                    either.append("substr(one.url, 1, ?) = ?")
                    values += [len(source), source]
                else:
                    either.append("one.source = ?")
                    values.append(source)
            conditions.append(
                "EXISTS (SELECT 1 FROM page AS one"  # noqa: S608
                f" WHERE one.id = {column} AND ({' OR '.join(either)}))"
            )
        return "".join(f" AND {condition}" for condition in conditions), values

    def includes(self, url: str, source: str) -> bool:
        """Return whether a page belongs to the sources."""
        return not self.sources or any(
            url.startswith(one) if is_prefix(one) else source == one for one in self.sources
        )


def is_prefix(source: str) -> bool:
    """Return whether an entry of `sources` is a prefix of addresses, not a label."""
    return source.startswith(("/", "http://", "https://"))
