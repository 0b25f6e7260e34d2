"""`make demo`: prepare the site, serve it, and print its address.

With ANTHROPIC_API_KEY set Claude answers; without it the local stand-in of Claude's API does.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"


@contextlib.contextmanager
def standin() -> Iterator[None]:
    """Run the stand-in on a free port and point the SDK at it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sitechat.standin", "--port", "0", "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C ends the site first, then this
    )
    try:
        assert process.stdout is not None  # noqa: S101 (for mypy)
        url = process.stdout.readline().strip()
        if not url:
            raise SystemExit("The stand-in of Claude's API did not start.")
        os.environ.update(ANTHROPIC_BASE_URL=url, ANTHROPIC_API_KEY="stand-in")
        yield
    finally:
        process.terminate()
        process.wait()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def prepare() -> None:
    """Bring the database and the index of the pages up to date."""
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("chat_index", verbosity=0)


def stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    if not is_free(port):
        raise SystemExit(f"Port {port} is taken. Try another: make demo PORT={port + 1}")
    sys.path[0] = str(ROOT)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)

    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        if os.environ.get("ANTHROPIC_API_KEY"):
            who = "Claude answers (ANTHROPIC_API_KEY is set)."
        else:
            stack.enter_context(standin())
            who = "A local stand-in answers. Set ANTHROPIC_API_KEY and Claude does."
        prepare()
        import uvicorn

        print(f"\n  http://{HOST}:{port}/\n\n  {who}\n  Ctrl-C stops it.\n", flush=True)
        uvicorn.run(
            "demo.asgi:application",
            host=HOST,
            port=port,
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=3,
        )


if __name__ == "__main__":
    main()
