"""The stand-in's own sentences, in the language of the question."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Language:
    """The sentences of a language, and the words by which it is recognized."""

    page: str
    """Introduces a passage of the page `{page}`."""
    section: str
    """Introduces a passage under the heading `{section}` of the page `{page}`."""
    more: str
    """Refers to a second page."""
    unknown: str
    """Says that the site's pages do not have the answer."""
    greeting: str
    """The answer to a greeting."""
    stop_words: frozenset[str]
    """Common words, by which the language is recognized. They are not searched for."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = Language(
    page="The page “{page}” says:",
    section="The page “{page}” says, under “{section}”:",
    more="The page “{page}” has more about this.",
    unknown="I'm sorry, I could not find anything about that on this site's pages.",
    greeting="Hello! Ask me something about this site, and I look it up on its pages.",
    stop_words=_words(
        "a about again all also am an and any anything are as at be been but by can could did do "
        "does else every for from get give given had happen happens has have hello help here hey "
        "hi how i if in instead into is it its just kind know let like long make many may me "
        "might more much must my need no not of on or our out own per please put run runs say "
        "says shall should show site so some take takes tell than thank thanks that the their "
        "them then there these they thing this those to too up us use using want was way we were "
        "what when where whether which who why will with work works would you your"
    ),
)

LANGUAGES = (
    ENGLISH,
    Language(
        page="Auf der Seite „{page}“ steht:",
        section="Auf der Seite „{page}“ steht unter „{section}“:",
        more="Mehr darüber steht auf der Seite „{page}“.",
        unknown="Das weiß ich leider nicht: Auf den Seiten dieser Website steht nichts darüber.",
        greeting="Hallo! Fragen Sie mich etwas über diese Website.",
        stop_words=_words(
            "aber als am an auch auf aus bei bitte da das dass dem den der des die dies diese "
            "dieser du ein eine einen einer es für gibt haben hallo hat ich im in ist kann können "
            "man mein meine mich mir mit muss nach nicht oder sich sie sind so soll über um und "
            "uns von wann warum was welche welchen welcher welches wenn wer werden wie wir wird "
            "wo zu zum zur"
        ),
    ),
    Language(
        page="La page « {page} » dit :",
        section="La page « {page} » dit, sous « {section} » :",
        more="La page « {page} » en dit plus.",
        unknown="Je ne sais pas : je n'ai rien trouvé à ce sujet sur les pages de ce site.",
        greeting="Bonjour ! Posez-moi une question sur ce site.",
        stop_words=_words(
            "ai au aux avec bonjour ce cela ces cette comment dans de des du elle en est et il "
            "ils je la le les leur ma mais me mes moi mon ne nous où ou par pas peut peux pour "
            "pourquoi qu quand que quel quelle quelles quels qui quoi sa se ses si son sont sur "
            "un une vous y"
        ),
    ),
    Language(
        page="La página «{page}» dice:",
        section="La página «{page}» dice, bajo «{section}»:",
        more="La página «{page}» dice más sobre esto.",
        unknown="Lo siento, no encuentro nada sobre eso en las páginas de este sitio.",
        greeting="¡Hola! Pregúntame algo sobre este sitio.",
        stop_words=_words(
            "al como cómo con cual cuál cuando cuándo de del donde dónde el ella en es esta este "
            "esto hay hola la las lo los me mi mis no o para pero por porque puede puedo que qué "
            "quien quién se si sin sobre son su sus tengo tiene un una y yo"
        ),
    ),
    Language(
        page="La pagina «{page}» dice:",
        section="La pagina «{page}» dice, sotto «{section}»:",
        more="La pagina «{page}» dice di più.",
        unknown="Mi dispiace, non ho trovato nulla al riguardo nelle pagine di questo sito.",
        greeting="Ciao! Chiedimi qualcosa su questo sito.",
        stop_words=_words(
            "al alla anche che chi ciao come con cosa da dal dei del della di dove e è gli ha ho "
            "i il in io la le lo ma mi mio nel non o per perché posso può quale quali quando "
            "quanto questa questo se si sono su un una"
        ),
    ),
    Language(
        page="A página “{page}” diz:",
        section="A página “{page}” diz, em “{section}”:",
        more="A página “{page}” diz mais sobre isto.",
        unknown="Desculpe, não encontrei nada sobre isso nas páginas deste site.",
        greeting="Olá! Pergunte-me algo sobre este site.",
        stop_words=_words(
            "à ao as às com como da das de do dos e é em essa esse esta este eu há isso isto mas "
            "me meu minha na não nas no nos o olá onde os ou para pela pelo por porque posso qual "
            "quais quando que quem se sem são seu sobre sua tem um uma"
        ),
    ),
    Language(
        page="Op de pagina “{page}” staat:",
        section="Op de pagina “{page}” staat onder “{section}”:",
        more="Meer hierover staat op de pagina “{page}”.",
        unknown="Sorry, ik weet het niet: op de pagina's van deze site staat hierover niets.",
        greeting="Hallo! Vraag me iets over deze site.",
        stop_words=_words(
            "aan als bij daar dat de deze die dit door een en er het hallo heb heeft hier hij hoe "
            "ik in is je kan maar me met mij mijn moet naar niet of om ook op over te tot uit van "
            "voor waar waarom wanneer was wat we welke wie wij wil worden wordt ze zijn"
        ),
    ),
)


def language_of(text: str) -> Language:
    """Return the language with the most common words in the text; by default English."""
    found = _WORD.findall(text.lower())
    # If several languages have the same count, max() returns the first. English is the first.
    return max(LANGUAGES, key=lambda each: sum(word in each.stop_words for word in found))
