"""`python -m sitechat.standin`: serve a stand-in of Claude's API."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

USAGE = """\
A stand-in of Claude's API is listening on {url}

  ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY=any python manage.py runserver

It answers from the search results and the page of a request.
  PUT {url}/_standin/script      queues answers: ["Hello", {{"status": 529}}]
  GET {url}/_standin/requests    shows what it got
Stop it with Ctrl-C.
"""


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal comes. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m sitechat.standin",
        description="Serve a local, strict stand-in of Claude's Messages API.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=8765, help="0 is any; default: %(default)s")
    parser.add_argument(
        "--first-delay", type=float, default=0.4, metavar="S", help="seconds; default: %(default)s"
    )
    parser.add_argument(
        "--delay",
        type=float,
        default=0.03,
        metavar="S",
        help="seconds between two words; default: %(default)s",
    )
    parser.add_argument("--quiet", action="store_true", help="print the address and nothing else")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_serve(options))
    except OSError as error:
        print(f"Cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    from sitechat.standin import server

    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stopping.set)
    service = server.Service(options.first_delay, options.delay)
    runner, url = await server.start(service, options.host, options.port)
    sys.stdout.write(f"{url}\n" if options.quiet else USAGE.format(url=url))
    sys.stdout.flush()
    await stopping.wait()
    service.clear()
    await runner.cleanup()


if __name__ == "__main__":
    raise SystemExit(main())
