"""Signals that a site may connect to. Receivers that raise are logged and change nothing.

```python
from django.dispatch import receiver
from sitechat.signals import budget_reached

@receiver(budget_reached)
def tell_us(sender, limit, resets, **kwargs):
    mail_admins("Chat budget spent", f"{limit} is spent until {resets}.")
```
"""

from __future__ import annotations

from django.dispatch import Signal

reply_finished = Signal()
"""A reply has ended, in whatever way, and is saved and booked.

Sent on a thread of the process that wrote the reply, outside any request. Where that process died,
whoever finds the reply sends it: a visitor's request, or `chat_cleanup`. Should a process that
seemed dead come back and finish, it is sent once more, with the usage that takes the place of the
first: who adds up keeps one usage for each `usage.reply_id`.

- `sender`: the class of the bot (`sitechat.Chatbot` or a subclass)
- `reply`: the `sitechat.models.Message`; its `status` says how it ended. None where its
  conversation was deleted meanwhile
- `usage`: the `sitechat.models.Usage`: tokens, dollars and times
"""

limit_reached = Signal()
"""A limit of CHAT_LIMITS refused a message for the first time in its window.

Sent once per limit, identity (session, address, user or the site) and window, whichever of the
site's processes is first. A site's budget in dollars sends `budget_reached` instead.

- `sender`: the ledger's class
- `limit`: the `sitechat.limits.Limit`: `scope`, `unit`, `period`, `cap`; `str()` is its entry
- `visitor`: the `sitechat.visitors.Visitor` whose message it was; holds hashes, no address
- `resets`: aware datetime at which the window ends
"""

budget_reached = Signal()
"""A site's budget (scope `site`, unit `usd`) refused a message for the first time in its window.

Sent once per budget and window, whichever of the site's processes is first.

- `sender`: the ledger's class
- `limit`: the `sitechat.limits.Limit`; `str()` is its entry, such as `20 usd/day`
- `resets`: aware datetime at which the window ends
"""
