"""Small dictionaries between languages, from `concepts.tsv` and Django's message catalogues.

`concepts.tsv` has about 250 concepts of websites and programs in seven languages, one per line.
Other words and other languages come from the catalogues of Django, whose interface is translated
into a hundred languages. Two words that repeatedly occur in the same messages are considered
translations. This gives about 700 pairs for two languages.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from importlib.metadata import version
from itertools import product
from pathlib import Path

import django
from django.utils.translation import to_locale

from sitechat.knowledge.text.search_terms import normalised, plain_words, stem
from sitechat.knowledge.text.stopwords import stop_words

_MIN_DICE = 0.25
"""Two words are translations if the Dice coefficient of their messages is above this."""
_MAX_TRANSLATIONS = 2
"""Maximum number of translations of a word."""
_MIN_SHARE_OF_BEST = 0.7
"""Minimum Dice coefficient of a second translation, as a share of the first one's coefficient."""
_MIN_LENGTH = 3  # letters of a word
_MO_MAGIC = 0x950412DE  # the first bytes of a compiled catalogue
_CODE = re.compile(r"[a-z]{2,3}")
_CONCEPTS = Path(__file__).with_name("concepts.tsv")
_USUAL_LOCALES = {"zh": "zh_Hans", "no": "nb", "nn": "nb"}
"""The locale of Django that is read for a language, if its name is not the language's code."""


def word_translations(
    source: str, target: str, folder: Path | None = None
) -> Mapping[str, list[str]]:
    """Return a dictionary: words of the target language by stems of the source language.

    Args:
        source: The language of the stems, such as "de".
        target: The language of the words, such as "en".
        folder: A folder in which the result is cached for other processes of this machine.

    Returns:
        The dictionary; empty if the languages are the same or have no common texts, or if a
        language is not a code of two or three letters.
    """
    if source == target or not all(map(_CODE.fullmatch, (source, target))):
        return {}
    if folder is None:
        return _cached_translations(source, target, None)
    name = f"dictionary-{origin_digest(_CONCEPTS.parent)}-{source}-{target}.json"
    return _cached_translations(source, target, folder / name)


@cache
def origin_digest(folder: Path) -> str:
    """Return a digest of what dictionaries are made from, for the names of cached files.

    Machines keep these files after an upgrade.

    Args:
        folder: The folder with this module, the modules that it uses, and `concepts.tsv`.
    """
    versions = (django.get_version(), version("snowballstemmer"))
    digest = hashlib.sha256(" ".join(versions).encode())
    for file in sorted(folder.iterdir()):
        if file.suffix in (".py", ".json", ".tsv"):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=16)
def _cached_translations(source: str, target: str, file: Path | None) -> Mapping[str, list[str]]:
    if file is not None:
        with suppress(OSError, ValueError):
            cached: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))
            return cached
    translations = _from_catalogues(source, target) | _from_concepts(source, target)
    if file is not None:
        with suppress(OSError):
            temporary = file.with_suffix(".new")
            temporary.write_text(json.dumps(translations), encoding="utf-8")
            temporary.replace(file)
    return translations


def _from_catalogues(source: str, target: str) -> dict[str, list[str]]:
    """Return translations by stem: words that repeatedly occur in the same Django messages."""
    stems: Counter[str] = Counter()
    words: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for source_text, target_text in _messages(source, target):
        source_stems = {stem(word, source) for word in _content_words(source_text, source)}
        target_words = _content_words(target_text, target)
        stems.update(source_stems)
        words.update(target_words)
        pairs.update(product(source_stems, target_words))
    candidates: dict[str, list[tuple[float, str]]] = {}
    for (stemmed, word), count in pairs.items():
        dice = 2 * count / (stems[stemmed] + words[word])
        if dice > _MIN_DICE:
            candidates.setdefault(stemmed, []).append((-dice, word))
    return {stemmed: _best(words_of_stem) for stemmed, words_of_stem in candidates.items()}


def _best(candidates: list[tuple[float, str]]) -> list[str]:
    """Return the best translations; the second one only if it is almost as good."""
    best = sorted(candidates)[:_MAX_TRANSLATIONS]
    return [word for dice, word in best if dice <= _MIN_SHARE_OF_BEST * best[0][0]]


def _from_concepts(source: str, target: str) -> dict[str, list[str]]:
    """Return the translations of words in `concepts.tsv`."""
    header, *rows = [
        line.split("\t") for line in _CONCEPTS.read_text(encoding="utf-8").splitlines()
    ]
    if source not in header or target not in header:
        return {}
    translations: dict[str, list[str]] = {}
    for row in rows:
        words, others = (row[header.index(language)].split() for language in (source, target))
        for word in words:
            of_stem = translations.setdefault(stem(word, source), [])
            of_stem += [other for other in others if other not in of_stem]
    return translations


def _content_words(text: str, language: str) -> set[str]:
    """Return the words of a text that are not stop words, numbers or very short."""
    return {
        word
        for word in plain_words(normalised(text))
        if len(word) >= _MIN_LENGTH and not word.isdigit() and word not in stop_words(language)
    }


def _messages(source: str, target: str) -> Iterator[tuple[str, str]]:
    """Yield each message of Django's catalogues in both languages, if both have it."""
    base = Path(django.__file__).parent
    for locale in sorted([base / "conf" / "locale", *base.glob("contrib/*/locale")]):
        sources, targets = _catalogue(locale, source), _catalogue(locale, target)
        if sources is None and targets is None:
            continue
        for message in sources if sources is not None else targets or {}:
            source_text = message if sources is None else sources.get(message, "")
            target_text = message if targets is None else targets.get(message, "")
            if message and source_text and target_text:
                yield _plain(source_text), _plain(target_text)


def _plain(message: str) -> str:
    """Return a message without its context and its plural form, with spaces for percent signs."""
    return message.rpartition("\x04")[2].partition("\0")[0].replace("%", " ")


def _catalogue(locale: Path, language: str) -> dict[str, str] | None:
    """Return the translations of a catalogue; empty if the language has no catalogue.

    The result is None for English, which is the language of the messages.
    """
    if language == "en":
        return None
    name = _USUAL_LOCALES.get(language, to_locale(language))
    folders = [locale / name, *sorted(locale.glob(f"{language}_*"))]
    for folder in folders:
        file = folder / "LC_MESSAGES" / "django.mo"
        with suppress(OSError, struct.error, UnicodeDecodeError):
            return _read_mo(file.read_bytes())
    return {}


def _read_mo(data: bytes) -> dict[str, str]:
    """Read a compiled catalogue, in the format that gettext's manual describes."""
    order = "<" if struct.unpack_from("<I", data)[0] == _MO_MAGIC else ">"
    count, ids, texts = struct.unpack_from(f"{order}III", data, 8)
    translations = {}
    for number in range(count):
        pair = []
        for table in (ids, texts):
            length, at = struct.unpack_from(f"{order}II", data, table + 8 * number)
            pair.append(data[at : at + length].decode())
        translations[pair[0]] = pair[1]
    return translations
