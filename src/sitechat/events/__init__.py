"""Events of the chat: their signals, and the webhooks and mails that report them.

`announcing` stores the deliveries of an event in the event's own transaction, and sends its signal
after the commit. `mails` stores mails. `sender` sends due deliveries on separate threads. Imports
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
