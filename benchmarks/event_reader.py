"""Read answers of Claude with the `sitechat` of PYTHONPATH, for `events.py`.

It prints the CPU microseconds of this process for each event of the second answer.
"""

from __future__ import annotations

import asyncio
import sys
from time import process_time

import django
from django.conf import settings


async def read(events: int) -> float:
    """Return the CPU microseconds per event of an answer with this many events."""
    from sitechat import claude

    try:
        from sitechat.claude.request import Request
    except ImportError:  # the layout of earlier commits
        from sitechat.exchange import Request

    asked = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
    request = Request(model="claude-opus-4-7", max_tokens=128_000, messages=asked)
    received = 0
    started = process_time()
    async for _delta in claude.Call(request):
        received += 1
    spent = process_time() - started
    assert received == events, received
    return spent / events * 1e6


async def main(events: int) -> None:
    from sitechat import claude

    await read(events)  # load the SDK and open the connection
    print(await read(events))
    await claude.close_client()


if __name__ == "__main__":
    settings.configure(ANTHROPIC_API_KEY="sk-benchmark")
    django.setup()
    asyncio.run(main(int(sys.argv[1])))
