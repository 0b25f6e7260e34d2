"""Benchmark of dollars per conversation, by the stand-in's token counts with prompt caching.

    python benchmarks/dollars.py [--short] [--url URL]

There are two tables. The first compares this chat with a plain one, in conversations of 10, 30 and
60 turns on claude-opus-4-7 with a system prompt of about 3,000 tokens. The second has
conversations of 1, 3, 10 and 30 turns for each model that is offered today, with the default
system prompt, and ten passages of this project's documentation with each question.

Questions have about 25 and answers about 150 tokens, and the history has at most 10 pairs. The
stand-in simulates the tokens and the prompt cache of Claude's API; the prices are Anthropic's. A
minute passes between two turns. The figures do not depend on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from harness import figures, peers, site, targets
from harness.visitors import Visitor

from sitechat.standin import Answer, Record, Standin, StandinControl

if TYPE_CHECKING:
    from sitechat.claude.catalog import Model

PASSAGES = 10

TURNS = (10, 30, 60)
TURNS_OF_MODELS = (1, 3, 10, 30)
MODEL = "claude-opus-4-7"
QUESTION = "Number {}: how long does the delivery to an island take, and what does it cost me?"
ANSWER = "~" + "A delivery to an island takes three to five working days by ship. " * 7
MINUTE = 60.0
COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)


async def converse(bench: targets.Bench, served: peers.Served, turns: int) -> float:
    """Return the dollars for a conversation with a number of turns."""
    from sitechat.claude import usage_costs
    from sitechat.claude.token_usage import TokenUsage

    bench.standin.clear()
    bench.standin.always(Answer(ANSWER, delay=0.0, first_delay=0.0))
    visitor, dollars = Visitor(served.url), Decimal(0)
    for turn in range(turns):
        answer = await visitor.ask(QUESTION.format(turn))
        assert answer.whole, (served.name, answer)
        bench.standin.advance(MINUTE)
        await asyncio.sleep(0.05)
    for record in bench.standin.requests:
        usage = record.usage or {}
        dollars += usage_costs.cost(MODEL, TokenUsage(*(usage[key] for key in COUNTS)))
    return float(dollars)


def by_model(standin: StandinControl, turns: Sequence[int]) -> dict[str, dict[str, float]]:
    """Return the dollars for conversations with these numbers of turns, for each model."""
    from django.utils import timezone

    from sitechat.claude import catalog

    with site.indexed():
        offered = sorted(
            catalog.not_retired(timezone.now().date()),
            key=lambda model: (model.price.output, model.price.input, model.name),
        )
        return {model.name: _conversation(standin, model, turns) for model in offered}


def _conversation(standin: StandinControl, model: Model, turns: Sequence[int]) -> dict[str, float]:
    from django.db.models import Sum
    from django.test import Client, override_settings

    from sitechat.models import Usage

    visitor, found = Client(), {}
    standin.clear()
    thinking = "" if model.thinking == "always" else None
    standin.always(Answer(ANSWER, chunk=400, thinking=thinking, delay=0.0, first_delay=0.0))
    with override_settings(CHAT_MODEL=model.name):
        for turn in range(max(turns)):
            asked = {"message": site.QUESTIONS[turn % len(site.QUESTIONS)]}
            response = visitor.post("/api/chat/", asked, content_type="application/json")
            text = b"".join(response.streaming_content).decode()
            assert '{"done": "complete"}' in text, text
            standin.advance(MINUTE)
            if turn + 1 in turns:
                spent = Usage.objects.filter(model=model.name).aggregate(sum=Sum("dollars"))
                found[str(turn + 1)] = float(spent["sum"])
    [passages] = {_passages(record) for record in standin.requests}
    assert passages == PASSAGES, passages
    return found


def _passages(record: Record) -> int:
    newest = record.body["messages"][-1]["content"]
    return sum(block["type"] == "search_result" for block in newest)


def main() -> int:
    options = figures.parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder  # of the search index, too
        site.configure(folder)
        return compare(options)


def compare(options: argparse.Namespace) -> int:
    """Measure and print both tables."""
    turns = TURNS[:1] if options.short else TURNS
    found: dict[str, dict[str, float]] = {}
    with (
        targets.Bench(options) as bench,
        bench.targets([peers.PLAIN, peers.OURS_UVICORN]) as served,
    ):
        for each in served:
            asyncio.run(targets.warm_up([each]))
            found[each.name] = {
                str(count): asyncio.run(converse(bench, each, count)) for count in turns
            }
    rows: list[list[object]] = [["dollars", *(f"{count} turns" for count in turns)]]
    for name, each_found in found.items():
        rows.append([name, *(f"{value:.4f}" for value in each_found.values())])
    figures.table(rows)
    if options.url:
        figures.keep(options, "dollars", found)
        return 0
    counts = TURNS_OF_MODELS[:3] if options.short else TURNS_OF_MODELS
    with Standin() as standin, environment(standin):
        models = by_model(standin, counts)
    heads = [f"{count} turn{'s' if count > 1 else ''}" for count in counts]
    rows = [["dollars, with ten passages", *heads]]
    for name, costs in models.items():
        rows.append([name, *(f"{costs[str(count)]:.4f}" for count in counts)])
    figures.table(rows)
    figures.keep(options, "dollars", {**found, "models": models})
    return 0


@contextlib.contextmanager
def environment(standin: StandinControl) -> Iterator[None]:
    """Let this process ask the stand-in."""
    before = dict(os.environ)
    os.environ.update(ANTHROPIC_BASE_URL=standin.url, ANTHROPIC_API_KEY="any")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    sys.exit(main())
