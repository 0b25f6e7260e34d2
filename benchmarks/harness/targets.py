"""Targets of a benchmark: the peers, or the implementation at --url."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Mapping, Sequence

from harness import peers, visitors
from sitechat.standin import Answer, StandinProcess


class Bench:
    """The stand-in and databases of a benchmark."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Bench:
        port = self.options.standin_port
        self.standin = self._stack.enter_context(StandinProcess(port=port))
        self.databases = self._stack.enter_context(peers.Databases(self.options.database))
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def answers(
        self, count: int, *, pace: float = 0.0, hold: bool = False, abort: bool = True
    ) -> None:
        """Set all answers to `count` deltas, one every `pace` seconds.

        With `hold`, each answer waits after its first delta for `standin.release()`. Answers that
        are running are aborted, unless `abort` is false.
        """
        # All answers are the same list, which saves work in the stand-in.
        if abort:
            self.standin.clear()
        deltas, hold_after = visitors.deltas(count), 1 if hold else None
        self.standin.always(Answer(deltas, delay=pace, first_delay=0.0, hold_after=hold_after))

    @contextlib.contextmanager
    def target(
        self, peer: peers.Peer, *, streams: int = 1, environ: Mapping[str, str] | None = None
    ) -> Iterator[peers.Served]:
        """Run a peer."""
        database = self.databases.of(peer.chat, peer.source)
        with peers.serve(peer, self.standin, database, streams=streams, environ=environ) as served:
            yield served

    @contextlib.contextmanager
    def targets(
        self, names: Sequence[peers.Peer] = peers.PEERS, *, streams: int = 1
    ) -> Iterator[list[peers.Served]]:
        """Run all installed peers at the same time, or use the implementation at --url."""
        if self.options.url:
            yield [peers.Served("--url", self.options.url, self.options.pid)]
            return
        with contextlib.ExitStack() as stack:
            yield [
                stack.enter_context(self.target(peer, streams=streams))
                for peer in names
                if peer.installed
            ]


async def warm_up(served: Sequence[peers.Served], turns: int = 3) -> None:
    """Warm up each process with a few turns."""
    for each in served:
        for _ in range(turns):
            answer = await visitors.Visitor(each.url).ask()
            if not answer.whole:
                raise RuntimeError(f"{each.name} did not answer: {answer.status} {answer.body!r}")
