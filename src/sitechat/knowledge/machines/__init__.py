"""The site's public pages for other programs: llms.txt and the Model Context Protocol (MCP).

HTTP is handled by `sitechat.http.llms_mcp_views`. This package imports `searching`, `index`,
`audience`, `page_addresses` and the models.
"""

from __future__ import annotations

from sitechat.knowledge.machines.llms_txt import full_text, list_of_pages
from sitechat.knowledge.machines.mcp_messages import (
    BATCH_VERSION,
    MAX_BATCH,
    VERSIONS,
    answer,
    answer_batch,
)

__all__ = [
    "BATCH_VERSION",
    "MAX_BATCH",
    "VERSIONS",
    "answer",
    "answer_batch",
    "full_text",
    "list_of_pages",
]
