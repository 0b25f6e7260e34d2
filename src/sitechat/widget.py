"""What the `<site-chat>` element is told: its address, its looks and its words.

Nothing here depends on the visitor: no cookie, no session, no user. A page with the chat on it
can come from a shared cache.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, get_language_bidi, npgettext, pgettext_lazy

from sitechat.conf import conf

INLINE_HEIGHT = 576
"""Pixels that an inline chat takes before its script runs: the element's own 36rem."""

PLURAL_SAMPLES = {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 11, "other": 100}
"""A number of each CLDR plural category, in every language that has the category."""

WORDS: dict[str, str | Promise] = {
    "title": pgettext_lazy("chat", "Assistant"),
    "placeholder": pgettext_lazy("chat", "Ask a question…"),
    "input": pgettext_lazy("chat", "Your message"),
    "open": pgettext_lazy("chat", "Open the chat"),
    "unread": pgettext_lazy("chat", "Open the chat: there is a new answer"),
    "close": pgettext_lazy("chat", "Close the chat"),
    "send": pgettext_lazy("chat", "Send"),
    "stop": pgettext_lazy("chat", "Stop the answer"),
    "retry": pgettext_lazy("chat", "Try again"),
    "copy": pgettext_lazy("chat", "Copy"),
    "copied": pgettext_lazy("chat", "Copied"),
    "good": pgettext_lazy("chat", "Good answer"),
    "bad": pgettext_lazy("chat", "Bad answer"),
    "comment": pgettext_lazy("chat", "Would you like to say more? (optional)"),
    "submit": pgettext_lazy("chat", "Send feedback"),
    "cancel": pgettext_lazy("chat", "Cancel"),
    "thanks": pgettext_lazy("chat", "Thank you for your feedback."),
    "fresh": pgettext_lazy("chat", "New conversation"),
    "confirm": pgettext_lazy("chat", "Start a new conversation? This one will be deleted."),
    "confirmed": pgettext_lazy("chat", "Delete and start anew"),
    "below": pgettext_lazy("chat", "New text below"),
    "conversation": pgettext_lazy("chat", "Conversation"),
    "you": pgettext_lazy("chat", "You"),
    "sources": pgettext_lazy("chat", "Sources"),
    "source": pgettext_lazy("chat", "Source %(number)s: %(title)s"),
    "tab": pgettext_lazy("chat", "(opens in a new tab)"),
    "code": pgettext_lazy("chat", "Code"),
    "table": pgettext_lazy("chat", "Table"),
    "offline": pgettext_lazy("chat", "You are offline. The chat goes on as soon as you are back."),
    "reconnecting": pgettext_lazy("chat", "The connection was lost. Trying to get it back…"),
    "lost": pgettext_lazy("chat", "The connection was lost."),
    "unloaded": pgettext_lazy("chat", "The conversation could not be loaded."),
    "failed": pgettext_lazy("chat", "Something went wrong. Please try again."),
    "truncated": pgettext_lazy("chat", "The answer reached its greatest length and ends here."),
    "stopped": pgettext_lazy("chat", "You stopped this answer."),
    "refused": pgettext_lazy(
        "chat", "The assistant can't help with this. Please ask something else."
    ),
    "interrupted": pgettext_lazy("chat", "The answer was interrupted."),
    "again": pgettext_lazy("chat", "You can write again %(time)s."),
}
"""What the element says, by the name that it knows it by. `%(…)s` is filled in by the browser;
`%(time)s` is a phrase like "in 12 minutes", in the page's language."""


def plurals() -> dict[str, dict[str, str]]:
    """What the element counts, by name and CLDR plural category; the browser chooses by number."""
    return {
        "left": {
            category: npgettext("chat", "%(count)s character left", "%(count)s characters left", n)
            for category, n in PLURAL_SAMPLES.items()
        },
        "over": {
            category: npgettext(
                "chat", "%(count)s character too many", "%(count)s characters too many", n
            )
            for category, n in PLURAL_SAMPLES.items()
        },
    }


def strings() -> str:
    """All the element's words in the active language, as JSON."""
    words: dict[str, Any] = {name: str(text) for name, text in WORDS.items()}
    for name, forms in plurals().items():
        words[name] = {
            category: text
            for category, text in forms.items()
            if category == "other" or text != forms["other"]
        }
    return json.dumps(words, ensure_ascii=False, separators=(",", ":"))


def attributes(
    *, bot: str | None = None, inline: bool = False, current_app: str | None = None
) -> dict[str, str | int | bool | None]:
    """The element's attributes; None and False ones are left out.

    Raises ImproperlyConfigured for a bot that is not in CHAT_BOTS, and NoReverseMatch where the
    site has not included `sitechat.urls`.
    """
    if bot is not None and bot not in conf.CHAT_BOTS:
        known = ", ".join(sorted(conf.CHAT_BOTS))
        raise ImproperlyConfigured(f"There is no bot {bot!r} in CHAT_BOTS, only: {known}.")
    widget = conf.CHAT_WIDGET
    disclosure = widget.get("disclosure", True)
    if disclosure is True:
        disclosure = pgettext_lazy("chat", "You are chatting with an AI. It can make mistakes.")
    language = get_language()
    return {
        "endpoint": reverse("sitechat:chat", current_app=current_app),
        "bot": bot,
        "inline": inline,
        "lang": language,
        "dir": "rtl" if language and get_language_bidi() else "ltr",
        "heading": _text(widget.get("title")),
        "placeholder": _text(widget.get("placeholder")),
        "accent": _text(widget.get("accent")),
        "position": _text(widget.get("position")),
        "disclosure": _text(disclosure or ""),
        "max-length": conf.CHAT_MAX_MESSAGE_LENGTH,
        "strings": strings(),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
