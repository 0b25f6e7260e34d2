"""The offer of help below a reply that did not know the answer."""

from __future__ import annotations

from sitechat.conf import conf
from sitechat.engine.reply import Reply
from sitechat.engine.unknown_phrases import says_unknown
from sitechat.models import Status

HELP = "help"
"""The offer of the help that the site has: a person, or the contact form."""


def offer_help(reply: Reply, status: str) -> None:
    """Offer help if a complete reply did not know the answer.

    Nothing changes if Claude has offered help in the reply, or if the site has no help to offer.

    Args:
        reply: The reply, before its end is saved.
        status: The final status of the reply.
    """
    if status != Status.COMPLETE or reply.offer or not (conf.CHAT_PERSON or conf.CHAT_CONTACT):
        return
    if reply.did_not_know or says_unknown(reply.text):
        reply.offer = HELP
