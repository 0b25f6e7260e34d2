"""Validation of parts of a request that must match each other. Invalid requests raise `Refused`.

Examples are `tools` and `tool_choice`, tool calls and their results, the citations of all search
results, and the order of cache breakpoints.
"""

from __future__ import annotations

from sitechat.standin import request_shapes
from sitechat.standin.api_errors import invalid_request
from sitechat.standin.catalog import Model
from sitechat.standin.request_content import Json, cache_controls, merge_turns, search_results

MAX_BREAKPOINTS = 4
"""Maximum number of blocks with `cache_control` in a request."""


def check_tool_choice(body: Json, model: Model) -> None:
    """Check that `tool_choice` is well-formed, allowed by the model and names only a given tool."""
    choice = body.get("tool_choice")
    if choice is None:
        return
    allowed = {"type", "name", "disable_parallel_tool_use"}
    request_shapes.check_object(choice, "tool_choice", allowed, {"type"})
    if choice["type"] not in ("auto", "any", "tool", "none"):
        raise invalid_request("tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'")
    if not body.get("tools"):
        raise invalid_request("tool_choice: may only be specified while providing `tools`")
    if choice["type"] in ("any", "tool"):
        if not model.forced_tools:
            raise invalid_request("tool_choice: forced tool use is not supported for this model")
        names = [tool.get("name") for tool in body["tools"]]
        if choice["type"] == "tool" and choice.get("name") not in names:
            raise invalid_request(
                f"tool_choice: Tool '{choice.get('name')}' not found in provided tools"
            )


def check_tool_results(messages: list[Json]) -> None:
    """Check that each tool_use has a unique id, and one result at the start of the next turn."""
    waiting: list[str] = []
    seen: set[str] = set()
    for number, (_, blocks) in enumerate(merge_turns(messages)):
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        for given in results:
            if given not in waiting:
                raise invalid_request(
                    f"messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks: "
                    f"{given}. Each `tool_result` block must have a corresponding `tool_use` "
                    "block in the previous message."
                )
        if len(results) != len(set(results)):
            raise invalid_request(f"messages.{number}: each `tool_use` must have a single result")
        missing = [wanted for wanted in waiting if wanted not in results]
        if missing:
            raise invalid_request(
                f"messages.{number - 1}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(missing)}. Each `tool_use` block must have a "
                "corresponding `tool_result` block in the next message."
            )
        if any(block["type"] != "tool_result" for block in blocks[: len(results)]):
            raise invalid_request(
                f"messages.{number}: `tool_result` blocks must come first in the message that "
                "answers a `tool_use`"
            )
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if len(set(waiting) | seen) != len(waiting) + len(seen):
            raise invalid_request("messages: `tool_use` ids must be unique")
        seen.update(waiting)
    if waiting:
        raise invalid_request(
            "messages: `tool_use` ids were found without `tool_result` blocks immediately after: "
            + ", ".join(waiting)
        )


def check_citations(body: Json) -> None:
    """Check that all search results enable citations, or none of them."""
    enabled = {
        bool((result.get("citations") or {}).get("enabled")) for result in search_results(body)
    }
    if len(enabled) > 1:
        raise invalid_request(
            "messages: citations must be enabled on all or none of the search results of a request"
        )


def check_breakpoints(body: Json) -> None:
    """Check the number and the order of the cache breakpoints.

    A breakpoint is a tool or block with `cache_control`: the prompt up to its end is cached. The
    `cache_control` of the whole request is a breakpoint at the last block. It is not counted if
    this block has its own.
    """
    marks = list(cache_controls(body))
    lifetimes = [mark.get("ttl", "5m") for _, mark in marks]
    automatic = body.get("cache_control")
    if automatic:
        last = body["messages"][-1]["content"]
        marked = isinstance(last, list) and last[-1].get("cache_control")
        if not marked:
            lifetimes.append(automatic.get("ttl", "5m"))
        elif marked.get("ttl", "5m") != automatic.get("ttl", "5m"):
            raise invalid_request("cache_control: its ttl differs from that of the last block")
    if len(lifetimes) > MAX_BREAKPOINTS:
        raise invalid_request(
            f"A maximum of {MAX_BREAKPOINTS} blocks with cache_control may be provided. "
            f"Found {len(lifetimes)}."
        )
    if lifetimes != sorted(lifetimes):  # "1h" sorts before "5m"
        raise invalid_request(
            "cache_control: a ttl='1h' block must not come after a ttl='5m' block; blocks are "
            "processed in the order `tools`, `system`, `messages`"
        )
