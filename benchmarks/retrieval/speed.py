"""Benchmark of the index: build time, size, memory and search times for a number of passages.

    python -m benchmarks.retrieval.speed 5000
    python -m benchmarks.retrieval.speed 100000 --vectors
    python -m benchmarks.retrieval.speed 1000000 && \
        python -m benchmarks.retrieval.speed 1000000 --keep     # memory of a process that searches

The passages consist of sentences of the corpus, so that word frequencies are realistic. The
questions are those of the evaluation. With `--vectors`, each passage gets a random vector of 384
numbers, without the time of an embedding model. With `--engines`, alternative engines are measured
with the same passages and their default options.

Then a page is saved and searched for until it is found. Finally the searches are measured again
while this process builds a new index in the background.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from . import corpus, systems

_PER_PAGE = 8


def random_vectors(texts: Sequence[str]) -> object:
    """Return random vectors. This is the embedder for `--vectors`."""
    import numpy as np

    return np.random.default_rng(len(texts[0])).normal(size=(len(texts), 384))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("passages", type=int)
    parser.add_argument("--vectors", action="store_true")
    parser.add_argument("--keep", action="store_true", help="use the existing index")
    parser.add_argument("--engines", action="store_true", help="time FTS5 and tantivy too")
    parser.add_argument("--requirement", default="django==6.1.3")
    options = parser.parse_args()
    docs = corpus.documentation(options.requirement)
    database = corpus.WORK / f"speed-{options.passages}-{options.vectors}.sqlite3"
    embedder = "benchmarks.retrieval.speed.random_vectors" if options.vectors else None
    corpus.configure(database, embedder)
    from sitechat.models import Passage

    known = Passage.objects.count()
    if known < options.passages:
        _fill(docs, known, options.passages, embedder)
    before = _memory()
    started, busy = time.perf_counter(), time.process_time()
    _build(options.keep)
    print(f"{options.passages:,} passages, vectors: {options.vectors}")
    print(
        f"built in {time.perf_counter() - started:.1f} s"
        f" ({time.process_time() - busy:.1f} s of processor time)",
        end="; ",
    )
    from sitechat.knowledge import index

    print(f"{index.status()['bytes'] / 1e6:.0f} MB on disk")
    built = _memory()
    questions = corpus.questions(corpus.HERE / "django.tsv")
    _report_times("search", questions, systems.sitechat(limit=10))
    print(
        f"memory: {before:.0f} MB before, at most {built:.0f} building, {_memory():.0f} searching"
    )
    _report_saved_page()
    with _building():
        _report_times("search during a build", questions, systems.sitechat(limit=10), rounds=2)
    print(f"memory: at most {_memory():.0f} MB")
    if options.engines:
        passages = corpus.passages()
        for label, make in (("FTS5", systems.plain_fts5), ("tantivy", systems.tantivy)):
            started = time.perf_counter()
            engine = make(passages)
            print(f"{label} built in {time.perf_counter() - started:.1f} s")
            _report_times(label, questions, engine)


def _fill(docs: Path, first: int, count: int, embedder: str | None) -> None:
    import numpy as np

    from sitechat.models import IndexState, Page, Passage, url_hash

    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(docs.rglob("*.txt")))
    sentences = [
        " ".join(part.split()) for part in re.split(r"(?<=[.:])\s|\n\n", text) if len(part) > 20
    ]
    chance = random.Random(first)
    names = _names(chance)
    numbers = np.random.default_rng(first)
    for start in range(first, count, 2000):
        pages = Page.objects.bulk_create(
            Page(
                url=f"/p{number}/",
                url_hash=url_hash(f"/p{number}/"),
                source="speed",
                title=" ".join([next(names), *chance.choice(sentences).split()[:5]]),
                language="en",
                audience=["public"],
                content_hash="x",
            )
            for number in range(start, min(start + 2000, count), _PER_PAGE)
        )
        passages = []
        for page in pages:
            for number in range(_PER_PAGE):
                words: list[str] = []
                while len(words) < 150:
                    words += chance.choice(sentences).split()
                passages.append(
                    Passage(
                        page=page,
                        number=number,
                        headings=[" ".join(words[:3])],
                        text=" ".join(words[:200]),
                    )
                )
        if embedder:
            found = numbers.normal(size=(len(passages), 384)).astype("<f2")
            for passage, vector in zip(passages, found, strict=True):
                passage.vector, passage.embedder = vector.tobytes(), f"{embedder}:384"
        Passage.objects.bulk_create(passages, batch_size=500)
    IndexState.touch()


def _names(chance: random.Random) -> Iterator[str]:
    """Yield words that occur on only one page, like names of products, people and places."""
    while True:
        syllables = chance.randint(2, 4)
        yield "".join(
            chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(syllables)
        ).capitalize() + chance.choice("bdfgklmnprstvz")


def _build(keep: bool) -> None:
    import shutil

    from sitechat.knowledge import index
    from sitechat.knowledge.index import index_folder

    if not keep:
        shutil.rmtree(index_folder.folder(), ignore_errors=True)
    index.refresh()


def _report_saved_page() -> None:
    from sitechat.knowledge import search
    from sitechat.knowledge.index.page_storing import store
    from sitechat.knowledge.sources import Document

    word = f"saved{time.time_ns()}"
    store(Document(url=f"/{word}/", key=word, text=f"All about {word}", format="plain"), "speed")
    saved = time.perf_counter()
    waits = []
    while True:
        started = time.perf_counter()
        found = search(word, user=None)
        waits.append((time.perf_counter() - started) * 1000)
        if any(each.url == f"/{word}/" for each in found):
            break
        time.sleep(0.05)
    print(
        f"a saved page was found after {time.perf_counter() - saved:.1f} s;"
        f" the slowest of {len(waits)} searches took {max(waits):.0f} ms"
    )


@contextmanager
def _building() -> Iterator[None]:
    """Build an index of the same pages in the background, at the pace of a site's process."""
    from sitechat.knowledge.index import building, indexing_pace, machine_index

    is_over = threading.Event()

    class Ending(indexing_pace.Pace):
        def __call__(self) -> None:
            if is_over.is_set():
                raise KeyboardInterrupt
            super().__call__()

    def build() -> None:
        with tempfile.TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
            building.build(Path(folder), "", Ending(machine_index.BACKGROUND_SHARE))

    thread = threading.Thread(target=build)
    thread.start()
    time.sleep(2)
    yield
    is_over.set()
    thread.join()


def _report_times(
    label: str,
    questions: Sequence[corpus.Question],
    find: Callable[[corpus.Question], object],
    rounds: int = 3,
) -> None:
    times: list[float] = []
    processor: list[float] = []
    for number in range(rounds):
        for question in questions:
            started, busy = time.perf_counter(), time.process_time()
            find(question)
            if number:  # the first round warms the caches of the process
                times.append((time.perf_counter() - started) * 1000)
                processor.append((time.process_time() - busy) * 1000)
    for kind, found in ((label, sorted(times)), ("of it processor time", sorted(processor))):
        print(
            f"{kind}: p50 {found[len(found) // 2]:.1f} ms,"
            f" p95 {found[int(len(found) * 0.95)]:.1f} ms, worst {found[-1]:.1f} ms"
        )


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
