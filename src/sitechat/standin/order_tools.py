"""Calls of a site's own tools in default answers, chosen by the words of their names.

A question with a number, such as "Where is my order A-1042?", calls the tool whose name shares the
most words with the question. Only tools with exactly one required argument, which must be a string,
are considered. This argument gets the number. The answer then repeats the tool's result.
"""

from __future__ import annotations

import re

from sitechat.standin.request_content import Json, blocks_of, merge_turns
from sitechat.standin.word_stems import words

NUMBER = re.compile(r"\b[\w-]*\d[\w-]*\b")
"""A number in a question, such as `A-1042`."""
OUTPUT = re.compile(r"<tool_output[^>]*>\n?(.*?)\n?</tool_output>", re.DOTALL)
"""The output of a site's own tool, as it is marked in a tool result."""
DECLINED = "All right, nothing was done."
"""The answer if the visitor has not allowed a tool to run."""


def choose_call(body: Json, question: str) -> Json | None:
    """Return a call of the tool that a question with a number is about.

    Returns:
        A `tool_use` block; None if the question has no number, or shares no word with the name of
        a suitable tool.
    """
    number = NUMBER.search(question)
    if number is None:
        return None
    asked = set(words(question))
    best: tuple[int, Json | None] = (0, None)
    for tool in body.get("tools") or []:
        schema = tool.get("input_schema") or {}
        required = schema.get("required") or []
        texts = [
            name
            for name in required
            if (schema.get("properties") or {}).get(name, {}).get("type") == "string"
        ]
        score = len(asked & set(words(tool["name"].replace("_", " "))))
        if texts == required and len(texts) == 1 and score > best[0]:
            arguments = {texts[0]: number[0]}
            best = (score, {"type": "tool_use", "name": tool["name"], "input": arguments})
    return best[1]


def quote_results(body: Json) -> str | None:
    """Return the results of a site's own tools in the last turn as the text of an answer.

    A tool that the visitor has declined yields `DECLINED`. If there are no results, return None.
    """
    _role, blocks = merge_turns(body["messages"])[-1]
    outputs: list[str] = []
    for block in blocks:
        if block["type"] != "tool_result":
            continue
        texts = [inner.get("text", "") for inner in blocks_of(block.get("content"))]
        if block.get("is_error") and any("did not agree" in text for text in texts):
            outputs.append(DECLINED)
        outputs += [found for text in texts for found in OUTPUT.findall(text)]
    return "\n\n".join(outputs) or None
