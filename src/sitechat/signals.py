"""Signals of the app. Exceptions in receivers are logged and have no other effect.

```python
from django.core.mail import mail_admins
from django.dispatch import receiver
from sitechat.signals import budget_reached

@receiver(budget_reached)
def notify(sender, limit, resets, **kwargs):
    mail_admins("Chat budget spent", f"{limit} is spent until {resets}.")
```
"""

from __future__ import annotations

from collections.abc import Mapping

from django.dispatch import Signal

reply_finished = Signal()
"""Sent when a reply has ended, with any status, and its text and usage are saved.

It is sent on a thread of the process that wrote the reply, outside of any request. If that
process died, the request or the `chat_cleanup` that finds the reply sends the signal. If a process
that seemed dead continues and finishes, the signal is sent again with a usage that replaces the
first usage. If you add up usage, keep only the last usage for each `usage.reply_id`.

- `sender`: the class of the bot (`sitechat.Chatbot` or a subclass)
- `reply`: the `sitechat.models.Message`, with its final `status`. None if its conversation was
  deleted in the meantime
- `usage`: the `sitechat.models.Usage`: tokens, dollars and times
"""

limit_reached = Signal()
"""Sent when a limit of CHAT_LIMITS refuses a message for the first time in its window.

A window is one period of a limit, such as the current hour. The signal is sent once for each limit,
identity (session, address, user or site) and window. One of the site's processes sends it, after
the transaction of the message.

Dollar budgets of the site send `budget_reached` instead. If a message is refused only because of
the reservations of running replies, no signal is sent, because reserved amounts are not spent.

- `sender`: the ledger's class
- `limit`: the `sitechat.ledger.limits.Limit` with `scope`, `unit`, `period` and `cap`; `str()`
  returns its entry in CHAT_LIMITS, such as `20 messages/hour`
- `visitor`: the `sitechat.ledger.visitor_identity.Visitor` of the message, which holds hashes and
  no address
- `resets`: the end of the window, an aware datetime
"""

budget_reached = Signal()
"""Sent when a dollar budget of the site refuses a message for the first time in its window.

The signal is sent once for each budget (scope `site`, unit `usd`) and window. One of the site's
processes sends it, after the transaction of the message.

- `sender`: the ledger's class
- `limit`: the `sitechat.ledger.limits.Limit`; `str()` returns its entry, such as `20 usd/day`
- `resets`: the end of the window, an aware datetime
"""

contact_requested = Signal()
"""Sent when a visitor has sent the contact form, after the transaction.

- `sender`: `sitechat.models.Contact`
- `contact`: the `Contact`, with `email`, `name`, `phone`, `message`, `bot`, `page` and
  `conversation`
"""

person_requested = Signal()
"""Sent when a visitor asks for a person (`CHAT_PERSON`), after the request is saved.

It is not sent again while the visitor waits.

- `sender`: the class of the bot
- `handoff`: the `sitechat.models.Handoff` with the conversation, page and language
"""

conversation_started = Signal()
"""Sent when a visitor has started a conversation.

- `sender`: `sitechat.models.Conversation`
- `conversation`: the `Conversation`
"""

reply_rated = Signal()
"""Sent when a visitor has rated a reply, or has removed the rating.

- `sender`: `sitechat.models.Message`
- `reply`: the `Message`, with `rating` (1, -1, or 0 if removed) and `comment`
"""

question_unanswered = Signal()
"""Sent when the review of replies (`reports.unanswered_questions`) lists a new question.

It is not sent for a question that is more than seven days old.

- `sender`: `sitechat.models.Unanswered`
- `unanswered`: the `Unanswered`, with `question`, `reason` and `reply`
"""

consent_given = Signal()
"""Sent when a visitor has accepted the text of CHAT_CONSENT.

- `sender`: `sitechat.models.Consent`
- `consent`: the `Consent`, with `text`, `language` and `user`
"""

budget_nearly_reached = Signal()
"""Sent when 80% of a dollar budget of the site is spent, once per window (see `limit_reached`).

- `sender`: the ledger's class
- `limit`: the `sitechat.ledger.limits.Limit`; `str()` returns its entry, such as `20 usd/day`
- `resets`: the end of the window, an aware datetime
"""

person_joined = Signal()
"""Sent when a person of the site has joined a conversation.

- `sender`: `sitechat.models.Handoff`
- `handoff`: the `Handoff`, with `conversation`, `bot` and the `name` that the visitor sees
"""

handoff_ended = Signal()
"""Sent when a person stops answering in a conversation, or the visitor stops waiting for one.

- `sender`: `sitechat.models.Handoff`
- `handoff`: the `Handoff`
- `reason`: `withdrawn` (by the visitor), `handed_back`, `idle` or `closed`
"""

EVENTS: Mapping[str, Signal] = {
    "conversation_started": conversation_started,
    "reply_finished": reply_finished,
    "reply_rated": reply_rated,
    "question_unanswered": question_unanswered,
    "person_requested": person_requested,
    "person_joined": person_joined,
    "handoff_ended": handoff_ended,
    "contact_requested": contact_requested,
    "consent_given": consent_given,
    "budget_nearly_reached": budget_nearly_reached,
    "budget_reached": budget_reached,
    "limit_reached": limit_reached,
}
"""The signals by the names that CHAT_WEBHOOKS uses."""
