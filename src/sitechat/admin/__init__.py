"""The owner's pages in Django's admin. Django imports this only where the admin is installed."""

from sitechat.admin.conversations import ConversationAdmin
from sitechat.admin.pages import PageAdmin
from sitechat.admin.unanswered import UnansweredAdmin
from sitechat.admin.usage import UsageAdmin

__all__ = ["ConversationAdmin", "PageAdmin", "UnansweredAdmin", "UsageAdmin"]
