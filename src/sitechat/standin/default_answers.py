"""The default answer to a request, if no answer is scripted.

This is not a language model. It finds the section of the request's search results, tool results and
page that shares the most words with the newest question (`section_choice`). It quotes that section
with its code (`answer_text`), and cites it if the request enables citations. If no section matches,
it calls a tool, or says that it found nothing. Greetings, questions about the whole site, questions
with a number (`order_tools`) and forced tool calls are handled before this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlsplit

from sitechat.standin import answer_text, order_tools
from sitechat.standin.answer_languages import language_of
from sitechat.standin.request_content import (
    Json,
    blocks_of,
    citation,
    merge_turns,
    search_results,
    with_inner_blocks,
)
from sitechat.standin.section_choice import Candidate, Passage, Question, choose
from sitechat.standin.word_stems import words

MAX_SEARCHES = 2
"""Number of tool calls for one question after which the stand-in does not search again."""
_CONTEXT = re.compile(r"\s*<(\w+)[^>]*>(.*)</\1>(.*)\Z", re.DOTALL)
"""A text that begins with a tag. Groups: the tag's name, its content, and the text after it."""
_ADDRESS = re.compile(r"\s*<\w+[^>]*\surl=\"([^\"]*)\"")
"""The attribute `url` of such a tag."""
_MARK = re.compile(r"a last line that is exactly (\[\[\w+\]\])")
"""The part of the system prompt that names the last line of an answer without information."""
_GREETING = re.compile(
    r"\W*(?:hi|hello|hey|good (?:morning|evening|day)|hallo|bonjour|hola|ciao|olá)"
    r"(?: there| you)?\W*\Z",
    re.IGNORECASE,
)


def default_answer(body: Json) -> list[Json]:
    """Return the content blocks that answer a checked request."""
    question, beside = _newest_question(body)
    calls = _calls_since_question(body)
    choice = (body.get("tool_choice") or {}).get("type")
    forced = _tool_to_call(body, "search") if choice in ("any", "tool") and not calls else None
    if forced is not None:
        return [_call(forced, question.text)]
    if _GREETING.match(question.text):
        return [_text(question.language.greeting)]
    if (order := order_tools.quote_results(body)) is not None:
        return [_text(order)]
    order_call = None if calls or choice == "none" else order_tools.choose_call(body, question.text)
    if order_call is not None:
        return [order_call]
    results = search_results(body)
    passages = [*_passages(body, results), *beside]
    if question.is_overview:
        open_tool = None if question.is_about_page or calls else _tool_to_call(body, "open")
        if open_tool is not None:
            return [_call(open_tool, "/")]
        passages = _of_overview(question, passages)
    found = choose(question, passages)
    if found:
        return list(_answer_blocks(found, question, results))
    tool = _tool_to_call(body, "search")
    if tool is not None and calls < MAX_SEARCHES:
        wanted = " ".join(words(question.text, question.language)) or question.text
        return [_call(tool, wanted if calls else question.text)]
    return [_text(question.language.unknown + _mark(body))]


def _mark(body: Json) -> str:
    """Return the line that the system prompt wants at the end of an answer without information.

    The line follows a blank line. Return "" if the prompt wants no such line.
    """
    system = body.get("system") or ""
    texts = [system] if isinstance(system, str) else [block.get("text", "") for block in system]
    match = _MARK.search(" ".join(texts))
    return f"\n\n{match[1]}" if match else ""


def _newest_question(body: Json) -> tuple[Question, list[Passage]]:
    """Return the newest question with the one before it, and the passages in the same turn.

    A text in a tag (`<page ...>...</page>`) is a passage. The last of the other texts is the
    question, and the texts before it are also passages.
    """
    beside: list[str] = []
    page = ""
    asked: list[str] = []
    for role, blocks in reversed(merge_turns(body["messages"])):
        texts = [block["text"] for block in blocks if block["type"] == "text"]
        if role != "user" or not texts:
            continue
        questions: list[str] = []
        for text in texts:
            match = _CONTEXT.match(text)
            if match and not asked:
                beside.append(match[2])
                address = _ADDRESS.match(text)
                page = unescape(address[1]) if address else page
            rest = match[3] if match else text
            if rest.strip():
                questions.append(rest)
        if not asked:
            beside += questions[:-1]
        asked.append(questions[-1] if questions else "")
        if len(asked) == 2:
            break
    newest, before = (*asked, "", "")[:2]
    question = Question(newest, before, page, language_of(newest))
    return question, [Passage(text) for text in beside if text.strip()]


