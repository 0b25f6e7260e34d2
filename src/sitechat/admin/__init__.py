"""The owner's pages in Django's admin. Django imports this only where the admin is installed."""

from sitechat.admin.conversations import ConversationAdmin
from sitechat.admin.unanswered import UnansweredAdmin
from sitechat.admin.usage import UsageAdmin

__all__ = ["ConversationAdmin", "UnansweredAdmin", "UsageAdmin"]
