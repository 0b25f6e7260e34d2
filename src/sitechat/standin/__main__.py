"""The command `python -m sitechat.standin`, which serves a stand-in of Claude's API."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

USAGE = """\
A stand-in of Claude's API is listening on {url}

  ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY=any python manage.py runserver

It answers with text from the search results and the page in a request.
  PUT {url}/_standin/script      queues answers: ["Hello", {{"status": 529}}]
  GET {url}/_standin/requests    returns the requests that it received
Stop it with Ctrl-C.
"""


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM arrives.

    Returns:
        The exit status: 0, or 1 if the address can't be used.

    Raises:
        SystemExit: The arguments are invalid, or are `--help`.
    """
    parser = argparse.ArgumentParser(
        prog="python -m sitechat.standin",
        description="Serve a local, strict stand-in of Claude's Messages API.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument(
        "--port", type=int, default=8765, help="0 for any free port; default: %(default)s"
    )
    parser.add_argument(
        "--first-delay",
        type=float,
        default=0.4,
        metavar="S",
        help="seconds before the first word; default: %(default)s",
    )
    parser.add_argument(
        "--delay",
        type=float,
        default=0.03,
        metavar="S",
        help="seconds between two words; default: %(default)s",
    )
    parser.add_argument("--quiet", action="store_true", help="print only the address")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_serve(options))
    except (OSError, OverflowError) as error:  # OverflowError: a port above 65535
        where = f"{options.host}:{options.port}"
        print(f"Cannot listen on {_plain(where)}: {_plain(error)}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    # Imported here to keep `--help` fast, because it needs no server.
    from sitechat.standin import server

    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stopping.set)
    service = server.Service(options.first_delay, options.delay)
    runner, url = await server.start(service, options.host, options.port)
    sys.stdout.write(f"{_plain(url)}\n" if options.quiet else USAGE.format(url=_plain(url)))
    sys.stdout.flush()
    await stopping.wait()
    service.clear()
    await runner.cleanup()


def _plain(text: object) -> str:
    """Return the text with control characters escaped."""
    return ascii(str(text))[1:-1]


if __name__ == "__main__":
    raise SystemExit(main())
