"""Access to Claude's API. This is the only package that uses the Anthropic SDK.

`catalog` describes the models, and `usage_costs` computes the cost of their tokens. `messages` and
`request` compose what is sent to Claude, and `call` sends it. `stream` reads the events of the
response, `answer` collects them, and `failures` explains errors.

The SDK takes seconds to import. So it is loaded at the first call, or earlier on another thread by
`warm_up`. This package imports only `runtime`, `tools`, `conf` and `errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sitechat.runtime.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from sitechat.claude.answer_parts import ToolCall
    from sitechat.claude.call import Call
    from sitechat.claude.client import (
        close_client,
        configured,
        current_client,
        prepare,
        prepared,
        warm_up,
    )
    from sitechat.claude.request import Request

__all__ = [
    "Call",
    "Request",
    "ToolCall",
    "close_client",
    "configured",
    "current_client",
    "prepare",
    "prepared",
    "warm_up",
]

# Imported lazily to keep the start fast: the checks need only the catalog and the prices.
__getattr__ = lazy_exports(
    __name__,
    {
        "answer_parts": ["ToolCall"],
        "call": ["Call"],
        "client": [
            "close_client",
            "configured",
            "current_client",
            "prepare",
            "prepared",
            "warm_up",
        ],
        "request": ["Request"],
    },
)
