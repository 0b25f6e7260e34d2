"""Benchmark of extractors: how much of a page's main text and headings they find.

    apt-get download python-django-doc python-celery-doc python-flask-doc python-sqlalchemy-doc
    for file in *.deb; do dpkg-deb -x $file html; done
    pip install trafilatura readability-lxml justext resiliparse
    python -m benchmarks.retrieval.extractors html

The correct main text is the text of the element that `TRUTH` selects. For each extractor, "found"
is the share of its words that were extracted, and "right" the share of the extracted words that
belong to it.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import lxml.html

TRUTH = "//*[@role='main'] | //div[@class='body'] | //div[@class='yui-b'] | //div[@id='docs-body']"
PAGES = 12
_WITHOUT = re.compile("genindex|search|modindex|_modules")


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def readability(page: str) -> str:
    from readability import Document

    return str(lxml.html.fromstring(Document(page).summary()).text_content())


def justext(page: str) -> str:
    import justext as library

    paragraphs = library.justext(page.encode(), library.get_stoplist("English"))
    return "\n".join(each.text for each in paragraphs if not each.is_boilerplate)


def trafilatura(page: str) -> str:
    import trafilatura as library

    return library.extract(page, output_format="markdown", favor_recall=True) or ""


def resiliparse(page: str) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return extract_plain_text(page, main_content=True)


def sitechat(page: str) -> str:
    from sitechat.knowledge.reading.html import read_html

    return "\n".join(block.text for block in read_html(page).blocks)


EXTRACTORS: list[Callable[[str], str]] = [readability, justext, trafilatura, resiliparse, sitechat]


def main() -> None:
    chance = random.Random(1)
    folders = sorted(Path(sys.argv[1]).glob("usr/share/doc/*/html"))
    results: dict[str, list[tuple[float, float, float, float]]] = {}
    for folder in folders:
        files = [file for file in sorted(folder.rglob("*.html")) if not _WITHOUT.search(file.name)]
        for file in chance.sample(files, min(PAGES, len(files))):
            page = file.read_text(encoding="utf-8", errors="replace")
            found = lxml.html.fromstring(page.encode()).xpath(TRUTH)
            if not found or len(_words(found[0].text_content())) < 60:
                continue
            truth = Counter(_words(found[0].text_content()))
            headings = [
                heading.text_content().rstrip("¶ \n")
                for heading in found[0].xpath(".//h1 | .//h2 | .//h3")
            ]
            for extract in EXTRACTORS:
                started = time.process_time()
                text = extract(page)
                busy = (time.process_time() - started) * 1000
                words = Counter(_words(text))
                both = (words & truth).total()
                kept = sum(heading in text for heading in headings) / max(1, len(headings))
                results.setdefault(extract.__name__, []).append(
                    (both / truth.total(), both / max(1, words.total()), kept, busy)
                )
    print(f"{'':<14}{'pages':>6}{'found':>8}{'right':>8}{'headings':>10}{'ms':>8}")
    for name, rows in results.items():
        found, right, kept, busy = (statistics.mean(column) for column in zip(*rows, strict=True))
        print(f"{name:<14}{len(rows):>6}{found:>8.2f}{right:>8.2f}{kept:>10.2f}{busy:>8.1f}")


if __name__ == "__main__":
    main()
