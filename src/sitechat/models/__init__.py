"""The database tables of the chat, one module per subject, all under the app label `sitechat`.

This package imports only `runtime` and the layers below it.
"""

from sitechat.models.approved_answers import ApprovedAnswer
from sitechat.models.bot_texts import BotTexts
from sitechat.models.consents import Consent, ConsentQuerySet
from sitechat.models.contacts import Contact, ContactQuerySet
from sitechat.models.conversation_choices import (
    IN_CHAT,
    Asker,
    HandoffState,
    Role,
    Status,
    ToolState,
)
from sitechat.models.conversations import Conversation, ConversationQuerySet
from sitechat.models.deliveries import Delivery, DeliveryQuerySet
from sitechat.models.handoffs import Handoff, HandoffEntry, HandoffQuerySet
from sitechat.models.jobs import Job
from sitechat.models.knowledge import (
    IndexState,
    Page,
    PageSnapshot,
    Passage,
    SourceFrame,
    stored_key,
    url_hash,
)
from sitechat.models.labels import Label
from sitechat.models.messages import Message, MessageQuerySet
from sitechat.models.reports import PeriodCounts, Summary
from sitechat.models.site_state import SiteState, read_site_state
from sitechat.models.tool_uses import ToolUse, ToolUseQuerySet
from sitechat.models.unanswered import Unanswered
from sitechat.models.usage import Counter, Usage

__all__ = [
    "IN_CHAT",
    "ApprovedAnswer",
    "Asker",
    "BotTexts",
    "Consent",
    "ConsentQuerySet",
    "Contact",
    "ContactQuerySet",
    "Conversation",
    "ConversationQuerySet",
    "Counter",
    "Delivery",
    "DeliveryQuerySet",
    "Handoff",
    "HandoffEntry",
    "HandoffQuerySet",
    "HandoffState",
    "IndexState",
    "Job",
    "Label",
    "Message",
    "MessageQuerySet",
    "Page",
    "PageSnapshot",
    "Passage",
    "PeriodCounts",
    "Role",
    "SiteState",
    "SourceFrame",
    "Status",
    "Summary",
    "ToolState",
    "ToolUse",
    "ToolUseQuerySet",
    "Unanswered",
    "Usage",
    "read_site_state",
    "stored_key",
    "url_hash",
]
