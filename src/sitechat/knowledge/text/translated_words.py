"""A small dictionary between languages, from `concepts.tsv` and Django's message catalogues.

`concepts.tsv` has 250 concepts of websites and programs in seven languages, one in each line. For
other words, and other languages, there are the catalogues: Django's interface is translated into a
hundred languages. Words that repeatedly occur in the same messages are considered translations:
about 700 pairs for two languages.
"""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import django
from django.utils.translation import to_locale

from sitechat.knowledge.text.search_terms import normalised, plain_words, stem
from sitechat.knowledge.text.stopwords import stop_words

_MIN_DICE = 0.25
"""Minimum Dice coefficient of the messages with two words that count as translations."""
_MAX_COUNTERPARTS = 2
"""Maximum number of translations of a word."""
_MIN_SHARE_OF_BEST = 0.7
"""Minimum Dice coefficient of a second translation, as a share of that of the first."""
_MIN_LENGTH = 3  # letters of a word
_MO_MAGIC = 0x950412DE  # the first bytes of a compiled catalogue
_CODE = re.compile(r"[a-z]{2,3}")
_CONCEPTS = Path(__file__).with_name("concepts.tsv")
_USUAL_LOCALES = {"zh": "zh_Hans", "no": "nb", "nn": "nb"}


def counterparts(source: str, target: str, folder: Path | None = None) -> Mapping[str, list[str]]:
    """Return the translations of words: words of one language by stems of another.

    Args:
        source: The language of the stems, such as "de".
        target: The language of the words, such as "en".
        folder: A folder in which the result is cached for other processes of this host.
    """
    if source == target or not all(map(_CODE.fullmatch, (source, target))):
        return {}
    name = f"dictionary2-{django.get_version()}-{source}-{target}.json"
    return _counterparts(source, target, None if folder is None else folder / name)


@lru_cache(maxsize=16)
def _counterparts(source: str, target: str, file: Path | None) -> Mapping[str, list[str]]:
    if file is not None:
        with suppress(OSError, ValueError):
            known: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))
            return known
    found = _paired(source, target) | _listed(source, target)
    if file is not None:
        with suppress(OSError):
            temporary = file.with_suffix(".new")
            temporary.write_text(json.dumps(found), encoding="utf-8")
            temporary.replace(file)
    return found


def _paired(source: str, target: str) -> dict[str, list[str]]:
    """Pair words by the Dice coefficient of the messages that contain them."""
    stems: Counter[str] = Counter()
    words: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for one, other in _messages(source, target):
        of_one = {stem(word, source) for word in _content(one, source)}
        of_other = _content(other, target)
        stems.update(of_one)
        words.update(of_other)
        both.update((a, b) for a in of_one for b in of_other)
    found: dict[str, list[tuple[float, str]]] = {}
    for (a, b), count in both.items():
        dice = 2 * count / (stems[a] + words[b])
        if dice > _MIN_DICE:
            found.setdefault(a, []).append((-dice, b))
    return {stemmed: _nearest(near) for stemmed, near in found.items()}


def _nearest(near: list[tuple[float, str]]) -> list[str]:
    """Return the best counterparts; the second one only if it is almost as good."""
    best = sorted(near)[:_MAX_COUNTERPARTS]
    return [word for dice, word in best if dice <= _MIN_SHARE_OF_BEST * best[0][0]]


def _listed(source: str, target: str) -> dict[str, list[str]]:
    """Return the words of `concepts.tsv` by their stems."""
    header, *rows = [
        line.split("\t") for line in _CONCEPTS.read_text(encoding="utf-8").splitlines()
    ]
    if source not in header or target not in header:
        return {}
    found: dict[str, list[str]] = {}
    for row in rows:
        own, others = (row[header.index(language)].split() for language in (source, target))
        for word in own:
            known = found.setdefault(stem(word, source), [])
            known += [other for other in others if other not in known]
    return found


def _content(text: str, language: str) -> set[str]:
    return {
        word
        for word in plain_words(normalised(text))
        if len(word) >= _MIN_LENGTH and not word.isdigit() and word not in stop_words(language)
    }


def _messages(source: str, target: str) -> Iterator[tuple[str, str]]:
    """Yield the messages of Django's catalogues that exist in both languages."""
    base = Path(django.__file__).parent
    for locale in sorted([base / "conf" / "locale", *base.glob("contrib/*/locale")]):
        one, other = _catalogue(locale, source), _catalogue(locale, target)
        if one is None and other is None:
            continue
        for message in one if one is not None else other or {}:
            first = message if one is None else one.get(message, "")
            second = message if other is None else other.get(message, "")
            if message and first and second:
                yield _plain(first), _plain(second)


def _plain(message: str) -> str:
    """Return a message without its context, plural and placeholders' percent signs."""
    return message.rpartition("\x04")[2].partition("\0")[0].replace("%", " ")


def _catalogue(locale: Path, language: str) -> dict[str, str] | None:
    """Return a catalogue's translations; None for English, the source language."""
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
    found = {}
    for number in range(count):
        pair = []
        for table in (ids, texts):
            length, at = struct.unpack_from(f"{order}II", data, table + 8 * number)
            pair.append(data[at : at + length].decode())
        found[pair[0]] = pair[1]
    return found
