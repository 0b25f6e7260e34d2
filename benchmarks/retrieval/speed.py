"""Build time, size, memory and search times at a number of passages.

    python -m benchmarks.retrieval.speed 5000
    python -m benchmarks.retrieval.speed 100000 --vectors

The passages are made of the corpus's own sentences, so that words are as frequent as in real
text; the questions are those of the evaluation. With `--vectors` each passage gets a random vector
of 384 numbers, and the time of the embedding model is left out. With `--engines` the engines that
there were to choose from are timed over the same passages, as they come.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import corpus, systems

_PER_PAGE = 8


def random_vectors(texts: Sequence[str]) -> object:
    """The embedder of `--vectors`."""
    import numpy as np

    return np.random.default_rng(len(texts[0])).normal(size=(len(texts), 384))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("passages", type=int)
    parser.add_argument("--vectors", action="store_true")
    parser.add_argument("--keep", action="store_true", help="use the index that there is")
    parser.add_argument("--engines", action="store_true", help="time FTS5 and tantivy too")
    parser.add_argument("--requirement", default="django==6.1.3")
    options = parser.parse_args()
    docs = corpus.documentation(options.requirement)
    database = corpus.WORK / f"speed-{options.passages}-{options.vectors}.sqlite3"
    embedder = "benchmarks.retrieval.speed.random_vectors" if options.vectors else None
    corpus.configure(database, embedder)
    from sitechat.knowledge.models import Passage

    if Passage.objects.count() < options.passages:
        _fill(docs, options.passages, embedder)
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
    if options.engines:
        passages = corpus.passages()
        for label, make in (("FTS5", systems.plain_fts5), ("tantivy", systems.tantivy)):
            started = time.perf_counter()
            engine = make(passages)
            print(f"{label} built in {time.perf_counter() - started:.1f} s")
            _report_times(label, questions, engine)


def _fill(docs: Path, count: int, embedder: str | None) -> None:
    import numpy as np

    from sitechat.knowledge.models import IndexState, Page, Passage, url_hash

    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(docs.rglob("*.txt")))
    sentences = [
        " ".join(part.split()) for part in re.split(r"(?<=[.:])\s|\n\n", text) if len(part) > 20
    ]
    chance = random.Random(1)
    numbers = np.random.default_rng(1)
    for start in range(0, count, 2000):
        pages = Page.objects.bulk_create(
            Page(
                url=f"/p{number}/",
                url_hash=url_hash(f"/p{number}/"),
                source="speed",
                title=" ".join(chance.choice(sentences).split()[:5]),
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
                while len(words) < 200:
                    words += chance.choice(sentences).split()
                passages.append(
                    Passage(
                        page=page,
                        number=number,
                        headings=[" ".join(words[:3])],
                        text=" ".join(words[:250]),
                    )
                )
        if embedder:
            found = numbers.normal(size=(len(passages), 384)).astype("<f2")
            for passage, vector in zip(passages, found, strict=True):
                passage.vector, passage.embedder = vector.tobytes(), f"{embedder}:384"
        Passage.objects.bulk_create(passages, batch_size=500)
    IndexState.touch()


def _build(keep: bool) -> None:
    import shutil

    from sitechat.knowledge import index

    if not keep:
        shutil.rmtree(index.folder(), ignore_errors=True)
    index.refresh()


def _report_times(
    label: str,
    questions: Sequence[corpus.Question],
    find: Callable[[corpus.Question], object],
) -> None:
    times: list[float] = []
    processor: list[float] = []
    for rounds in range(3):
        for question in questions:
            started, busy = time.perf_counter(), time.process_time()
            find(question)
            if rounds:  # the first round warms the caches of the process
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
