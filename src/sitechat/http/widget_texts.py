"""The texts that the `<site-chat>` element shows, in the language of the page."""

from __future__ import annotations

import json
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import npgettext, pgettext_lazy

PLURAL_SAMPLES = {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 11, "other": 100}
"""For each CLDR plural category, a number that most languages with the category put into it.

For example, `many` means 11 in Arabic and Polish. In French, Spanish and Portuguese it means
millions. There, 11 gives the text of `other`.
"""

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
    "uncopied": pgettext_lazy("chat", "The text could not be copied."),
    "below": pgettext_lazy("chat", "To the end"),
    "wrap": pgettext_lazy("chat", "Wrap lines"),
    "taskDone": pgettext_lazy("chat", "Done"),
    "taskOpen": pgettext_lazy("chat", "Not done"),
    "waiting": pgettext_lazy("chat", "Looking for an answer…"),
    "slow": pgettext_lazy("chat", "Still looking…"),
    "reconnected": pgettext_lazy("chat", "The connection is back."),
    "busy": pgettext_lazy(
        "chat", "Many people are asking right now. Your question is sent again %(time)s."
    ),
    "history": pgettext_lazy("chat", "Your conversations"),
    "current": pgettext_lazy("chat", "Open now"),
    "untitled": pgettext_lazy("chat", "Conversation without a title"),
    "empty": pgettext_lazy("chat", "There are no earlier conversations."),
    "back": pgettext_lazy("chat", "Back to the conversation"),
    "delete": pgettext_lazy("chat", "Delete “%(title)s”"),
    "deleted": pgettext_lazy("chat", "The conversation is being deleted."),
    "undo": pgettext_lazy("chat", "Undo"),
    "edit": pgettext_lazy("chat", "Edit the question"),
    "editing": pgettext_lazy("chat", "You are editing your last question."),
    "askAgain": pgettext_lazy("chat", "Ask again"),
    "earlier": pgettext_lazy("chat", "Show earlier messages"),
    "expand": pgettext_lazy("chat", "Expand"),
    "collapse": pgettext_lazy("chat", "Make smaller"),
    "privacy": pgettext_lazy("chat", "Privacy"),
    "suggested": pgettext_lazy("chat", "Suggested questions"),
    "selection": pgettext_lazy("chat", "Ask about this"),
    "unavailable": pgettext_lazy("chat", "The chat could not be loaded. Please try again."),
    "help": pgettext_lazy("chat", "Contact us"),
    "person": pgettext_lazy("chat", "Talk to a person"),
    "contact": pgettext_lazy("chat", "Leave your contact details"),
    "support": pgettext_lazy("chat", "Support"),
    "writeTo": pgettext_lazy("chat", "Write to %(name)s…"),
    "agree": pgettext_lazy("chat", "Yes, go ahead"),
    "decline": pgettext_lazy("chat", "No, don't"),
    "expired": pgettext_lazy(
        "chat", "There was no answer within five minutes, so nothing was done."
    ),
    "accept": pgettext_lazy("chat", "Accept and continue"),
    "email": pgettext_lazy("chat", "E-mail"),
    "name": pgettext_lazy("chat", "Name"),
    "phone": pgettext_lazy("chat", "Phone"),
    "message": pgettext_lazy("chat", "Message"),
    "optional": pgettext_lazy("chat", "(optional)"),
    "notNow": pgettext_lazy("chat", "Not now"),
    "sendContact": pgettext_lazy("chat", "Send details"),
    "contacted": pgettext_lazy("chat", "Thank you. We have received your details."),
    "awaiting": pgettext_lazy("chat", "Waiting for a person…"),
    "meanwhile": pgettext_lazy("chat", "You can keep asking the assistant."),
    "stopWaiting": pgettext_lazy("chat", "Stop waiting"),
    "joined": pgettext_lazy("chat", "%(name)s has joined."),
    "typing": pgettext_lazy("chat", "%(name)s is typing…"),
    "handBack": pgettext_lazy("chat", "Back to the assistant"),
    "departed": pgettext_lazy("chat", "%(name)s has left. The assistant answers again."),
    "unattended": pgettext_lazy(
        "chat", "Nobody can join the chat at the moment. You can keep asking the assistant."
    ),
    "dismiss": pgettext_lazy("chat", "Hide"),
}
"""The element's texts, by the names that its code uses. The browser replaces `%(…)s`; `%(time)s`
becomes a phrase such as "in 12 minutes" in the page's language."""


def plurals() -> dict[str, dict[str, str]]:
    """Return the texts that contain a number, by name and CLDR plural category."""
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
    """Return all texts in the active language, as a JSON object.

    Texts with a number are objects by CLDR plural category. A category is left out if its text is
    the same as the text of "other".
    """
    words: dict[str, Any] = {name: str(text) for name, text in WORDS.items()}
    for name, forms in plurals().items():
        words[name] = {
            category: text
            for category, text in forms.items()
            if category == "other" or text != forms["other"]
        }
    return json.dumps(words, ensure_ascii=False, separators=(",", ":"))


SHIPPED = frozenset({"ar", "de", "en", "es", "fr", "ja", "pt", "zh-hans"})
"""The languages that the package translates."""

TRANSLATED_SHARE = 0.6
"""The minimum share of texts that a site's own catalog must translate, 0 to 1."""


def is_translated(language: str) -> bool:
    """Return whether the package or the site's own catalog translates enough of the texts."""
    name = language.lower()
    if name in SHIPPED or name.split("-")[0] in SHIPPED:
        return True
    with translation.override("en"):
        english = {name: str(text) for name, text in WORDS.items()}
    with translation.override(language):
        translated = sum(str(text) != english[name] for name, text in WORDS.items())
    return translated >= TRANSLATED_SHARE * len(WORDS)
