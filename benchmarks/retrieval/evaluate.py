"""Benchmark of search quality: Recall@1/3/5/10 and MRR@10 of this app and of plain engines.

    python -m benchmarks.retrieval.evaluate
    python -m benchmarks.retrieval.evaluate --embedder mymodule.embed
    python -m benchmarks.retrieval.evaluate --docs DIR --format rst --pattern '*.rst' \
        --questions FILE                                       # a corpus of your own

Figures have 95% intervals. Pages are ranked by their first passage in the results.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

from . import corpus, systems
from .corpus import Question
from .systems import Search

AT = (1, 3, 5, 10)


def main() -> None:
    options = options_of(__doc__)
    docs = Path(options.docs) if options.docs else corpus.documentation(options.requirement)
    corpus.WORK.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(f"{docs}{options.embedder}".encode()).hexdigest()[:12]
    corpus.configure(corpus.WORK / f"{name}.sqlite3", options.embedder)
    corpus.index(docs, options.format, options.pattern)
    questions = corpus.questions(Path(options.questions))
    passages = corpus.passages()
    print(f"{len(passages)} passages of {len({url for url, _ in passages})} pages in {docs}")
    named = {page for question in questions for page in question.pages}
    missing = named - {url for url, _ in passages}
    assert not missing, f"questions name pages that are not there: {sorted(missing)}"
    compared: dict[str, Search] = {"sitechat": systems.sitechat()}
    if not options.only:
        compared["plain FTS5"] = systems.plain_fts5(passages)
        compared["bm25s"] = systems.bm25s(passages)
        compared["tantivy"] = systems.tantivy(passages)
        if options.postgresql:
            compared["PostgreSQL"] = systems.postgresql(passages, options.postgresql)
    for label, find in compared.items():
        _report(label, questions, find, show_misses=options.misses and label == "sitechat")


def _report(label: str, questions: Sequence[Question], find: Search, show_misses: bool) -> None:
    results: dict[str, list[int]] = {}
    best: dict[bool, list[float]] = {True: [], False: []}
    for question in questions:
        found = find(question)
        best[bool(question.pages)].append(found[0][1] if found else 0.0)
        if question.pages:
            pages = list(dict.fromkeys(url for url, _ in found))
            at = next((n for n, url in enumerate(pages, 1) if url in question.pages), 0)
            results.setdefault(question.kind, []).append(at)
            if show_misses and not 0 < at <= 5:
                print(f"  at {at}: {question.kind}: {question.text!r} -> {pages[:3]}")
    print(
        f"\n{label:<16}{'n':>5}" + "".join(f"{f'recall@{k}':>20}" for k in AT) + f"{'MRR@10':>20}"
    )
    every = [at for found in results.values() for at in found]
    site = [at for kind, found in results.items() if kind != "other language" for at in found]
    for kind, found in [*results.items(), ("in its language", site), ("all", every)]:
        cells = [_interval([float(0 < at <= k) for at in found]) for k in AT]
        cells.append(_interval([1 / at if 0 < at <= 10 else 0.0 for at in found]))
        print(f"{kind:<16}{len(found):>5}" + "".join(f"{cell:>20}" for cell in cells))
    if best[False]:
        area = _auc(best[True], best[False])
        print(f"AUC of the best score, as a sign that a question has an answer: {area:.2f}")


def _interval(values: Sequence[float]) -> str:
    """Return the mean with its 95% interval, from 2,000 bootstrap resamples."""
    chance = random.Random(1)
    means = sorted(sum(chance.choices(values, k=len(values))) / len(values) for _ in range(2000))
    return f"{sum(values) / len(values):.2f} ({means[50]:.2f}-{means[1949]:.2f})"


def _auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    pairs = [(a > b) + 0.5 * (a == b) for a in positive for b in negative]
    return sum(pairs) / len(pairs)


def options_of(doc: str | None) -> argparse.Namespace:
    """Return the options of the command line of a benchmark with that docstring."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0] if doc else None)
    parser.add_argument("--requirement", default="django==6.1.3", help="whose documentation")
    parser.add_argument("--docs", help="a folder to use as corpus")
    parser.add_argument("--format", default="rst")
    parser.add_argument("--pattern", default="*.txt")
    parser.add_argument("--questions", default=str(corpus.HERE / "django.tsv"))
    parser.add_argument("--embedder", help="a dotted path, as in CHAT_EMBEDDER")
    parser.add_argument("--postgresql", default="", metavar="DSN")
    parser.add_argument("--only", action="store_true", help="omit the plain engines")
    parser.add_argument("--misses", action="store_true", help="show unanswered questions")
    return parser.parse_args()


if __name__ == "__main__":
    main()