def _of_overview(question: Question, passages: list[Passage]) -> list[Passage]:
    """Return the passages of the page that is asked about, or of the site's first page.

    Without such passages, return all passages. Passages with fewer headings above them come first.
    """
    if question.is_about_page:
        wanted = [each for each in passages if not each.url or question.is_asked_on(each)]
    else:
        wanted = [each for each in passages if urlsplit(each.url).path == "/"]
    return sorted(wanted or passages, key=lambda each: len(each.path))


def _passages(body: Json, results: list[Json]) -> Iterator[Passage]:
    """Yield the blocks of search results, then the texts of tool results without errors."""
    for number, result in enumerate(results):
        citable = bool((result.get("citations") or {}).get("enabled"))
        for index, block in enumerate(result["content"]):
            yield Passage(block["text"], result["title"], result["source"], number, index, citable)
    for message in body["messages"]:
        for block in blocks_of(message["content"]):
            if block["type"] == "tool_result" and not block.get("is_error"):
                _block, *inner = with_inner_blocks(block)
                yield from (Passage(each["text"]) for each in inner if each.get("type") == "text")


def _answer_blocks(
    found: list[Candidate], question: Question, results: list[Json]
) -> Iterator[Json]:
    """Yield the lead-in, the quoted section and, if there is one, a reference to a second page.

    Two blocks get a citation: the last paragraph or list of the quoted section, and the reference.
    If the section has only code, its last block gets the citation.
    """
    best, *second = found
    lead = answer_text.lead_in(best, question.language)
    parts = answer_text.body(best)
    cited = max(
        (number for number, part in enumerate(parts) if not part.startswith("```")),
        default=len(parts) - 1,
    )
    if lead:
        yield _text(lead)
    for number, part in enumerate(parts):
        block = _text(f"\n\n{part}" if number or lead else part)
        yield _cited(block, best.passage, results) if number == cited else block
    for other in second:
        pointer = question.language.more.format(page=other.passage.path[0])
        yield _cited(_text(f"\n\n{pointer}"), other.passage, results)


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _cited(block: Json, passage: Passage, results: list[Json]) -> Json:
    if passage.citable and passage.result is not None:
        result = results[passage.result]
        source = citation(result, passage.result, passage.block, passage.block + 1)
        block["citations"] = [source]
    return block


def _calls_since_question(body: Json) -> int:
    """Return the number of tool calls since the newest question."""
    calls = 0
    for message in reversed(body["messages"]):
        kinds = [block["type"] for block in blocks_of(message["content"])]
        if message["role"] == "user" and "text" in kinds:
            break
        calls += kinds.count("tool_use")
    return calls


def _tool_to_call(body: Json, verb: str) -> Json | None:
    """Return the tool that the request forces, or else the first tool with the verb in its name.

    If no name contains the verb, return the first tool if `tool_choice` is "any", else None. The
    API's own tools are not returned, unless one is forced. If `tool_choice` is "none", return None.
    """
    choice = body.get("tool_choice") or {"type": "auto"}
    tools: list[Json] = body.get("tools") or []
    if choice["type"] == "none":
        return None
    if choice["type"] == "tool":
        return next(tool for tool in tools if tool["name"] == choice["name"])
    ours = [tool for tool in tools if tool.get("type") in (None, "custom")]
    named = [tool for tool in ours if verb in tool["name"]]
    if named:
        return named[0]
    return ours[0] if ours and choice["type"] == "any" else None


def _call(tool: Json, question: str) -> Json:
    """Return a call of a tool with the question as its first required text argument.

    If no text argument is required, use the first text argument. If there is no text argument, call
    the tool without arguments.
    """
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
