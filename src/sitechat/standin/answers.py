"""The answer where nothing is scripted: from what the request holds, by plain word overlap.

Pure. It is no language model: it finds the sentences of the request's search results, tool
results and page that share the most words with the newest question, cites them where the
request asks for it, calls a search tool where they don't fit, and else says that it knows
nothing about it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sitechat.standin.content import Json, blocks_of, citation, merged, nested, search_results
from sitechat.standin.sentences import Piece, pieces
from sitechat.standin.words import words

MAX_PIECES = 3
ENOUGH = 0.4
"""The part of the question's words, by weight, that a piece must hold to fit."""
CLOSE = 0.7
"""The part of the best score that other pieces must reach."""
MAX_SEARCHES = 2
NOTHING = "I know nothing about that: nothing that I was given fits the question."
_CONTEXT = re.compile(r"\s*<(\w+)[^>]*>(.*)</\1>(.*)\Z", re.DOTALL)
_FENCE = re.compile(r"```.*")
_OVERVIEW = frozenset({"overview", "page", "summarise", "summarize", "summary", "website"})


@dataclass(frozen=True)
class Passage:
    """The smallest piece that can be cited: a block of a search result; or a page."""

    text: str
    title: str = ""
    result: int | None = None
    block: int = 0
    citable: bool = False


class Fit(NamedTuple):
    """A piece of a passage."""

    piece: Piece
    passage: Passage


def default_answer(body: Json) -> list[Json]:
    """Return the content blocks that answer a checked request."""
    question, page = _newest(body)
    calls = _calls_since_question(body)
    tool = _tool_to_call(body, calls)
    choice = (body.get("tool_choice") or {}).get("type")
    if tool is not None and choice in ("any", "tool") and not calls:
        return [_call(tool, question)]
    results = search_results(body)
    passages = [*_passages(body, results), *page]
    found = _fitting(question, passages)
    if found:
        return [
            _said(fit, found[number - 1] if number else None, results)
            for number, fit in enumerate(found)
        ]
    if tool is not None and calls < MAX_SEARCHES:
        return [_call(tool, question if not calls else " ".join(words(question)) or question)]
    return [{"type": "text", "text": NOTHING}]


def _newest(body: Json) -> tuple[str, list[Passage]]:
    """Return the newest question, and what stands beside it in the same turn.

    What is wrapped in a tag (`<page ...>...</page>`) is no question; the last of the others is.
    """
    for role, blocks in reversed(merged(body["messages"])):
        texts = [block["text"] for block in blocks if block["type"] == "text"]
        if role != "user" or not texts:
            continue
        beside: list[str] = []
        questions: list[str] = []
        for text in texts:
            match = _CONTEXT.match(text)
            if match:
                beside.append(match[2])
            rest = match[3] if match else text
            if rest.strip():
                questions.append(rest)
        question = questions.pop() if questions else ""
        return question, [Passage(text) for text in [*beside, *questions]]
    return "", []


def _passages(body: Json, results: list[Json]) -> Iterator[Passage]:
    for number, result in enumerate(results):
        citable = bool((result.get("citations") or {}).get("enabled"))
        for index, block in enumerate(result["content"]):
            yield Passage(block["text"], result["title"], number, index, citable)
    for message in body["messages"]:
        for block in blocks_of(message["content"]):
            if block["type"] == "tool_result" and not block.get("is_error"):
                for inner in list(nested(block))[1:]:
                    if inner.get("type") == "text":
                        yield Passage(inner["text"])


def _fitting(question: str, passages: list[Passage]) -> list[Fit]:
    """Return the pieces that fit the question best, in the order of their passages."""
    wanted = set(words(question))
    cut = [Fit(piece, passage) for passage in passages for piece in pieces(passage.text)]
    if not wanted - _OVERVIEW:
        return cut[:2]
    in_pieces = [wanted & set(words(_FENCE.sub("", fit.piece.text))) for fit in cut]
    # As in any search engine: the rarer a word, the more it says.
    weights = {
        word: math.log(1 + len(cut) / max(1, sum(word in own for own in in_pieces)))
        for word in wanted
    }
    needed = ENOUGH * sum(weights.values())
    scored = []
    for order, (fit, own) in enumerate(zip(cut, in_pieces, strict=True)):
        above = wanted & set(words(f"{fit.passage.title} {fit.piece.heading}")) - own
        score = sum(weights[word] for word in own) + sum(weights[word] for word in above) / 2
        if own and score >= needed:
            scored.append((score, -order, fit))
    scored = sorted(scored, key=lambda item: item[:2], reverse=True)[:MAX_PIECES]
    scored = [item for item in scored if item[0] >= scored[0][0] * CLOSE]
    return [fit for _, _, fit in sorted(scored, key=lambda item: -item[1])]


def _said(fit: Fit, previous: Fit | None, results: list[Json]) -> Json:
    if previous is None:
        gap = ""
    elif (previous.passage, previous.piece.paragraph) == (fit.passage, fit.piece.paragraph):
        gap = " "
    else:
        gap = "\n\n"
    block: Json = {"type": "text", "text": gap + fit.piece.text}
    passage = fit.passage
    if passage.citable and passage.result is not None:
        result = results[passage.result]
        cited = citation(result, passage.result, passage.block, passage.block + 1)
        block["citations"] = [cited]
    return block


def _calls_since_question(body: Json) -> int:
    calls = 0
    for message in reversed(body["messages"]):
        kinds = [block["type"] for block in blocks_of(message["content"])]
        if message["role"] == "user" and "text" in kinds:
            break
        calls += kinds.count("tool_use")
    return calls


def _tool_to_call(body: Json, calls: int) -> Json | None:
    choice = body.get("tool_choice") or {"type": "auto"}
    tools: list[Json] = body.get("tools") or []
    if choice["type"] == "none":
        return None
    if choice["type"] == "tool":
        return next(tool for tool in tools if tool["name"] == choice["name"])
    ours = [tool for tool in tools if tool.get("type") in (None, "custom")]
    searching = [tool for tool in ours if "search" in tool["name"]]
    if searching:
        return searching[0]
    return ours[0] if ours and choice["type"] == "any" else None


def _call(tool: Json, question: str) -> Json:
    schema = tool.get("input_schema") or {}
    properties: Json = schema.get("properties") or {}
    texts = [name for name, kind in properties.items() if (kind or {}).get("type") == "string"]
    required = [name for name in texts if name in (schema.get("required") or [])]
    name = next(iter([*required, *texts]), None)
    return {
        "type": "tool_use",
        "name": tool["name"],
        "input": {} if name is None else {name: question},
    }
