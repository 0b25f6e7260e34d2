"""Ask the question of a case, and compare the answer with the expectations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from django.utils.translation import gettext as _

from sitechat.engine.live_reply import LiveReply
from sitechat.engine.unknown_phrases import says_unknown
from sitechat.models import Status
from sitechat.reports import asking_bots
from sitechat.reports.evaluation import judging
from sitechat.reports.evaluation.judging import Verdict
from sitechat.reports.evaluation.suites import Case


@dataclass
class Result:
    """An answer, and the expectations that it does not meet."""

    case: Case
    text: str = ""
    sources: list[str] = field(default_factory=list)
    status: str = ""
    failures: list[str] = field(default_factory=list)
    """A clause for each expectation that the answer does not meet."""
    dollars: float = 0.0
    """The cost of the answer and of its judge."""
    milliseconds: int = 0
    """The duration of the answer, without its judge."""
    titles: list[str] = field(default_factory=list)
    """The titles of the sources; approved answers may have no address."""
    did_not_know: bool = False
    """Whether Claude has marked the answer, because it lacks the requested information."""
    verdict: Verdict | None = None
    """The verdict of the judge; None if the judge was not asked."""

    @property
    def passed(self) -> bool:
        """Return whether the answer met every expectation."""
        return not self.failures

    @property
    def was_answered(self) -> bool:
        """Return whether the reply did not fail, and the judge gave a verdict if it was asked."""
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


async def evaluate(case: Case, live: LiveReply, judge: str) -> Result:
    """Ask the question and compare the answer with the expectations.

    Args:
        case: The question and its expectations.
        live: The reply to the question, which is not started yet.
        judge: The model that judges the answer; the bot's own model if empty.
    """
    started = perf_counter()
    usage = await asking_bots.answer(live)
    result = Result(
        case,
        text=live.reply.text,
        sources=[source["url"] for source in live.reply.sources],
        titles=[source["title"] for source in live.reply.sources],
        status=str(usage.status),
        did_not_know=live.reply.did_not_know,
        dollars=float(usage.dollars),
        milliseconds=round((perf_counter() - started) * 1000),
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
    """Return a clause for each expectation that the answer does not meet.

    The judge is not asked here. But if a case has a criterion for the judge, an answer without text
    is a failure.
    """
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
