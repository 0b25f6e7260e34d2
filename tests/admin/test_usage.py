"""Tests of the usage page: plots, tables and CSV."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from sitechat.admin import svg_plots
from sitechat.admin.svg_plots import Series
from sitechat.models import Usage
from tests.owner import owner_client, talk

pytestmark = [pytest.mark.django_db, pytest.mark.database]

USAGE = "/admin/sitechat/usage/"


def page_of(client: Client, query: str = "") -> str:
    response = client.get(f"{USAGE}?{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_tells_what_the_chat_cost(owner: Client) -> None:
    talk(("a", "b"), ("c", "d"), usage={"dollars": Decimal("1.25")})
    page = page_of(owner)
    for part in ("$2.50", "claude-opus-4-7", "<svg", "20 usd/day", "Cost per visit"):
        assert part in page, part


@pytest.mark.parametrize("use_tz", [True, False])
def test_a_limit_resets_at_a_local_time(owner: Client, settings: Settings, use_tz: bool) -> None:
    settings.USE_TZ = use_tz
    settings.TIME_ZONE = "Asia/Tokyo"
    settings.CHAT_LIMITS = {"site": ["20 usd/day"]}
    talk(("a", "b"))
    assert re.search(r"resets [^<]*, 9 a\.m\.", page_of(owner))


@pytest.mark.parametrize("by", ["hour", "day", "month", "nonsense"])
def test_an_empty_site_has_a_page(owner: Client, by: str) -> None:
    page = page_of(owner, f"by={by}")
    assert "No data for this period" in page
    assert "No replies" in page


@pytest.mark.parametrize(
    "query",
    [
        *("end=nonsense", "end=0001-01-01T00:00:00%2B00:00", "end=9999-12-31T23:59:59-12:00"),
        *("bot=%00", "model=" + "x" * 500, "by=", "end=2026-01-01"),
    ],
)
def test_links_that_nobody_gave_break_nothing(owner: Client, query: str) -> None:
    talk(("a", "b"))
    assert page_of(owner, query)


def test_holes_and_unknown_models_are_shown(owner: Client) -> None:
    talk(("a", "b"), usage={"model": "", "first_token_ms": None, "total_ms": None})
    talk(
        ("a", "b"),
        age=timedelta(days=9),
        usage={"model": "my-<own>-model", "input_tokens": 0, "output_tokens": 0, "dollars": 0},
    )
    page = page_of(owner)
    assert "my-&lt;own&gt;-model" in page


def test_one_model_or_bot_can_be_seen_alone(owner: Client, settings: Settings) -> None:
    settings.CHAT_LIMITS = {}
    talk(("a", "b"), usage={"dollars": Decimal(3)})
    talk(("a", "b"), bot="support", usage={"dollars": Decimal(4), "model": "claude-haiku-5-5"})
    assert "$7.00" in page_of(owner)
    assert "$7.00" not in page_of(owner, "bot=support")
    assert "$4.00" in page_of(owner, "bot=support")
    assert "$3.00" in page_of(owner, "model=claude-opus-4-7")


def test_earlier_spans_are_a_link_away(owner: Client) -> None:
    talk(("a", "b"), age=timedelta(days=40), usage={"dollars": Decimal(5)})
    response = owner.get(USAGE)
    assert response.context["report"].total.replies == 0
    assert response.context["later"] == ""
    before = owner.get(USAGE + response.context["earlier"])
    assert before.context["report"].total.dollars == 5
    assert owner.get(USAGE + before.context["later"]).context["report"].total.replies == 0


def test_the_csv_has_a_row_for_each_period_bot_and_model(owner: Client) -> None:
    talk(("a", "b"), ("c", "d"))
    talk(("a", "b"), bot="support", age=timedelta(days=2))
    response = owner.get(f"{USAGE}?format=csv")
    assert response["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [(row["bot"], row["replies"]) for row in rows] == [("support", "1"), ("default", "2")]
    assert rows[1]["dollars"] == "0.00200000"
    assert abs(float(rows[1]["total_p50"]) - 2000) <= 50


def test_no_cell_of_the_csv_is_a_formula(owner: Client) -> None:
    talk(("a", "b"), bot="=1+1", usage={"model": "@SUM(A1)"})
    content = owner.get(f"{USAGE}?format=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert (rows[0]["bot"], rows[0]["model"]) == ("'=1+1", "'@SUM(A1)")


def test_the_site_need_not_have_limits(owner: Client, settings: Settings) -> None:
    settings.CHAT_LIMITS = {}
    assert "Current limits of the site" not in page_of(owner)


def test_a_budget_that_is_overspent_is_shown(owner: Client, settings: Settings) -> None:
    settings.CHAT_LIMITS = {"site": ["1 usd/day", "10 messages/month"]}
    talk(("a", "b"), age=timedelta(), usage={"dollars": Decimal(3)})
    page = page_of(owner)
    assert "(300%)" in page
    assert "10 messages/month" in page


def test_nobody_edits_usage(owner: Client) -> None:
    talk(("a", "b"))
    row = Usage.objects.get()
    response = owner.post(f"{USAGE}{row.pk}/change/", {"dollars": "0"})
    assert response.status_code == 302
    row.refresh_from_db()
    assert row.dollars == Decimal("0.001")
    assert owner.get(f"{USAGE}add/").status_code == 403
    assert owner.get(f"{USAGE}{row.pk}/delete/").status_code == 403


def test_the_page_needs_its_permission() -> None:
    assert owner_client("sitechat.view_usage").get(USAGE).status_code == 200


def test_staff_without_it_is_refused() -> None:
    assert owner_client("sitechat.view_conversation").get(USAGE).status_code == 403


def test_the_end_of_a_span_is_not_in_two_spans(owner: Client) -> None:
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    talk(("a", "b"))
    Usage.objects.update(created=midnight - timedelta(days=29))
    response = owner.get(USAGE)
    assert response.context["report"].total.replies == 1
    earlier = owner.get(USAGE + response.context["earlier"])
    assert earlier.context["report"].total.replies == 0


def test_plots_name_months_in_the_readers_language(owner: Client) -> None:
    talk(("a", "b"))
    german = {"Accept-Language": "de"}
    page = owner.get(f"{USAGE}?by=month", headers=german).content.decode()
    assert re.search(r"Okt\.? 20", page)


# Plots


def test_plots_write_numbers_down_as_tables_do(owner: Client) -> None:
    talk(("a", "b"), usage={"dollars": Decimal("0.5"), "input_tokens": 1200})
    german = owner.get(USAGE, headers={"Accept-Language": "de"}).content.decode()
    english = page_of(owner)
    for page, parts in (
        (english, ("$0.50", "1,200", "2 s")),  # 2 s, to within 2.5%
        (german, ("$0,50", "1.200", "2 s")),
    ):
        titles = "".join(re.findall("<title>(.*?)</title>", page, re.DOTALL))
        table = page.partition("<table")[2]
        for part in parts:
            assert f": {part}" in titles, part
            assert part in table


@pytest.mark.parametrize(("most", "ticks"), [(1, "01"), (2, "012"), (7, "05"), (0, "01")])
def test_what_is_counted_has_no_halves_on_its_axis(most: int, ticks: str) -> None:
    plot = svg_plots.bars("t", ["a"], [Series("x", [most])], show=show, whole=True)
    labels = [tick.label for tick in plot.y_ticks]
    assert labels[: len(ticks)] == list(ticks)


def show(value: float) -> str:
    return f"{value:g}"


def test_bars_stand_on_the_axis_and_on_each_other() -> None:
    plot = svg_plots.bars("t", ["a", "b"], [Series("x", [1, 0]), Series("y", [2, None])], show=show)
    first, second = plot.bars
    assert (first.series, second.series) == (0, 1)
    assert first.y + first.height == pytest.approx(plot.bottom)
    assert second.y + second.height == pytest.approx(first.y)
    assert second.height == pytest.approx(2 * first.height, rel=0.001)
    assert [target.title for target in plot.targets] == ["a\nx: 1\ny: 2", "b\nx: 0"]


def test_lines_break_where_nothing_is_known() -> None:
    plot = svg_plots.lines("t", list("abcd"), [Series("x", [1, 2, None, 3])], show=show)
    assert [points.count(",") for _series, points in plot.lines] == [2, 1]
    assert len(plot.dots) == 3


def test_a_line_for_a_cap_is_drawn_where_it_fits() -> None:
    near = svg_plots.bars("t", ["a"], [Series("x", [10])], show=show, cap=20, cap_label="20")
    far = svg_plots.bars("t", ["a"], [Series("x", [1])], show=show, cap=1000, cap_label="1000")
    assert near.cap is not None
    assert far.cap is None


@pytest.mark.parametrize("values", [[], [None], [0], [0, 0]])
def test_nothing_makes_an_empty_plot(values: list[float | None]) -> None:
    labels = [str(n) for n in range(len(values))]
    assert svg_plots.bars("t", labels, [Series("x", values)], show=show).empty
    assert svg_plots.lines("t", labels, [Series("x", values)], show=show).empty is (
        not any(value is not None for value in values)
    )


@pytest.mark.parametrize(
    ("value", "step"), [(0.3, 0.5), (1, 1), (1.01, 2), (2.4, 2.5), (26, 50), (7e-5, 1e-4)]
)
def test_axes_have_round_steps(value: float, step: float) -> None:
    assert svg_plots.axis_step(value) == pytest.approx(step)
