"""Tests of the table of costs in docs/costs.md."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from sitechat.claude import catalog

PAGE = Path(__file__).resolve().parent.parent / "docs" / "costs.md"
INPUT, OUTPUT = 2300, 150
"""The tokens of a common question and its answer, as the page says."""

HEAD = [
    "| model | input, $ per million tokens | output | 1 question | 1,000 questions |",
    "|---|---|---|---|---|",
]


def rows() -> Iterator[str]:
    models = [model for model in catalog.MODELS.values() if not model.deprecated]
    for model in sorted(models, key=lambda model: (model.price.output, model.name)):
        price = model.price_for(INPUT)
        dollars = (price.input * INPUT + price.output * OUTPUT) / Decimal(1_000_000)
        yield (
            f"| `{model.name}` | {price.input:.2f} | {price.output:.2f} "
            f"| {dollars * 100:.2f} cents | ${dollars * 1000:.2f} |"
        )


def test_the_table_is_that_of_the_catalog() -> None:
    page = PAGE.read_text(encoding="utf-8")
    table = page.partition("<!-- from the catalog -->\n")[2].partition("\n<!-- end -->")[0]
    expected = "\n".join([*HEAD, *rows()])
    assert table == expected, f"put this table into docs/costs.md:\n{expected}"


def test_the_page_says_what_a_common_question_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"{INPUT:,} tokens of input and {OUTPUT} tokens of output" in page
