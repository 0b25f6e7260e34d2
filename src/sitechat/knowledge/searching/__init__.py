"""Search: passages that match a question, best first, limited to the visitor's permissions.

This package imports `index`, `sources`, `reading`, `text`, `audience` and the models.
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
