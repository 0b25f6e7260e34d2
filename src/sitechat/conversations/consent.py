"""Visitors' consent to the text of CHAT_CONSENT: require it, and record it."""

from __future__ import annotations

from functools import partial
from typing import TypedDict

from django.utils import translation

from sitechat.conf import conf
from sitechat.conversations.visit import Visit
from sitechat.errors import Conflict, ConsentRequired
from sitechat.events import announce
from sitechat.models import IN_CHAT, Consent
from sitechat.runtime import database
from sitechat.safe_text import storable

MAX_COMPARED = 20
"""Maximum number of consents, the visitor's newest, that are compared with the current text."""


class ConsentState(TypedDict):
    """The consent as `GET chat/` shows it."""

    required: bool
    """Whether the site has a text to accept."""
    given: bool
    """Whether the visitor has accepted the text; False if the site has no text."""
    text: str
    """The text in the active language; "" if the site has no text."""


def state(visit: Visit) -> ConsentState:
    """Return the text to accept, if the site has one, and whether the visitor has accepted it."""
    text = _text()
    return {"required": bool(text), "given": bool(text) and is_given(visit), "text": text}


def is_given(visit: Visit) -> bool:
    """Return whether the visitor has accepted the current text, in any language."""
    return _find(visit) is not None


def _find(visit: Visit) -> Consent | None:
    """Return the visitor's consent to the current text, preferably one that names their user.

    Return None if the visitor has not accepted this text.
    """
    user = getattr(visit.user, "pk", None)
    rows = Consent.objects.given_by(visitor=visit.visitor.session, user_pk=user)
    newest = rows.order_by("-created", "-pk")[:MAX_COMPARED]
    current = [row for row in newest if row.text == _text_in(row.language)]
    return min(current, key=lambda row: row.user_id is None, default=None)


def check(visit: Visit) -> None:
    """Raise ConsentRequired if the visitor must accept a text and has not accepted it.

    Messages of commands need no consent. If the visitor has logged in after the consent, the user
    is added to it, so that the chat does not ask again on the user's other devices.
    """
    if visit.command not in IN_CHAT or not (text := _text()):
        return
    given = _find(visit)
    if given is None:
        raise ConsentRequired(text=text)
    user = getattr(visit.user, "pk", None)
    if given.user_id is None and user is not None:
        for attempt in database.attempts():
            with attempt:
                Consent.objects.filter(pk=given.pk, user=None).update(user=user)


def record(visit: Visit, text: str | None = None) -> bool:
    """Record that the visitor accepts the current text, unless it is recorded already.

    Args:
        visit: The visitor who accepts.
        text: The text that the visitor has seen; None if the client has not sent it.

    Returns:
        Whether the site has a text to accept. If not, nothing is recorded.

    Raises:
        Conflict: The text has changed since the visitor saw it.
    """
    current = _text()
    if text is not None and text.strip() != current:
        raise Conflict(_CHANGED)
    if current and not is_given(visit):
        database.retry(partial(_store, visit, current))
    return bool(current)


def _store(visit: Visit, text: str) -> None:
    """Store a consent and announce it, in one transaction."""
    with database.atomic():
        consent = Consent.objects.create(
            visitor=visit.visitor.session or "",
            user_id=getattr(visit.user, "pk", None),
            text=text,
            language=visit.language,
        )
        announce(
            "consent_given",
            sender=Consent,
            data={"text": text, "language": consent.language},
            consent=consent,
        )


_CHANGED = translation.gettext_lazy("The text has changed. Please read it again.")


def _text() -> str:
    """Return the text of CHAT_CONSENT in the active language; "" if the setting is empty."""
    return storable(str(conf.CHAT_CONSENT or "")).strip()


def _text_in(language: str) -> str:
    with translation.override(language or None):
        return _text()
