"""The list of conversations and its search.

`conversation_list_rows` returns the values of its columns. A search reads only a window of
SEARCH_WINDOW conversations, the newest first. The page shows the time of the oldest conversation
that was read, and a link searches the next window of older conversations.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sitechat.admin.date_links import DateLinks
from sitechat.admin.keyset_pagination import KeysetList
from sitechat.admin.list_positions import ListPosition
from sitechat.models import Conversation

if TYPE_CHECKING:
    from sitechat.admin.conversation_list_rows import ConversationOverview

SEARCH_WINDOW = 2000
"""Number of conversations that one search reads."""


class ConversationList(KeysetList):
    """The list of conversations, with a `ConversationOverview` for each row."""

    moment = "updated"
    overviews: list[ConversationOverview]
    dates: DateLinks
    searched_back_to: datetime | None
    """The time of the oldest conversation that a search has read.

    None without a search, if the search has read all conversations, or if the window contains more
    matches than fit on the page.
    """

    def show(self, rows: Sequence[Any]) -> None:
        """Prepare the rows of a page for the template."""
        # Imported here to keep the start fast: only the list needs the overviews.
        from sitechat.admin.conversation_list_rows import conversation_overviews

        self.searched_back_to = self.window_end.moment if self.window_end else None
        self.overviews = conversation_overviews(rows, self.query)
        self.dates = DateLinks.of(self)

    def window(self, found: Any) -> Any:
        """Return the conversations of one window that contain the searched words.

        Without a search, all conversations are returned. If the query is the id of a conversation
        or message, or a username, the matching conversations of the whole list are returned.
        """
        if not self.query:
            return found
        named = Conversation.objects.identified_by(self.query)
        if named is not None:
            return found.filter(pk__in=named.values("pk"))
        last = found.values_list("updated", "pk")[SEARCH_WINDOW - 1 : SEARCH_WINDOW]
        ends = [ListPosition(updated, str(pk)) for updated, pk in last]
        if ends:
            self.window_end = ends[0]
            found = found.filter(ends[0].this_and_newer("updated"))
        return found.containing(self.query)
