"""The stored pages and passages, and the search index that is built from them.

The database rows are authoritative. `indexing_run` writes the rows of all pages, `saved_objects`
and `wagtail` those of changed pages. They store each page with `page_storing`. Each machine builds
its own search index from the rows: `machine_index` builds and updates it, and `open_index` reads
it.

This package imports `sources`, `reading`, `text`, the models, and modules beside this package, such
as `embedders`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sitechat.runtime.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from sitechat.knowledge.index.index_status import status
    from sitechat.knowledge.index.machine_index import current, discard_damaged, refresh
    from sitechat.knowledge.index.open_index import Damaged, Index

__all__ = ["Damaged", "Index", "current", "discard_damaged", "refresh", "status"]

# Imported on first use, to keep the start fast: every process runs the checks, which import
# `index_files`, but few processes open an index.
__getattr__ = lazy_exports(
    __name__,
    {
        "machine_index": ["current", "discard_damaged", "refresh"],
        "index_status": ["status"],
        "open_index": ["Damaged", "Index"],
    },
)
