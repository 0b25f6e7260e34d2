"""Tests of the phrases by which unmarked replies that do not know are recognized."""

from __future__ import annotations

import pytest

from sitechat.engine.unknown_phrases import SEARCHED_LENGTH, says_unknown


@pytest.mark.parametrize(
    "text",
    [
        "The site does not tell what a ticket costs.",
        "I don't know that.",
        "I don't know.",
        "I don't know whether dogs are allowed.",
        "I couldn’t find anything about parking.",  # noqa: RUF001 - as Claude writes it
        "The pages of this site don't mention prices. Please call us.",
        "There is no information about refunds.",
        "I'm sorry, but I don't have that information.",
        "Unfortunately, I don't have information about parking.",
        "I don't have any details on that.",
        "The site doesn't say whether dogs are allowed.",
        "I couldn't find this on the site.",
        "That isn't mentioned on the pages I have.",
        "This information is not available on the site.",
        "I wasn't able to find the opening hours.",
        "There's nothing on the site about that.",
        "The search results don't cover this.",
        "I'm afraid I don't know.",
        "I have no information on this.",
        "It's not clear from the pages.",
        "The pages provided do not specify a price.",
        "None of the pages mention it.",
        "I can't answer that from the site's pages.",
        "Sorry, the site says nothing about it.",
        "No pricing information is available.",
        "I'm not sure, please ask at the counter.",
        "I was unable to locate that.",
        "That's not something the site covers.",
        "The documentation doesn't appear to mention it.",
        "Das weiß ich leider nicht.",
        "Dazu habe ich keine Informationen.",
        "Die Website gibt dazu leider keine Auskunft.",
        "Je ne trouve pas cette information.",
        "Je n'ai trouvé aucune information à ce sujet.",
        "No encontré esa información.",
        "Não tenho informações sobre isso.",
        "Il sito non indica il prezzo.",
        "Ik kan dat op de site niet vinden.",
        "申し訳ありませんが、わかりません。",
        "抱歉，我不知道。",  # noqa: RUF001 - as Claude writes it
        "لا أعرف ذلك.",
    ],
)
def test_replies_that_do_not_know_are_recognized_by_their_words(text: str) -> None:
    assert says_unknown(text)


@pytest.mark.parametrize(
    "text",
    [
        *("We are open from 8 to 13.", "", "You need not pay to enter.", "Sure!"),
        "I don't know a better bread than ours!",
        "I don't know anyone who dislikes it: order it today.",
        "You don't have to say anything: the page tells you.",
        "I see no reason to worry: we deliver on Sundays.",
        "I can't tell you how glad we are. Come at 8.",
        "If you don't know your number, look at the invoice.",
        "Do not answer calls that ask for your password.",
        "There is no charge for parking.",
        "Auf dieser Seite finden Sie alles über Brot, nicht nur über Brötchen.",
        "Je ne suis pas une personne, mais je peux vous aider.",
        "If the widget does not open, reload the page.",
        "x" * (SEARCHED_LENGTH + 100) + " I don't know.",
    ],
)
def test_replies_that_know_are_not(text: str) -> None:
    assert not says_unknown(text)
