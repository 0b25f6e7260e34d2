"""The usage of each model that tried to write one answer.

If the request names other models in `fallbacks`, a model that refuses may hand over to one of them
within one response. `usage.iterations` then has the counts of each attempt, and the other fields of
`usage` have the counts of the last one. All values come from outside and are validated here. This
module does no I/O.

`Attempts` keeps two lists of counts, with one `Counts` for each attempt. The first list grows with
the events of the stream. The second comes from `usage.iterations` at the end of the stream, and
then replaces the first.

Example: "a" refuses and hands over to "b". The pairs are input and output tokens.

    report({"input_tokens": 100, "output_tokens": 1})     a (100, 1)
    hand_over("b")
    report({"input_tokens": 90, "output_tokens": 1})      a (100, 1), b (90, 1)
    report({"iterations": [...]}, final=True)             a (100, 25), b (90, 60)

If the stream is cut before the last line, the counts are not exact. Then the output is estimated
from the received text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sitechat.claude.reported_text import reported_text
from sitechat.claude.token_usage import TokenUsage
from sitechat.claude.usage_estimates import Counts

MODEL_LENGTH = 128
"""Maximum characters of a model's id; the rest is cut."""

MAX_ATTEMPTS = 16
"""Maximum entries of a valid `usage.iterations`. The API makes at most four attempts."""

FALLBACK = "fallback_message"
"""The type of the iteration in which a fallback model answered."""


@dataclass(frozen=True)
class ModelUsage:
    """The usage of one model for one answer."""

    model: str
    usage: TokenUsage


class UsageByModel:
    """The usage of the models that tried to write one answer.

    Call `report` and `hand_over` as Claude reports them.
    """

    def __init__(self) -> None:
        self._counts = [("", Counts())]
        """The model ("" for the requested one) and the counts of each attempt, in order."""
        self._iterations: list[tuple[str, Counts]] = []
        """The models and final counts from `usage.iterations`, which then replace `_counts`."""
        self.inference_geo = ""
        """The region in which Claude runs; "" if it was not reported."""

    @property
    def newest(self) -> Counts:
        """The counts of the latest attempt."""
        return self._counts[-1][1]

    @property
    def fallback(self) -> str:
        """The id of the fallback model that answers ("?" if unknown); "" without a fallback."""
        return self._counts[-1][0]

    def hand_over(self, model: Any) -> None:
        """Process the start of another model's attempt. At most MAX_ATTEMPTS are kept."""
        if len(self._counts) < MAX_ATTEMPTS:
            self._counts.append((reported_text(model, MODEL_LENGTH) or "?", Counts()))

    def report(self, usage: Any, *, final: bool = False) -> None:
        """Process a `usage` object from Claude, which has the counts of the newest attempt.

        Args:
            usage: The value of `usage`. Anything but an object is ignored.
            final: Whether its output count is final.
        """
        self.newest.report(usage, final=final)
        regions = (counts.inference_geo for _, counts in self._counts)
        self.inference_geo = next(filter(None, regions), "")
        iterations = usage.get("iterations") if isinstance(usage, dict) else None
        if not isinstance(iterations, list) or not 0 < len(iterations) <= MAX_ATTEMPTS:
            return
        if not all(isinstance(each, dict) for each in iterations):
            return
        by_fallback = next((each for each in iterations if each.get("type") == FALLBACK), None)
        if len(iterations) > 1 or by_fallback is not None:
            self._iterations = [
                (reported_text(each.get("model"), MODEL_LENGTH), Counts.of_iteration(each))
                for each in iterations
            ]
        if by_fallback is not None and not self.fallback:
            # The fallback model was asked without a hand-over. The API does this if the requested
            # model has refused before.
            name = reported_text(by_fallback.get("model"), MODEL_LENGTH)
            self._counts[-1] = (name, self.newest)

    def is_exact(self, *, max_output: int) -> bool:
        """Return whether Claude counted all attempts itself, up to the end.

        Args:
            max_output: The maximum output tokens of any attempt.
        """
        counted = self._iterations or self._counts
        return all(counts.is_exact(max_output=max_output) for _, counts in counted)

    def usage_to_book(
        self, model: str, *, likely_input: int, max_output: int, writes_for_hour: bool = False
    ) -> list[ModelUsage]:
        """Return the usage to book of each model, with an estimate for each missing count.

        Args:
            model: The requested model.
            likely_input: The estimated input tokens, for servers that do not report them.
            max_output: The maximum output tokens of any attempt.
            writes_for_hour: Whether the request asked for the cache of one hour. Cache writes that
                Claude did not split by lifetime then count as writes for one hour.
        """
        usages = []
        for name, counts in self._iterations or self._counts:
            usage = counts.usage_to_book(
                likely_input=likely_input, max_output=max_output, writes_for_hour=writes_for_hour
            )
            geo = usage.inference_geo or self.inference_geo
            tier = usage.service_tier or self._counts[0][1].service_tier
            usage = replace(usage, inference_geo=geo, service_tier=tier)
            usages.append(ModelUsage(name or model, usage))
        return usages


def total(usages: list[ModelUsage]) -> TokenUsage:
    """Return the sum of the usage of all models."""
    usage = TokenUsage()
    for each in usages:
        usage += each.usage
    return usage
