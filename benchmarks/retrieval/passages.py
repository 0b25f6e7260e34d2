"""Benchmark of the number of passages that are sent with a question.

    python -m benchmarks.retrieval.passages
    python -m benchmarks.retrieval.passages --requirement celery==5.7.0 --pattern '*.rst' \
        --questions benchmarks/retrieval/celery.tsv

For each number of passages, it prints the share of questions that Claude can answer, because one of
the passages is from a page that answers the question, and the mean tokens of the passages.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from . import corpus, systems
from .evaluate import options_of

NUMBERS = (3, 5, 6, 8, 10)
BYTES_PER_TOKEN = 4


def main() -> None:
    options = options_of(__doc__)
    docs = Path(options.docs) if options.docs else corpus.documentation(options.requirement)
    corpus.WORK.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(f"{docs}{options.embedder}".encode()).hexdigest()[:12]
    corpus.configure(corpus.WORK / f"{name}.sqlite3", options.embedder)
    corpus.index(docs, options.format, options.pattern)
    questions = corpus.questions(Path(options.questions))
    answerable = [question for question in questions if question.pages]
    found = {question: systems.passages_of(question) for question in answerable}
    print(f"{len(answerable)} questions\n{'passages':>8}  {'right page':>10}  {'tokens':>6}")
    for number in NUMBERS:
        sent = {question: found[question][:number] for question in answerable}
        right = sum(
            any(each.url in question.pages for each in passages)
            for question, passages in sent.items()
        )
        size = sum(len(each.text.encode()) for passages in sent.values() for each in passages)
        tokens = size / len(answerable) / BYTES_PER_TOKEN
        print(f"{number:8}  {right / len(answerable):10.1%}  {tokens:6,.0f}")


if __name__ == "__main__":
    main()
