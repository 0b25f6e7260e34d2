"""Prepare and serve the demo, and print its address and suggestions (`make demo`).

If ANTHROPIC_API_KEY is set, Claude answers; otherwise a local stand-in of Claude's API.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
USER = "demo"

CLAUDE = "Claude answers (ANTHROPIC_API_KEY is set)."
STANDIN = """\
A local stand-in answers instead of Claude: it searches these pages and quotes them.
  Set ANTHROPIC_API_KEY to let Claude answer."""

WELCOME = """
  {url}

  {answerer}

  Try next:
  1. Open the address and choose one of the four questions, or ask your own.
  2. Click a link to another page during an answer: it continues there.
  3. Ask something that is not in this documentation: "Can I use it with WordPress?"
  4. Let it use tools: "Where is my order A-1042?" and "Please cancel order A-1043".
  5. See the conversations, their costs and, after a minute, unanswered questions:
     {url}django-admin/  (user {user}, password {password})
  6. Put the chat on your own site: {url}install/

  Press Ctrl-C to stop.
"""


@contextlib.contextmanager
def standin() -> Iterator[None]:
    """Run the stand-in on a free port and point the SDK at it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sitechat.standin", "--port", "0", "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C stops only the site, which then stops the stand-in
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


def prepare(password: str) -> None:
    """Migrate the database, index the pages and create the user."""
    import django
    from django.contrib.auth.hashers import make_password
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("chat_index", verbosity=0)
    from django.contrib.auth.models import User

    owner = {"is_staff": True, "is_superuser": True, "password": make_password(password)}
    User.objects.update_or_create(username=USER, defaults=owner)


def stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    if not is_free(port):
        raise SystemExit(f"Port {port} is in use. Try another: make demo PORT={port + 1}")
    sys.path[0] = str(ROOT)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)

    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        if os.environ.get("ANTHROPIC_API_KEY"):
            answerer = CLAUDE
        else:
            stack.enter_context(standin())
            answerer = STANDIN
        password = secrets.token_urlsafe(9)
        prepare(password)
        import uvicorn

        url = f"http://{HOST}:{port}/"
        print(WELCOME.format(url=url, answerer=answerer, user=USER, password=password), flush=True)
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
