"""Dollars per conversation, by the stand-in's accounting, prompt caching included.

    python benchmarks/dollars.py [--short] [--url URL]

Conversations of 10, 30 and 60 turns on claude-opus-4-7, with a system prompt of some 3,000 tokens,
questions of some 25 and answers of some 150 tokens, and at most 10 pairs of history. The stand-in
counts tokens and keeps a prompt cache as Claude's API does; the prices are Anthropic's. A minute
passes between two turns. The figure does not depend on the machine.
"""

from __future__ import annotations

import asyncio
import sys
from decimal import Decimal

from harness import figures, peers, targets
from harness.visitors import Visitor

from sitechat.standin import Answer

TURNS = (10, 30, 60)
MODEL = "claude-opus-4-7"
QUESTION = "Number {}: how long does the delivery to an island take, and what does it cost me?"
ANSWER = "~" + "A delivery to an island takes three to five working days by ship. " * 7
MINUTE = 60.0


async def converse(bench: targets.Bench, served: peers.Served, turns: int) -> float:
    """Dollars for a conversation of so many turns."""
    from sitechat import prices

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
        dollars += prices.cost(
            MODEL,
            input_tokens=usage["input_tokens"],
            output_tokens=usage["output_tokens"],
            cache_read_tokens=usage["cache_read_input_tokens"],
            cache_write_tokens=usage["cache_creation_input_tokens"],
        )
    return float(dollars)


def main() -> int:
    import django
    from django.conf import settings

    options = figures.parser(__doc__).parse_args()
    settings.configure()
    django.setup()
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
    figures.keep(options, "dollars", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
