"""Selection of the section that answers a question best, by plain word overlap.

`choose` works in these steps:

1. Each section of each passage is a candidate.
2. Rare words of the question get a higher weight (`_Vocabulary`).
3. Each candidate gets a `coverage`, the share of the question's words that it contains, and a
   `score` (`_rate`). The rank and the page of its passage add to the score.
4. The candidate with the best score wins, of those that reach MIN_COVERAGE.
5. The best candidate of another page is added if it is almost as good (`_second`).

Example: The passages are "Delivery takes two days." and "Returns are free.". The question "What
about returns?" chooses the second one, with coverage 1.0. "What colour is the moon?" chooses none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sitechat.standin.answer_languages import ENGLISH, Language
from sitechat.standin.sections import Block, Section, sections
from sitechat.standin.word_stems import nearest, stem, words

MIN_COVERAGE = 0.6
"""Minimum share of the question's words, by weight, that a section must contain."""
MIN_SECOND = 0.85
"""Minimum score of a second page that is mentioned, as a share of the best score."""
_TITLE_WEIGHT = 0.6
"""Weight of a word that occurs only in the page's title."""
_PREVIOUS_WEIGHT = 0.6
"""Weight of a word of the previous question."""
_OVERVIEW = {*words("overview page summarise summarize summary website")}
"""Words of a question about the whole page or site."""
_PAGE = re.compile(r"\b(?:pages?|seite|página|pagina)\b", re.IGNORECASE)
_SITE = re.compile(r"\b(?:web)?(?:site|sitio|sito)\b", re.IGNORECASE)
_HOW = re.compile(r"\W*(?:how|wie|comment|cómo|como|come|hoe)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Passage:
    """A text to answer from: a block of a search result, the text of a tool result, or the page."""

    text: str
    title: str = ""
    """The page's title and the headings above, with " > " between them."""
    url: str = ""
    result: int | None = None
    """The index of the search result that contains the passage; None if no search result does."""
    block: int = 0
    """The index of the passage's block in the search result."""
    citable: bool = False
    """Whether the request enables citations of the passage."""

    @property
    def path(self) -> list[str]:
        """The page's title and the headings above the passage, without repetitions."""
        parts = [part.strip() for part in self.title.split(" > ") if part.strip()]
        return [part for number, part in enumerate(parts) if part not in parts[:number]]


@dataclass(frozen=True)
class Question:
    """A visitor's question."""

    text: str
    before: str = ""
    """The visitor's previous question."""
    page: str = ""
    """The address of the page that the visitor is on."""
    language: Language = ENGLISH

    @property
    def is_overview(self) -> bool:
        """Whether the question only asks what the page or the site is about.

        This is also true of a first question that has only stop words. A question that follows
        another question must mention the page or the site.
        """
        if set(words(self.text, self.language)) - _OVERVIEW:
            return False
        return not self.before or self.is_about_page or _SITE.search(self.text) is not None

    @property
    def is_about_page(self) -> bool:
        """Whether the question mentions a page, which is then the page that the visitor is on."""
        return _PAGE.search(self.text) is not None

    def is_asked_on(self, passage: Passage) -> bool:
        """Return whether the passage belongs to the page that the visitor is on."""
        return bool(self.page) and urlsplit(self.page).path == urlsplit(passage.url).path


@dataclass
class Candidate:
    """A section of a passage, and how well it matches."""

    passage: Passage
    section: Section
    following: list[Section]
    """The sections that follow in the same passage."""
    best: int = 0
    """The index of the block that matches best."""
    coverage: float = 0.0
    """The share of the question's words that the section contains, by weight. Words that are only
    in the title of the page have a lower weight."""
    earlier: float = 0.0
    """The share of the previous question's words that the section contains, by weight."""
    score: float = 0.0
    """The sum by which the candidates are compared; higher is better."""
    wanted: set[str] = field(default_factory=set)
    """The words of the question."""
    asks_how: bool = False
    """Whether the question begins with "how", in any of the languages."""
    under_own_heading: bool = False
    """Whether the question contains more than half of the words of the section's heading."""

    @property
    def has_code(self) -> bool:
        """Whether a block of the section is code."""
        return any(block.kind == "code" for block in self.section.blocks)

    @property
    def heading(self) -> str:
        """The nearest heading, or the page's title if there is none."""
        return self.section.heading or next(iter(self.passage.path[::-1]), "")


def choose(question: Question, passages: Sequence[Passage]) -> list[Candidate]:
    """Return the section that answers best, and one of another page if it is almost as good.

    A question about the whole page or site gets the first section. Without a section that contains
    enough words of the question, return an empty list.

    The weights of the scores were found by trial: `tests/standin/test_questions.py` checks which
    sections they choose.
    """
    found = list(_candidates(passages))
    if not found:
        return []
    vocabulary = _Vocabulary(found)
    wanted = vocabulary.meanings(question.text, question.language)
    before = vocabulary.meanings(question.before, question.language) & vocabulary.known
    if question.is_overview:
        return found[:1]
    if not wanted - _OVERVIEW:
        wanted, before = before, set()
    if not wanted:
        return []
    weights = {word: vocabulary.weight(word) for word in wanted | before}
    # The search puts the page that the visitor is on first, before the best page.
    first = next((each.passage for each in found if not question.is_asked_on(each.passage)), None)
    asks_how = _HOW.match(question.text) is not None
    for rank, each in enumerate(found):
        each.wanted, each.asks_how = wanted, asks_how
        _rate(each, wanted, before - wanted, weights)
        if question.is_asked_on(each.passage):
            each.score += 0.3 * question.is_about_page
        else:
            each.score += 0.2 * (1 - rank / len(found))
        each.score += 0.3 * (first is not None and each.passage.path[:1] == first.path[:1])
        each.score += 0.1 * (asks_how and each.has_code)
    fitting = [each for each in found if each.coverage >= MIN_COVERAGE]
    fitting.sort(key=lambda each: -each.score)
    return [*fitting[:1], *_second(question, fitting)]


def _second(question: Question, fitting: Sequence[Candidate]) -> list[Candidate]:
    """Return a list with the best candidate of another page if it is almost as good, else []."""
    others = [
        each
        for each in fitting[1:]
        if not question.is_asked_on(each.passage)
        and each.passage.path[:1] not in ([], fitting[0].passage.path[:1])
        and each.coverage >= fitting[0].coverage
        and each.earlier >= fitting[0].earlier
        and each.score >= MIN_SECOND * fitting[0].score
    ]
    return others[:1]


def _candidates(passages: Sequence[Passage]) -> list[Candidate]:
    found = []
    for passage in passages:
        parts = sections(passage.text)
        found += [
            Candidate(passage, part, parts[number + 1 :]) for number, part in enumerate(parts)
        ]
    return found


class _Vocabulary:
    """The words of all candidates, and how rare they are."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.own = [
            set(words(" ".join([each.heading, *(block.text for block in each.section.blocks)])))
            for each in candidates
        ]
        """The words of each candidate."""
        titles = [set(words(each.passage.title)) for each in candidates]
        self.known = set().union(*self.own, *titles)
        """The words of all candidates and of the titles of their pages."""

    def weight(self, word: str) -> float:
        """Return the weight of a word. Rarer words have a higher weight.

        A word that no candidate contains weighs as much as a word that one candidate contains. If
        it weighed more, the few sections of a small site could never answer a question with it.
        """
        return math.log(1 + len(self.own) / max(1, sum(word in own for own in self.own)))

    def meanings(self, text: str, language: Language) -> set[str]:
        """Return the words of a question, with similar known words in place of unknown words.

        Unknown words that are probably misspelled stop words are left out.
        """
        found = set()
        for word in words(text, language):
            if word in self.known:
                found.add(word)
            # A short word that resembles a stop word is probably a misspelled stop word.
            elif nearest(word, _STOP_STEMS) is None or len(word) > 6:
                found.add(nearest(word, self.known) or word)
        return found


_STOP_STEMS = frozenset(map(stem, ENGLISH.stop_words))


def _rate(each: Candidate, wanted: set[str], before: set[str], weights: dict[str, float]) -> None:
    """Set how well a candidate matches the words of a question and of the previous one.

    Args:
        each: The candidate.
        wanted: The words of the question.
        before: The other words of the previous question.
        weights: The weights of all these words.
    """
    total = sum(weights[word] for word in wanted)
    heading = set(words(each.heading))
    title = set(words(each.passage.title)) | heading
    blocks = [_counted(block) for block in each.section.blocks]

    def covered(held: set[str]) -> float:
        """Return the share of the question's words in `held`, or with less weight in the title."""
        full = sum(weights[word] for word in wanted & held)
        return (
            full + _TITLE_WEIGHT * sum(weights[word] for word in wanted & (title - held))
        ) / total

    everything = set().union(heading, *blocks)
    by_block = [
        max(covered(part) + 0.01 * len(before & part) for part in _parts(block))
        for block in each.section.blocks
    ]
    each.best = max(range(len(blocks)), key=lambda number: (by_block[number], -number))
    each.coverage = covered(everything) if wanted & set().union(title, *blocks) else 0.0
    own_heading = len(heading & wanted) / len(heading) if heading else 0.0
    each.under_own_heading = own_heading > 0.5
    held_before = sum(weights[word] for word in before & (everything | title))
    each.earlier = held_before / (sum(weights[word] for word in before) or 1.0)
    each.score = (
        0.5 * each.coverage
        + 0.5 * by_block[each.best]
        + 0.35 * own_heading
        + _PREVIOUS_WEIGHT * each.earlier
    )


def _parts(block: Block) -> list[set[str]]:
    """Return the words of each row of a table or item of a list; else those of the whole block."""
    if block.kind in ("table", "list"):
        return [set(words(line)) for line in block.lines]
    return [_counted(block)]


def _counted(block: Block) -> set[str]:
    """Return the words of a block. For code, these are only names with underscores."""
    found = set(words(block.text))
    return {word for word in found if "_" in word} if block.kind == "code" else found
