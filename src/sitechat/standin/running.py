"""Stand-ins that run in a thread of this process or as a separate process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from sitechat.standin.standin_control import StandinControl

if TYPE_CHECKING:
    from typing_extensions import Self


class _Running(StandinControl):
    """The base class of stand-ins that are started and stopped."""

    start_timeout = 30.0
    """Maximum seconds that `start()` waits."""

    def __init__(
        self, port: int = 0, host: str = "127.0.0.1", first_delay: float = 0.0, delay: float = 0.0
    ) -> None:
        super().__init__("")
        self.port = port
        self.host = host
        self.first_delay = first_delay
        self.delay = delay

    def start(self) -> Self:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class Standin(_Running):
    """A stand-in of Claude's API in a thread of this process.

        with Standin() as standin:
            client = anthropic.AsyncAnthropic(api_key="any", base_url=standin.url)

    Args:
        port: The port; 0 for any free port.
        host: The address to listen on.
        first_delay: Seconds before the first delta of an answer, unless the answer sets it.
        delay: Seconds between two deltas, unless the answer sets it.
    """

    def start(self) -> Self:
        """Serve until `stop()`.

        Return as soon as `url` is set.

        Raises:
            OSError: The address can't be used, for example because the port is in use.
            OverflowError: The port is above 65535.
            ImportError: aiohttp is not installed.
            TimeoutError: `url` is not set after `start_timeout` seconds.
        """
        ready = threading.Event()
        self._given_up = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._serve(ready),), name="standin", daemon=True
        )
        self._thread.start()
        if not ready.wait(self.start_timeout):
            self._given_up.set()
            raise TimeoutError(f"the stand-in did not start within {self.start_timeout:g} s")
        if self._error is not None:
            raise self._error
        return self

    def stop(self) -> None:
        """Abort running answers, stop serving and wait until the thread has ended."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            # Imported here because a process that only controls a stand-in needs no server.
            from sitechat.standin import server

            service = server.Service(self.first_delay, self.delay)
            runner, self.url = await server.start(service, self.host, self.port)
        except Exception as error:
            self._error = error
            return
        finally:
            ready.set()
        if not self._given_up.is_set():
            await self._stopping.wait()
        service.clear()
        await runner.cleanup()


class StandinProcess(_Running):
    """A stand-in of Claude's API as a separate process, for benchmarks.

    It takes the same arguments as `Standin`.
    """

    def start(self) -> Self:
        """Serve until `stop()`.

        Return as soon as `url` is set.

        Raises:
            RuntimeError: The process fails to start.
            TimeoutError: `url` is not set after `start_timeout` seconds.
        """
        arguments = ["--port", str(self.port), "--host", self.host]
        arguments += ["--first-delay", str(self.first_delay), "--delay", str(self.delay)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [sys.executable, "-m", "sitechat.standin", "--quiet", *arguments],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            text=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - because stdout=PIPE
        is_late = threading.Event()
        timer = threading.Timer(self.start_timeout, self._give_up, [is_late])
        timer.daemon = True
        timer.start()
        self.url = self._process.stdout.readline().strip()
        timer.cancel()
        if not self.url:
            self.stop()
            if is_late.is_set():
                raise TimeoutError(f"the stand-in did not start within {self.start_timeout:g} s")
            raise RuntimeError("the stand-in did not start; see its error above")
        return self

    def stop(self) -> None:
        """Stop the process and wait until it has ended."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _give_up(self, is_late: threading.Event) -> None:
        """Kill the process, which ends the reading of its output."""
        is_late.set()
        self._process.kill()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid
