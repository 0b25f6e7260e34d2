"""Built-in tools with which Claude offers the visitor a person of the site or the contact form."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from sitechat.chatbot import Chatbot
from sitechat.conversations import edited_bot_texts
from sitechat.conversations.built_in_tools import OfferedTool
from sitechat.conversations.visit import Visit
from sitechat.engine.tool_interface import VisitorOffer
from sitechat.people.contact_form import current_form
from sitechat.people.person_options import is_available, person_options
from sitechat.tools import Tool

NO_ARGUMENTS = {"type": "object", "properties": {}}

PERSON_RESULT = (
    "The visitor now sees a button below your answer that asks a person of the site to join this "
    "chat. Point to it in one sentence. Do not promise that somebody answers at once."
)

CONTACT_RESULT = (
    "The visitor now sees a contact form below your answer. Point to it in one sentence: somebody "
    "of the site will get in touch."
)

NOBODY_RESULT = "Nobody of the site can be reached here at present. Say so, and help as you can."


def _talk_to_person(_visit: Visit) -> VisitorOffer | str:
    if is_available(person_options()):
        return VisitorOffer("person", PERSON_RESULT)
    if current_form() is not None:
        return VisitorOffer("contact", f"Nobody is here at this time. {CONTACT_RESULT}")
    return NOBODY_RESULT


def _offer_contact_form(_visit: Visit) -> VisitorOffer | str:
    if current_form() is not None:
        return VisitorOffer("contact", CONTACT_RESULT)
    return NOBODY_RESULT


talk_to_person = Tool(
    _talk_to_person,
    "talk_to_person",
    status=_("Checking whether somebody is here…"),
    phase="person",
    description=(
        "Offers the visitor to talk to a person of this website. Use it if the visitor asks for "
        "a person, complains, or needs something that you and the site's pages can't do. The "
        "visitor decides."
    ),
    schema=NO_ARGUMENTS,
)

offer_contact_form = Tool(
    _offer_contact_form,
    "offer_contact_form",
    status=_("Opening the contact form…"),
    phase="contact",
    description=(
        "Shows the visitor a form to leave an e-mail address or a phone number, so that somebody "
        "of this website gets in touch. Use it if the visitor wants to be contacted, or wants "
        "something that only the people of the site can do later, such as an offer."
    ),
    schema=NO_ARGUMENTS,
)


def tools(visit: Visit, bot: Chatbot) -> Iterable[OfferedTool]:
    """Yield the tools of this module that the bot's texts and the settings allow."""
    # Opening hours do not change the list, because any change of it invalidates the prompt cache.
    texts = edited_bot_texts.read_texts(bot.name)
    if texts.offers_person and person_options() is not None:
        yield OfferedTool(talk_to_person, visit)
    if texts.offers_contact and current_form() is not None:
        yield OfferedTool(offer_contact_form, visit)
