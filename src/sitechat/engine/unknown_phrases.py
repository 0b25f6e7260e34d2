"""Phrases with which replies say that they do not know the answer, in several languages.

Claude marks such replies with a final line (`claude.prompt_notes.UNANSWERED`). The phrases are a
heuristic for replies without the mark: from earlier versions, and from models that do not follow
the prompt.
"""

from __future__ import annotations

import re
from functools import cache

SEARCHED_LENGTH = 600
"""Number of characters that are searched: replies say at their beginning that they do not know."""

SENTENCE = r"[^.!?\n]"
"""A character inside a sentence."""

# Parts of the English phrases.
_SOURCE = (
    r"(?:site|pages?|documentation|docs|website|passages?|(?:search )?results?|content|sources?|"
    r"information (?:I have|provided|available))"
)
_SAYS = (
    r"(?:tell|say|mention|cover|contain|hold|state|specify|include|list|explain|give|provide|"
    r"describe|address|indicate|answer|talk about|have)"
)
_ASKED = r"(?:whether|if|how|what|when|where|who|why|which)"

PHRASES = {
    "en": (
        (
            rf"\b{_SOURCE}\b{SENTENCE}{{0,60}}\b(?:do|does|did)(?:n't| not)"
            rf" (?:\w+ )?(?:(?:seem|appear) to )?{_SAYS}\b"
        ),
        rf"\b{_SOURCE} (?:says?|said|mentions?|contains?|has|have|had) (?:nothing|no )\b",
        (
            r"\b(?:None of|Nothing (?:on|in)) (?:the|this|these|our) "
            rf"(?:\w+ )?{_SOURCE}\b"
        ),
        r"\bthere(?:'s| is| was) nothing\b" + rf"{SENTENCE}{{0,40}}\b{_SOURCE}\b",
        (
            r"\bI (?:also )?(?:do not|don't) (?:actually |currently |really )?"
            r"know(?:(?: any(?:thing)?)?\s*(?:[.!,;:]|$)| (?:that|this|the answer|about)\b|"
            rf" {_ASKED}\b)"
        ),
        (
            r"\bI (?:could not|couldn't|cannot|can not|can't|was unable to|was not able to|"
            r"wasn't able to|am unable to|am not able to|did not|didn't|do not|don't) "
            r"(?:actually |currently |seem to )?(?:find|locate|see)\b"
            rf"{SENTENCE}{{0,20}}\b(?:any|anything|it|that|this|information|details|mention|"
            r"answer|the|your|out)\b"
        ),
        (
            r"\bI (?:cannot|can not|can't|am unable to|am not able to) "
            r"(?:tell (?:you )?(?:that|this|whether|what|when|where|who|which)|"
            r"answer (?:that|this|your|the))\b"
        ),
        (
            r"\bI (?:do not|don't|currently do not) (?:\w+ )?have (?:\w+ ){0,3}"
            r"(?:information|details|data|answer|knowledge|access to)\b"
        ),
        r"\bI have no (?:\w+ )?(?:information|details|data|answer|idea)\b",
        r"\bI(?:'m| am) (?:not (?:sure|certain|aware of)|afraid I (?:do not|don't|cannot|can't))\b",
        (
            r"\bno (?:\w+ )?(?:information|details|mention)\b"
            rf"{SENTENCE}{{0,20}}\b(?:on|about|of|regarding|available|given|listed|here|there)\b"
        ),
        (
            r"\b(?:is|are|'s)(?:n't| not) (?:\w+ )?(?:mentioned|covered|listed|stated|specified|"
            r"described|documented|available|included|given|clear|answered) "
            rf"(?:anywhere |by |on |in |from )*(?:the |this |our |these )*(?:\w+ )?{_SOURCE}\b"
        ),
        rf"\bnot something (?:that )?(?:the|this|our|these) (?:\w+ )?{_SOURCE}\b",
        (
            r"\byou(?:'d| would|'ll| will) (?:have|need) to (?:ask|contact|call)\b"
            rf"{SENTENCE}{{0,60}}\b(?:find out|to know)\b"
        ),
    ),
    "de": (
        r"\b(?:weiß|weiss) ich (?:leider |es )?nicht\b",
        (
            r"\bich (?:weiß|weiss|kann|konnte|finde|habe)\b"
            rf"{SENTENCE}{{0,60}}\b(?:nicht|nichts|keine?n?)\b"
            r"(?: (?:\w+ )?(?:finden|beantworten|sagen|wissen|Angaben?|Informationen?|Antwort|"
            r"gefunden)|[.,:;])"
        ),
        (
            rf"\b(?:Website|Webseite|Seite|Seiten|Dokumentation)\b{SENTENCE}{{0,60}}"
            r"\b(?:nicht|keine|nichts)\b"
            rf"{SENTENCE}{{0,30}}\b(?:dazu|darüber|hervor|erwähnt|angegeben|genannt|Angaben|"
            r"Informationen|Auskunft|beschrieben)\b"
        ),
        (
            r"\b(?:dazu|darüber|hierzu) (?:\w+ ){0,4}"
            r"(?:keine (?:\w+ )?(?:Angaben?|Information)|nichts)"
        ),
        r"\bgibt es (?:\w+ )?keine (?:\w+ )?(?:Angaben?|Informationen?|Auskunft)\b",
    ),
    "fr": (
        rf"\bje ne (?:sais|trouve|peux|connais|dispose|parviens)\b{SENTENCE}{{0,12}}\bpas\b",
        r"\bje n'ai (?:pas|rien|aucune) (?:\w+ )?(?:trouvé|information|réponse|d'information)",
        (
            r"\b(?:le site|la page|les pages|la documentation) n[e']"
            rf"{SENTENCE}{{0,40}}\b(?:pas|rien)\b"
        ),
        r"\baucune (?:information|précision|mention)\b",
    ),
    "es": (
        r"\bno (?:lo )?(?:sé|encuentro|encontré|he encontrado)\b",
        r"\bno (?:tengo|dispongo de|hay) (?:\w+ )?(?:información|datos|detalles)\b",
        (
            r"\b(?:el sitio|la página|las páginas) no (?:dicen?|indican?|mencionan?|explican?|"
            r"especifican?)\b"
        ),
    ),
    "pt": (
        r"\bnão (?:sei|encontrei|encontro|consegui encontrar)\b",
        r"\bnão (?:tenho|há|disponho de) (?:\w+ )?(?:informaç(?:ão|ões)|dados|detalhes)\b",
        (
            r"\b(?:o site|a página|as páginas) não (?:diz|dizem|indicam?|mencionam?|explicam?|"
            r"especificam?)\b"
        ),
    ),
    "it": (
        r"\bnon (?:lo so|trovo|ho trovato)\b",
        r"\bnon (?:ho|ci sono|dispongo di) (?:\w+ )?(?:informazioni|dettagli|dati)\b",
        r"\b(?:il sito|la pagina|le pagine) non (?:dice|dicono|(?:indica|riporta|spiega)(?:no)?)\b",
    ),
    "nl": (
        r"\bik weet het niet\b",
        rf"\bik (?:kan|kon)\b{SENTENCE}{{0,40}}\bniet vinden\b",
        r"\bik heb (?:\w+ )?geen (?:\w+ )?(?:informatie|gegevens)\b",
        r"\b(?:de site|de pagina|de pagina's) (?:zegt|vermeldt|zeggen|vermelden) (?:er )?niet",
    ),
    "ja": (
        r"(?:わかりません|分かりません|見つかりません)",
        r"記載(?:が|は)?(?:ありません|されていません)",
    ),
    "zh": (r"(?:我不知道|我不清楚|没有找到|找不到|没有提到|没有提及|沒有找到|沒有提到)",),
    "ar": (r"(?:لا أعرف|لا أعلم|لم أجد|لا أجد|لا يذكر الموقع|لا تتوفر معلومات)",),
}


@cache
def _unknown() -> re.Pattern[str]:
    """Return the pattern of all phrases. It is compiled at first use, to keep the start fast."""
    phrases = [phrase for of_language in PHRASES.values() for phrase in of_language]
    return re.compile("|".join(phrases), re.IGNORECASE)


def says_unknown(text: str) -> bool:
    """Return whether a reply says at its beginning that it does not know."""
    return _unknown().search(text[:SEARCHED_LENGTH].replace("\u2019", "'")) is not None
