"""Regression tests of prompts: questions and the expected properties of their answers.

`Suite.parse` validates a parsed YAML file and reports what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from time import perf_counter
from typing import Any

from django.utils.translation import gettext as _

from sitechat.conf import conf
from sitechat.conversations.incoming import IncomingMessage
from sitechat.engine.live import LiveReply
from sitechat.errors import ChatError
from sitechat.models import ApprovedAnswer, Status
from sitechat.reports import asking, judging
from sitechat.reports.judging import Verdict
from sitechat.reports.phrases import says_unknown

SUITE_KEYS = ("bot", "judge", "cases")
CASE_KEYS = (
    *("ask", "bot", "page", "after", "must_mention", "must_not_mention", "must_cite"),
    *("must_refuse", "judged"),
)

AFTER_KEYS = ("ask", "answer")

Words = tuple[tuple[str, ...], ...]
"""Expected words. Each entry is a list of alternatives, of which one must occur."""


class InvalidSuite(ValueError):
    """A suite is invalid. The message says where, and what would be valid."""


@dataclass(frozen=True)
class Case:
    """A question and the expected properties of its answer."""

    ask: str
    bot: str | None = None
    page: str = ""
    after: tuple[tuple[str, str], ...] = ()
    """The questions and answers before it, in the same conversation."""
    must_mention: Words = ()
    must_not_mention: Words = ()
    must_cite: Words = ()
    must_refuse: bool | None = None
    judged: str = ""


@dataclass(frozen=True)
class Suite:
    """The cases of one file."""

    cases: Sequence[Case]
    judge: str = ""
    """The model of the judge; the bot's own model if empty."""

    @classmethod
    def parse(cls, data: Any) -> Suite:
        """Return the suite of a parsed YAML file.

        Raises:
            InvalidSuite: The file has an unknown key or an invalid value.
        """
        if not isinstance(data, Mapping):
            raise InvalidSuite(
                _("The file must hold a mapping with %(names)s.") % {"names": ", ".join(SUITE_KEYS)}
            )
        _only(data, SUITE_KEYS, _("The file"))
        cases = data.get("cases")
        if not isinstance(cases, list) or not cases:
            raise InvalidSuite(_('"cases" must be a list of questions, each with "ask".'))
        bot = _text(data, "bot", _("The file")) or None
        return cls(
            cases=[
                _case(case, _("Case %(n)s") % {"n": n}, bot)
                for n, case in enumerate(cases, start=1)
            ],
            judge=_text(data, "judge", _("The file")),
        )

    @classmethod
    def of_approved_answers(cls) -> Suite:
        """Return a case for each active approved answer that everybody gets.

        Each case expects that the bot cites the answer and says the same.
        """
        everybody = ApprovedAnswer.Audience.PUBLIC
        answers = ApprovedAnswer.objects.filter(active=True, audience=everybody)
        return cls([_case_of(answer) for answer in answers.order_by("pk") if answer.wordings])

    def asks(self, bot: str | None = None) -> list[tuple[Case, IncomingMessage]]:
        """Return each case with the message that asks its question.

        Args:
            bot: The bot for cases that name none.

        Raises:
            InvalidSuite: The chat would reject a question.
        """
        cases = enumerate(self.cases, start=1)
        return [(case, _understood(case, _("Case %(n)s") % {"n": n}, bot)) for n, case in cases]


@dataclass
class Result:
    """An answer and its failures."""

    case: Case
    text: str = ""
    sources: list[str] = field(default_factory=list)
    status: str = ""
    failures: list[str] = field(default_factory=list)
    dollars: float = 0.0
    """The cost of the answer and of its judge."""
    milliseconds: int = 0
    """The duration of the answer, without its judge."""
    titles: list[str] = field(default_factory=list)
    """The titles of the sources; approved answers may have no address."""
    did_not_know: bool = False
    """Whether Claude marked that the answer lacks what was asked for."""
    verdict: Verdict | None = None
    """The verdict of the judge; None if it was not asked."""

    @property
    def passed(self) -> bool:
        """Return whether the answer met every expectation."""
        return not self.failures

    @property
    def was_answered(self) -> bool:
        """Return whether there was an answer, and a verdict if one was asked for."""
        no_verdict = self.verdict is not None and self.verdict.meets is None
        return self.status not in (Status.FAILED, Status.INTERRUPTED) and not no_verdict

    def as_dict(self) -> dict[str, Any]:
        """Return the result as `--json` prints it."""
        return {
            "ask": self.case.ask,
            "passed": self.passed,
            "failures": self.failures,
            "text": self.text,
            "sources": self.sources,
            "status": self.status,
            "dollars": self.dollars,
            "milliseconds": self.milliseconds,
            "verdict": self.verdict.as_dict() if self.verdict is not None else None,
        }


def _case(data: Any, where: str, bot: str | None) -> Case:
    if not isinstance(data, Mapping):
        raise InvalidSuite(_('%(where)s must be a mapping with "ask".') % {"where": where})
    _only(data, CASE_KEYS, where)
    ask = _text(data, "ask", where)
    if not ask.strip():
        raise InvalidSuite(_('%(where)s needs "ask", the question.') % {"where": where})
    refuse = data.get("must_refuse")
    if refuse is not None and not isinstance(refuse, bool):
        raise InvalidSuite(_('%(where)s: "must_refuse" must be true or false.') % {"where": where})
    return Case(
        ask=ask,
        bot=_text(data, "bot", where) or bot,
        page=_text(data, "page", where),
        after=_earlier(data.get("after", []), where),
        must_mention=_words(data, "must_mention", where),
        must_not_mention=_words(data, "must_not_mention", where),
        must_cite=_words(data, "must_cite", where),
        must_refuse=refuse,
        judged=_text(data, "judged", where),
    )


