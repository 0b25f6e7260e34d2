"""Events of the chat: signals, and deliveries of webhooks and mails that report them.

`announcing` stores the deliveries of an event in the transaction of what happened, and sends the
signal after it. `mails` stores mails. `sender` sends what is due on a thread of its own. Imports
`models` and what is below it.
"""

from sitechat.events.announcing import announce, queue_webhooks
from sitechat.events.mails import Mail, owner_addresses, queue_mail
from sitechat.events.sender import deliver_due, wake, wake_sometimes

__all__ = [
    "Mail",
    "announce",
    "deliver_due",
    "owner_addresses",
    "queue_mail",
    "queue_webhooks",
    "wake",
    "wake_sometimes",
]
