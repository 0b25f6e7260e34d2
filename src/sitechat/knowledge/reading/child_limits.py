"""Reading of documents within limits of time and memory, in a child process that can be stopped.

A malicious page or file may need hours or all memory to parse, and a parsing thread can't be
stopped. So documents are parsed in a child process; see `child_process`. The first document starts
it, and it reads further documents.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sitechat.conf import conf
from sitechat.knowledge.reading.blocks import Unreadable
from sitechat.knowledge.reading.child_process import LENGTHS, STARTED
from sitechat.knowledge.reading.documents import Draft, Reading
from sitechat.knowledge.reading.passages import PassageDraft
from sitechat.runtime.per_process import PerProcess

_MAX_READERS = 4
"""Maximum number of documents that are read for this process at the same time; others wait."""
_MAX_IDLE = 1
"""Maximum number of idle reader processes that are kept for the next document."""
_STARTUP_SECONDS = 5.0
"""Seconds that a new reader process may take to start, in addition to the document's budget."""
_MAX_TRIES = 3
"""Maximum number of reader processes that are tried for a document."""
_OUT_OF_TIME = {
    getattr(signal, name, None) for name in ("SIGPROF", "SIGALRM", "SIGXCPU", "SIGVTALRM")
}
"""The signals with which the kernel ends a process that has used its time."""


@dataclass(frozen=True)
class DocumentBudget:
    """The time and memory that one document may use."""

    seconds: float = 2.0
    """Maximum seconds of CPU time."""
    megabytes: float = 256.0
    """Maximum memory in addition to what the process uses before it reads the document."""
    wall: float = 3.0
    """Maximum seconds of elapsed time."""

    @classmethod
    def of_site(cls, *, waits: bool) -> DocumentBudget:
        """Return the budget that `CHAT_DOCUMENT_BUDGET` sets.

        Args:
            waits: Whether somebody waits for the result, such as an editor who saves an object.
                Then less time may elapse.
        """
        allowed = conf.CHAT_DOCUMENT_BUDGET
        seconds = float(allowed["seconds"])
        wall = seconds + 1 if waits else 5 * seconds
        return cls(seconds, float(allowed["megabytes"]), wall)


class OverBudget(Unreadable):
    """The document needs more time or memory than its budget."""


def read_document(draft: Draft, budget: DocumentBudget) -> Reading:
    """Read a document in a child process.

    Raises:
        OverBudget: The document needs more time or memory than its budget.
        Unreadable: The document can't be read, or no process can read it now. The message says what
            is wrong.
    """
    is_text = isinstance(draft.data, str)
    data = (
        draft.data.encode("utf-8", "surrogatepass") if isinstance(draft.data, str) else draft.data
    )
    head = json.dumps(
        {
            "format": draft.format,
            "charset": draft.charset,
            "title": draft.title,
            "fallback_title": draft.fallback_title,
            "is_text": is_text,
            "seconds": budget.seconds,
            "megabytes": budget.megabytes,
            "wall": budget.wall,
        }
    ).encode()
    answer = _ask_reader(head, data, budget)
    if answer.get("error") == "memory":
        raise _over_budget(f"needs more than {budget.megabytes:g} MB of memory")
    if "error" in answer:
        raise Unreadable(answer["message"])
    reading = answer["reading"]
    passages = [
        PassageDraft(tuple(piece["headings"]), piece["text"]) for piece in reading.pop("passages")
    ]
    return Reading(passages=passages, **reading)


def _over_budget(problem: str) -> OverBudget:
    return OverBudget(
        f"{problem} to be read, which CHAT_DOCUMENT_BUDGET does not allow; its old text is kept"
    )


def _ask_reader(head: bytes, data: bytes, budget: DocumentBudget) -> dict[str, Any]:
    """Return the answer of a reader process to a document, with the content or an error.

    Raises:
        OverBudget: The process was ended because it exceeded a limit.
        Unreadable: No process can be started, or all are busy.
    """
    pool = _pool()
    if not pool.slots.acquire(timeout=budget.wall):
        raise Unreadable("too many other documents are being read; chat_index will read this one")
    try:
        for _ in range(_MAX_TRIES):
            reader = pool.take() or _Reader()
            with reader.stopped_after(budget.wall + _STARTUP_SECONDS):
                if not reader.send(head, data):
                    reader.close()  # it ended before it received the document
                    continue
                answer = reader.answer()
            if answer is None:
                raise _failure(reader.close(), budget)
            pool.keep(reader)
            return answer
    finally:
        pool.slots.release()
    raise Unreadable("the process that reads documents can't be started")


