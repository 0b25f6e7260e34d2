"""Events of the chat: their signals, and the webhooks and mails that report them.

A delivery is the row of one webhook request or one mail. `announcing` stores the deliveries of an
event in the transaction that writes the change, and sends its signal after the commit. `mail_queue`
stores mails. `delivery_threads` sends due deliveries on separate threads. This package imports
`models` and the layers below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sitechat.runtime.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from sitechat.events.announcing import announce, queue_webhooks
    from sitechat.events.delivery_threads import deliver_due, wake, wake_sometimes
    from sitechat.events.mail_queue import Mail, queue_mail
    from sitechat.events.mail_recipients import owner_addresses

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

# Imported lazily to keep the start fast: every process runs the checks, which import only
# `mail_recipients` and `webhooks`. `delivery_threads` imports libraries for mails.
__getattr__ = lazy_exports(
    __name__,
    {
        "announcing": ["announce", "queue_webhooks"],
        "mail_queue": ["Mail", "queue_mail"],
        "mail_recipients": ["owner_addresses"],
        "delivery_threads": ["deliver_due", "wake", "wake_sometimes"],
    },
)
