"""Traversal of a request's content, in the order in which Claude reads it.

The rules, the counting of tokens and the default answer use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def blocks_of(content: Any) -> list[Json]:
    """Return the content as a list of blocks.

    A string becomes a text block. None, and elements that are not objects, are left out.
    """
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or [] if isinstance(block, dict)]


def merge_turns(messages: list[Json]) -> list[tuple[str, list[Json]]]:
    """Return the turns as (role, blocks). A turn is all consecutive messages with the same role."""
    turns: list[tuple[str, list[Json]]] = []
    for message in messages:
        blocks = blocks_of(message["content"])
        if turns and turns[-1][0] == message["role"]:
            turns[-1][1].extend(blocks)
        else:
            turns.append((message["role"], blocks))
    return turns


def search_results(body: Json) -> list[Json]:
    """Return all search results of a request in order, including those in tool results."""
    found = []
    for message in body["messages"]:
        for block in blocks_of(message["content"]):
            found += [
                inner for inner in with_inner_blocks(block) if inner.get("type") == "search_result"
            ]
    return found


def with_inner_blocks(block: Json) -> Iterator[Json]:
    """Yield the block, and the blocks inside it if it is a tool result."""
    yield block
    if block.get("type") == "tool_result":
        yield from blocks_of(block.get("content"))


def cache_controls(body: Json) -> Iterator[tuple[str, Json]]:
    """Yield (path, cache_control) of each tool and block that has one, in the order of the prompt.

    A block in a tool result has the path of the tool result. The `cache_control` of the whole
    request, and of blocks in search results, is not included.
    """
    for index, tool in enumerate(body.get("tools") or []):
        if tool.get("cache_control"):
            yield f"tools.{index}", tool["cache_control"]
    for index, block in enumerate(blocks_of(body.get("system"))):
        if block.get("cache_control"):
            yield f"system.{index}", block["cache_control"]
    for number, message in enumerate(body["messages"]):
        for index, block in enumerate(blocks_of(message["content"])):
            for inner in with_inner_blocks(block):
                if inner.get("cache_control"):
                    yield f"messages.{number}.content.{index}", inner["cache_control"]


def citation(result: Json, index: int, start: int, end: int) -> Json:
    """Return the citation of `content[start:end]` of the request's search result `index`."""
    return {
        "type": "search_result_location",
        "cited_text": "".join(block["text"] for block in result["content"][start:end]),
        "source": result["source"],
        "title": result["title"],
        "search_result_index": index,
        "start_block_index": start,
        "end_block_index": end,
    }
