"""The child process that reads documents.

`child_limits` starts the process. The process reads jobs from its standard input: documents with
their limits. It ends when the input is closed, or after `IDLE_SECONDS` without a job. A timer of
the kernel ends it when a job exceeds its time, even while a library is running.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from typing import Any, BinaryIO

from sitechat.knowledge.reading.blocks import Unreadable
from sitechat.knowledge.reading.documents import Draft, read_draft
from sitechat.knowledge.reading.office import MEDIA_TYPES

IDLE_SECONDS = 60.0
"""Seconds after which an idle process ends."""
LENGTHS = struct.Struct(">II")
"""Two lengths in bytes. Before a job, they are the lengths of its head (JSON) and of its data.
Before an answer (JSON), they are its length and 0."""
STARTED = b"\1"
"""The byte that confirms that a job was received."""
_MODULES = {
    "html": ["lxml.html"],
    "page": ["lxml.html"],
    "markdown": ["lxml.html", "markdown_it"],
    "rst": ["lxml.html", "docutils.core", "docutils.writers.html5_polyglot",
            "docutils.parsers.rst.directives.body"],
    "pdf": ["pypdf"],
    **{format: ["lxml.html", "markdown_it", "kreuzberg"] for format in MEDIA_TYPES},
}  # fmt: skip
"""The modules for each format. They are imported before the time of a document is measured."""


def main() -> None:
    """Process jobs until the parent process closes the pipe, or a job runs out of memory."""
    jobs = sys.stdin.buffer
    # Libraries may print to standard output, so the answers have a separate pipe.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _set_timer("ITIMER_REAL", IDLE_SECONDS)
    while (lengths := jobs.read(LENGTHS.size)) and len(lengths) == LENGTHS.size:
        head_length, data_length = LENGTHS.unpack(lengths)
        head: dict[str, Any] = json.loads(jobs.read(head_length))
        data = jobs.read(data_length)
        _set_timer("ITIMER_REAL", head["wall"])
        answers.write(STARTED)
        answers.flush()
        answer = _answer(head, data)
        del data
        _set_timer("ITIMER_PROF", 0)
        _send(answers, answer)
        if answer.get("error") == "memory":
            return  # the next job gets a new process with free memory
        _set_timer("ITIMER_REAL", IDLE_SECONDS)


def _answer(head: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Read the document of a job within its limits; return the content or the error."""
    for module in _MODULES.get(head["format"], []):
        with suppress(ImportError):
            import_module(module)
    draft = Draft(
        data=data.decode("utf-8", "surrogatepass") if head["is_text"] else data,
        format=head["format"],
        charset=head["charset"],
        title=head["title"],
        fallback_title=head["fallback_title"],
    )
    _limit_memory(head["megabytes"])
    _set_timer("ITIMER_PROF", head["seconds"])
    try:
        return {"reading": asdict(read_draft(draft))}
    except Unreadable as error:
        return {"error": "unreadable", "message": str(error)}
    except MemoryError:
        return {"error": "memory"}
    except RecursionError:
        return {"error": "unreadable", "message": "nested too deeply"}
    except Exception as error:  # parsers raise any exception for broken files
        return {"error": "unreadable", "message": f"{type(error).__name__}: {error}"}


def _send(answers: BinaryIO, answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    answers.write(LENGTHS.pack(len(body), 0) + body)
    answers.flush()


def _set_timer(which: str, seconds: float) -> None:
    """Make the kernel stop this process after some seconds; 0 cancels the timer."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(getattr(signal, which), seconds)


def _limit_memory(megabytes: float) -> None:
    """Allow `megabytes` in addition to the memory in use, if the system can measure it."""
    try:
        import resource

        with open("/proc/self/statm") as file:  # noqa: PTH123 (pathlib would be one more import)
            in_use = int(file.read().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = in_use + int(megabytes * 1_000_000)
        resource.setrlimit(
            resource.RLIMIT_AS,
            (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard),
        )
    except (ImportError, OSError, ValueError):
        return


if __name__ == "__main__":
    main()
