"""The suites of `chat_eval`: the format of their files, and its validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _

from sitechat.conf import conf
from sitechat.conversations.message_body import IncomingMessage
from sitechat.errors import ChatError
from sitechat.models import ApprovedAnswer
from sitechat.reports import asking_bots

SUITE_KEYS = ("bot", "judge", "cases")
CASE_KEYS = (
    *("ask", "bot", "page", "after", "must_mention", "must_not_mention", "must_cite"),
    *("must_refuse", "judged"),
)

AFTER_KEYS = ("ask", "answer")

Words = tuple[tuple[str, ...], ...]
"""Words to search for. Each entry lists alternatives, such as two spellings of a number."""


class InvalidSuite(ValueError):
    """A suite is invalid. The message says which part of it, and why or what would be valid."""


@dataclass(frozen=True)
class Case:
    """A question and the expected properties of its answer."""

    ask: str
    bot: str | None = None
    page: str = ""
    after: tuple[tuple[str, str], ...] = ()
    """The questions and answers before it, in the same conversation."""
    must_mention: Words = ()
    """The answer must contain one alternative of each entry. Case is ignored."""
    must_not_mention: Words = ()
    """The answer must contain no alternative of any entry. Case is ignored."""
    must_cite: Words = ()
    """For each entry, the address or title of a cited source must contain one alternative."""
    must_refuse: bool | None = None
    """Whether the bot must refuse or say that it does not know; None if it may do either."""
    judged: str = ""
    """The criterion for the judge; empty if the judge is not asked."""


@dataclass(frozen=True)
class Suite:
    """The cases of one file, or of the approved answers."""

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
        """Return a suite with a case for each active approved answer that everybody gets.

        Each case expects that the bot cites the answer and says the same. Approved answers without
        a question have no case, so the suite may be empty.
        """
        everybody = ApprovedAnswer.Audience.PUBLIC
        answers = ApprovedAnswer.objects.filter(active=True, audience=everybody)
        return cls([_case_of(answer) for answer in answers.order_by("pk") if answer.wordings])

    def messages(self, bot: str | None = None) -> list[tuple[Case, IncomingMessage]]:
        """Return each case with the message that asks its question.

        Args:
            bot: The bot for the cases that do not name a bot.

        Raises:
            InvalidSuite: The chat would reject a question; the message says which and why.
        """
        cases = enumerate(self.cases, start=1)
        return [(case, _understood(case, _("Case %(n)s") % {"n": n}, bot)) for n, case in cases]


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
        return asking_bots.parse_question(case.ask, case.bot or bot, case.page)
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
        raise _not_text(key, where)
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
        if any(isinstance(each, (bool, float)) for each in choices):
            # YAML reads `yes` as true and `1.10` as 1.1, so other words would be searched for.
            raise _not_text(key, where)
        words.append(tuple(map(str, choices)))
    return tuple(words)


def _not_text(key: str, where: str) -> InvalidSuite:
    return InvalidSuite(
        _('%(where)s: "%(key)s" must be a text; put it into quotes.') % {"where": where, "key": key}
    )
