"""The answer where nothing is scripted: from what the request holds, by plain word overlap.

Pure. It is no language model: it finds the sentences of the request's search results, tool
results and page that share the most words with the newest question, cites them where the
request asks for it, calls a search tool where they don't fit, and else says that it knows
nothing about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sitechat.standin.content import Json, blocks_of, citation, merged, nested, search_results

MAX_SENTENCES = 3
MAX_SEARCHES = 2
NOTHING = "I know nothing about that: nothing that I was given fits the question."
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
_WORD = re.compile(r"\w+")
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CONTEXT = re.compile(r"\s*<(\w+)[^>]*>(.*)</\1>(.*)\Z", re.DOTALL)
_STOP_WORDS = frozenset(
    _WORD.findall(
        "a about again all also am an and any anything are as at be been but by can could did do "
        "does for from get give had has have hello help hey hi how i if in into is it its just "
        "know let me more my need no not of on or our out please should site so some tell than "
        "thank thanks that the their them then there these they thing this those to up us use "
        "want was we were what when where which who why will with work would you your"
    )
)
_OVERVIEW = frozenset({"overview", "page", "summarise", "summarize", "summary", "website"})


@dataclass(frozen=True)
class Passage:
    """The smallest piece that can be cited: a block of a search result; or a page."""

    text: str
    title: str = ""
    result: int | None = None
    block: int = 0
    citable: bool = False


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
    found = list(_fitting(question, passages))
    if found:
        return [
            _said(sentence, passage, results, first=number == 0)
            for number, (sentence, passage) in enumerate(found)
        ]
    if tool is not None and calls < MAX_SEARCHES:
        return [_call(tool, question if not calls else " ".join(_words(question)) or question)]
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


def _fitting(question: str, passages: list[Passage]) -> Iterator[tuple[str, Passage]]:
    """Yield the sentences that fit the question best, in the order of their passages."""
    wanted = set(_words(question))
    if not wanted - _OVERVIEW:
        yield from _opening(passages)
        return
    needed = -(-len(wanted) * 2 // 5)
    scored = []
    for order, passage in enumerate(passages):
        in_title = wanted & set(_words(passage.title))
        everywhere = in_title | (wanted & set(_words(passage.text)))
        if len(everywhere) < needed:
            continue
        for place, sentence in enumerate(_sentences(passage.text)):
            shared = wanted & set(_words(sentence))
            if shared:
                score = (len(shared), len(in_title), len(everywhere))
                scored.append((score, -order, -place, sentence, passage))
    best = sorted(scored, key=lambda item: item[:3], reverse=True)[:MAX_SENTENCES]
    top = best[0][0][0] if best else 0
    for _, _, _, sentence, passage in sorted(best, key=lambda item: (-item[1], -item[2])):
        if len(wanted & set(_words(sentence))) * 2 >= top:
            yield sentence, passage


def _opening(passages: list[Passage]) -> Iterator[tuple[str, Passage]]:
    """Yield the first sentences of the first passage, for "what is this page about?"."""
    for passage in passages:
        sentences = [one for one in _sentences(passage.text) if len(one.split()) > 3]
        if sentences:
            for sentence in sentences[:2]:
                yield sentence, passage
            return


def _said(sentence: str, passage: Passage, results: list[Json], *, first: bool) -> Json:
    block: Json = {"type": "text", "text": sentence if first else f" {sentence}"}
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


def _sentences(text: str) -> list[str]:
    return [one.strip() for one in _SENTENCE.split(text) if one.strip("#*->` \t\r")]


def _words(text: str) -> list[str]:
    """Return the words of a text that carry meaning, cut down to a common stem."""
    found = []
    for word in _WORD.findall(text.lower()):
        if _EAST_ASIAN.search(word):
            found += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        elif word not in _STOP_WORDS and (len(word) > 1 or word.isdigit()):
            found.append(_stem(word))
    return found


def _stem(word: str) -> str:
    for ending in ("s", "ing", "ed", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
    return word
