"""The owner's pages in Django's admin, one module per page.

Django imports this package only if its admin is installed. The package imports `people`, `reports`
and the layers below them. No other package imports it.
"""

from sitechat.admin.approved_answers import ApprovedAnswerAdmin
from sitechat.admin.contact_list import ContactAdmin
from sitechat.admin.conversations import ConversationAdmin
from sitechat.admin.deliveries import DeliveryAdmin
from sitechat.admin.edited_texts import BotTextsAdmin
from sitechat.admin.inbox import HandoffAdmin
from sitechat.admin.pages import PageAdmin
from sitechat.admin.unanswered import UnansweredAdmin
from sitechat.admin.usage import UsageAdmin

__all__ = [
    "ApprovedAnswerAdmin",
    "BotTextsAdmin",
    "ContactAdmin",
    "ConversationAdmin",
    "DeliveryAdmin",
    "HandoffAdmin",
    "PageAdmin",
    "UnansweredAdmin",
    "UsageAdmin",
]
