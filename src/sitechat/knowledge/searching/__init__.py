"""Search: passages that match a question, best first, limited to the visitor's permissions.

`search_queries` answers a query. `ranking` finds and orders the passages, with the help of most
other modules. `recheck` hides pages that are no longer public, and `links` writes addresses as
links for the visitor. `visited_page` reads the page that the visitor is on, if it is not indexed.

This package imports `index`, `sources`, `reading`, `text`, `audience`, `page_addresses` and the
models.
"""

from __future__ import annotations

from sitechat.knowledge.searching.search_queries import (
    Found,
    Query,
    open_page,
    search,
    search_index,
    visible_urls,
)
from sitechat.knowledge.searching.visited_page import read_page

__all__ = ["Found", "Query", "open_page", "read_page", "search", "search_index", "visible_urls"]