def _earlier(value: Any, where: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise InvalidSuite(
            _('%(where)s: "after" must be a list, each entry with "ask" and "answer".')
            % {"where": where}
        )
    earlier = []
    for each in value:
        _only(each, AFTER_KEYS, f'{where}: "after"')
        words = _text(each, "ask", where), _text(each, "answer", where)
        if not all(word.strip() for word in words):
            raise InvalidSuite(
                _('%(where)s: each entry of "after" needs "ask" and "answer".') % {"where": where}
            )
        earlier.append(words)
    return tuple(earlier)


def _case_of(answer: ApprovedAnswer) -> Case:
    bots = answer.bots if isinstance(answer.bots, list) else []
    return Case(
        ask=answer.wordings[0],
        bot=next((str(name) for name in bots if name in conf.CHAT_BOTS), None),
        must_cite=((answer.title,),),
        must_refuse=False,
        judged=f"It says the same as this approved answer: {answer.answer}",
    )


def _understood(case: Case, where: str, bot: str | None) -> IncomingMessage:
    try:
        return asking.understand(case.ask, case.bot or bot, case.page)
    except ChatError as error:
        raise InvalidSuite(f"{where}: {error.as_dict()['message']}") from None


def _only(data: Mapping[Any, Any], keys: Sequence[str], where: str) -> None:
    for key in data:
        if key not in keys:
            near = get_close_matches(str(key), keys, n=1, cutoff=0.0)[0]
            raise InvalidSuite(
                _("%(where)s has %(key)r; did you mean %(near)r? Known: %(names)s.")
                % {"where": where, "key": key, "near": near, "names": ", ".join(keys)}
            )


def _text(data: Mapping[Any, Any], key: str, where: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise InvalidSuite(
            _('%(where)s: "%(key)s" must be a text; put it into quotes.')
            % {"where": where, "key": key}
        )
    return value


def _words(data: Mapping[Any, Any], key: str, where: str) -> Words:
    value = data.get(key, [])
    entries = value if isinstance(value, list) else [value]
    words = []
    for entry in entries:
        choices = entry if isinstance(entry, list) else [entry]
        if not choices or not all(isinstance(each, (str, int, float)) for each in choices):
            raise InvalidSuite(
                _(
                    '%(where)s: "%(key)s" must be a text, or a list of texts, of which each '
                    "may be a list of choices."
                )
                % {"where": where, "key": key}
            )
        words.append(tuple(map(str, choices)))
    return tuple(words)


async def evaluate(case: Case, live: LiveReply, judge: str) -> Result:
    """Ask the question and compare the answer with the expectations."""
    began = perf_counter()
    usage = await asking.answer(live)
    result = Result(
        case,
        text=live.reply.text,
        sources=[source["url"] for source in live.reply.sources],
        titles=[source["title"] for source in live.reply.sources],
        status=str(usage.status),
        did_not_know=live.reply.did_not_know,
        dollars=float(usage.dollars),
        milliseconds=round((perf_counter() - began) * 1000),
    )
    result.failures = failures(case, result)
    if case.judged and result.text and _ended_well(case, result.status):
        result.verdict, dollars = await judging.judge(
            live, judge, question=case.ask, criterion=case.judged
        )
        result.dollars += float(dollars)
        result.failures += filter(None, [result.verdict.failure])
    return result


def failures(case: Case, result: Result) -> list[str]:
    """Return a sentence for each expectation that the answer does not meet."""
    found = []
    unknown = result.did_not_know or says_unknown(result.text)
    refused = result.status == Status.REFUSED or unknown
    text = result.text.casefold()
    if not _ended_well(case, result.status):
        found.append(_("the reply is %(status)s") % {"status": result.status})
    elif case.judged and not result.text:
        found.append(_("there is no text to judge"))
    if case.must_refuse is True and not refused:
        found.append(_("it neither refused nor said that it does not know"))
    if case.must_refuse is False and refused:
        found.append(_("it refused, or said that it does not know"))
    found += [
        _("it does not mention %(words)s") % {"words": _or(choices)}
        for choices in case.must_mention
        if not any(word.casefold() in text for word in choices)
    ]
    for choices in case.must_not_mention:
        found += [
            _("it mentions %(word)r") % {"word": word}
            for word in choices
            if word.casefold() in text
        ]
    for choices in case.must_cite:
        cited_texts = [*result.sources, *result.titles]
        if not any(part in text for part in choices for text in cited_texts):
            cited = ", ".join(result.sources) or _("nothing")
            found.append(
                _("it does not cite %(words)s; it cites %(cited)s")
                % {"words": _or(choices), "cited": cited}
            )
    return found


def _ended_well(case: Case, status: str) -> bool:
    """Return whether the reply is complete, or refused as expected."""
    return status == Status.COMPLETE or (status == Status.REFUSED and case.must_refuse is True)


def _or(choices: Sequence[str]) -> str:
    word = _("or")
    return f" {word} ".join(map(repr, choices))