def _failure(code: int, budget: DocumentBudget) -> Unreadable:
    """Return the error for a reader process that ended before it answered, by its exit code."""
    if -code in _OUT_OF_TIME:
        return _over_budget(f"takes more than {budget.seconds:g} s")
    if -code == getattr(signal, "SIGKILL", None):
        return _over_budget(f"takes more than {budget.wall:g} s or too much memory")
    return _over_budget(f"needs more than {budget.megabytes:g} MB of memory (exit {code})")


class _Reader:
    """A child process that reads documents, and the pipes to it."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        path = json.dumps([str(Path(entry).resolve()) for entry in sys.path if entry is not None])
        code = (
            f"import json, sys; sys.path[:] = json.loads({path!r}); "
            "from sitechat.knowledge.reading.child_process import main; main()"
        )
        try:
            self._process = subprocess.Popen(  # noqa: S603 (our own code, in this Python)
                [_python(), "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
            )
        except OSError as error:
            raise Unreadable(
                f"the process that reads documents can't be started: {error}"
            ) from error

    def send(self, head: bytes, data: bytes) -> bool:
        """Send a document and return whether the process received all of it."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 (for mypy)
        assert stdout is not None  # noqa: S101
        try:
            stdin.write(LENGTHS.pack(len(head), len(data)) + head)
            stdin.write(data)
            stdin.flush()
        except (OSError, ValueError):
            return False
        return stdout.read(1) == STARTED

    def answer(self) -> dict[str, Any] | None:
        """Return the answer of the process; None if it ended before it answered."""
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101
        lengths = stdout.read(LENGTHS.size)
        if len(lengths) < LENGTHS.size:
            return None
        length = LENGTHS.unpack(lengths)[0]
        body = stdout.read(length)
        answer: dict[str, Any] | None = json.loads(body) if len(body) == length else None
        return answer

    @contextlib.contextmanager
    def stopped_after(self, seconds: float) -> Iterator[None]:
        """Kill the process if the block takes longer.

        On most systems, a timer of the kernel ends the process earlier; see `child_process`.
        """
        timer = threading.Timer(seconds, self._process.kill)
        timer.daemon = True
        # If no thread can be started, only the timer of the kernel ends the process.
        with contextlib.suppress(RuntimeError):
            timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def close(self) -> int:
        """Stop the process and return its exit code, which is negative for a signal."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self._owner != os.getpid():  # it belongs to the parent of this forked process
            return 0
        try:
            return self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None


class _Pool:
    """The idle reader processes, and a slot for each document that may be read at the same time."""

    def __init__(self) -> None:
        self.slots = threading.BoundedSemaphore(_MAX_READERS)
        self._idle: list[_Reader] = []
        self._lock = threading.Lock()
        atexit.register(self.close)

    def take(self) -> _Reader | None:
        """Return an idle process that is alive; None if there is none."""
        while True:
            with self._lock:
                reader = self._idle.pop() if self._idle else None
            if reader is None or reader.is_alive:
                return reader
            reader.close()

    def keep(self, reader: _Reader) -> None:
        """Keep a process for the next document, or close it if enough processes are idle."""
        with self._lock:
            if len(self._idle) < _MAX_IDLE:
                self._idle.append(reader)
                return
        reader.close()

    def close(self) -> None:
        with self._lock:
            readers, self._idle = self._idle, []
        for reader in readers:
            reader.close()


_pool = PerProcess(_Pool)


def environment() -> dict[str, str]:
    """Return the environment variables that parsers need. Other variables may contain secrets."""
    names = ("PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "HOME")
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper() in names
        or name.startswith(("LC_", "LD_", "DYLD_", "PYTHON", "VIRTUAL_ENV"))
    }


def _python() -> str:
    """Return the path of this Python. In some servers, `sys.executable` is the server."""
    if Path(sys.executable or "").name.lower().startswith(("python", "pypy")):
        return sys.executable
    for folder in (Path(sys.prefix), Path(sys.base_prefix)):
        for name in ("bin/python3", "bin/python", "python.exe", "Scripts/python.exe"):
            if (folder / name).exists():
                return str(folder / name)
    return sys.executable
