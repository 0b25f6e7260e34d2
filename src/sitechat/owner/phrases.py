"""The words of a reply that does not know, in a few languages.

They are those that Claude uses where the site's pages do not hold the answer, as the default
system prompt asks for. A guess: a reply may know and use them, or not know and use others.
"""

from __future__ import annotations

import re

SENTENCE = r"[^.!?\n]"

PHRASES = {
    "en": (
        (
            r"\b(?:sites?|pages?|documentation|docs|website|passages?|results?|content)\b"
            rf"{SENTENCE}{{0,60}}\b(?:do|does|did)(?:n't| not)"
            r" (?:\w+ )?(?:tell|say|mention|cover|contain|hold|state|specify|include|list|"
            r"explain)\b"
        ),
        (
            r"\bI (?:do not|don't|could not|couldn't|cannot|can not|can't|was unable to|"
            r"am unable to)"
            r" (?:actually |currently )?(?:know|find|tell|answer|see|have (?:any )?information)\b"
        ),
        r"\bI(?:'m| am) (?:not sure|afraid I (?:do not|don't|cannot|can't))\b",
        r"\bno (?:information|details|mention) (?:on|about|of|regarding)\b",
    ),
    "de": (
        r"\b(?:weiß|weiss) ich (?:leider )?nicht\b",
        (
            rf"\bich (?:weiß|weiss|kann|konnte|finde)\b{SENTENCE}{{0,60}}\b(?:nicht|keine?n?)\b"
            r"(?: (?:finden|beantworten|sagen|wissen|Angaben|Informationen|Antwort)|[.,])"
        ),
        (
            rf"\b(?:Website|Webseite|Seite|Seiten|Dokumentation)\b{SENTENCE}{{0,60}}"
            r"\b(?:nicht|keine|nichts)\b"
            rf"{SENTENCE}{{0,30}}\b(?:dazu|darüber|hervor|erwähnt|angegeben|genannt|Angaben|"
            r"Informationen|Auskunft)\b"
        ),
    ),
    "fr": (
        rf"\bje ne (?:sais|trouve|peux|connais)\b{SENTENCE}{{0,12}}\bpas\b",
        rf"\b(?:le site|la page|les pages|la documentation) ne {SENTENCE}{{0,40}}\bpas\b",
    ),
    "es": (
        r"\bno (?:lo )?(?:sé|encuentro|encontré|he encontrado)\b",
        r"\b(?:el sitio|la página|las páginas) no (?:dicen?|indican?|mencionan?|explican?)\b",
    ),
    "pt": (
        r"\bnão (?:sei|encontrei|encontro)\b",
        r"\b(?:o site|a página|as páginas) não (?:diz|dizem|indicam?|mencionam?|explicam?)\b",
    ),
    "it": (
        r"\bnon (?:lo so|trovo|ho trovato)\b",
        r"\b(?:il sito|la pagina|le pagine) non (?:dice|dicono|(?:indica|riporta|spiega)(?:no)?)\b",
    ),
    "nl": (
        r"\bik weet het niet\b",
        rf"\bik (?:kan|kon)\b{SENTENCE}{{0,40}}\bniet vinden\b",
        r"\b(?:de site|de pagina|de pagina's) (?:zegt|vermeldt|zeggen|vermelden) (?:er )?niet",
    ),
}

UNKNOWN = re.compile("|".join(p for some in PHRASES.values() for p in some), re.IGNORECASE)
