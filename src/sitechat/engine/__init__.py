"""Running replies: requests start, find, follow and stop them here.

`event_loop` starts and runs the replies of this process, and `driver` is the task of one reply.
`running_replies` finds and stops replies. `checkpoints` and `settlement` write them to the
database. This package imports `ledger`, `claude` and the layers below them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sitechat.runtime.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from sitechat.engine.event_loop import ensure_loop, start
    from sitechat.engine.live_reply import LiveReply
    from sitechat.engine.reply import Reply
    from sitechat.engine.running_replies import (
        STOP_WITHIN,
        end_in_conversations,
        find,
        is_writing_to,
        live_ids,
        stop,
    )

__all__ = [
    "STOP_WITHIN",
    "LiveReply",
    "Reply",
    "end_in_conversations",
    "ensure_loop",
    "find",
    "is_writing_to",
    "live_ids",
    "start",
    "stop",
]

# Imported lazily to keep the start fast: the checks import `reply_costs`, but run no replies.
__getattr__ = lazy_exports(
    __name__,
    {
        "event_loop": ["ensure_loop", "start"],
        "live_reply": ["LiveReply"],
        "running_replies": [
            "STOP_WITHIN",
            "end_in_conversations",
            "find",
            "live_ids",
            "stop",
            "is_writing_to",
        ],
        "reply": ["Reply"],
    },
)
