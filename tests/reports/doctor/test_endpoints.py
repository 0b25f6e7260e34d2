"""Tests of the doctor's examination of endpoints: correct sites pass, and faults are found."""

from __future__ import annotations

import pytest

from sitechat.reports.doctor import DeployedSite, Finding, endpoints
from sitechat.reports.doctor.chat_calls import Calls
from sitechat.reports.doctor.page import FoundChat
from tests.reports.doctor.fake import FakeSite, Start

RIGHT = [
    "The chat's calls answer",
    "Other sites' pages are refused",
    "The site's own pages are accepted",
    "Browsers without Sec-Fetch-Site are accepted",
    "Visitors do not share an address",
    "Answers stream",
    "Headers of a stream",
    "These questions stay out of your figures",
    "Made-up addresses are not believed",
    "Many at once",
]


class RemoteSite(DeployedSite):
    """A site that counts as one on another machine."""

    is_local = False


def findings(
    server: FakeSite, streams: int = 2, *, kind: type[DeployedSite] = DeployedSite
) -> dict[str, Finding]:
    origin = f"http://{server.address}"
    found = Calls(kind(origin), FoundChat(f"{origin}/api/chat/", origin))
    return {each.point: each for each in endpoints.examine(found, streams)}


def test_a_right_deployment_is_right_in_all_points(fake: Start) -> None:
    found = findings(fake())
    assert list(found) == RIGHT
    assert all(each.passed for each in found.values()), found


@pytest.mark.parametrize(
    ("fault", "point", "passed"),
    [
        ("not set up", "The chat's calls answer", False),
        ("hears everybody", "Other sites' pages are refused", False),
        ("Host is changed", "Browsers without Sec-Fetch-Site are accepted", False),
        ("shared address", "Visitors do not share an address", None),
        ("no limits", "Visitors do not share an address", None),
        ("strange limits", "Visitors do not share an address", None),
        ("no limits", "Made-up addresses are not believed", None),
        ("believes anybody", "Made-up addresses are not believed", False),
        ("drops headers", "These questions stay out of your figures", None),
        ("buffered", "Answers stream", False),
        ("quick", "Answers stream", None),
        ("cut", "Answers are complete", False),
        ("empty", "Answers are complete", False),
        ("later ones empty", "Many at once", False),
        ("rewritten", "Headers of a stream", False),
        ("Claude fails", "Claude answers", False),
        ("limited", "Many at once", None),
    ],
)
def test_each_fault_is_found(fake: Start, fault: str, point: str, passed: bool | None) -> None:
    found = findings(fake(fault), kind=RemoteSite)
    assert found[point].passed is passed, found
    assert found[point].advice or "CHAT_LIMITS" in found[point].seen
    wrong = [each.point for each in found.values() if each.passed is False]
    assert wrong == ([point] if passed is False else [])


def test_a_server_may_believe_its_own_machine(fake: Start) -> None:
    found = findings(fake("believes anybody"), streams=0)
    assert found["Made-up addresses are not believed"].passed is None


def test_a_chat_that_is_not_set_up_is_asked_nothing(fake: Start) -> None:
    server = fake("not set up")
    found = findings(server)
    assert "manage.py migrate" in found["The chat's calls answer"].advice
    assert {method for method, _path in server.requests} == {"GET"}


def test_conversations_are_deleted_with_the_sessions_that_they_came_with(fake: Start) -> None:
    server = fake()
    findings(server)
    deleted = [path for method, path in server.requests if method == "DELETE"]
    assert sorted(deleted) == [f"/api/chat/ sessionid=visitor{n}" for n in (57, 58, 59)]


def test_pages_of_another_host_must_be_able_to_read_the_answers(fake: Start) -> None:
    server = fake()
    found = FoundChat(f"http://{server.address}/api/chat/", "https://www.example.org")
    examined = endpoints.examine(Calls(DeployedSite(server.address), found), 0)
    points = {each.point: each for each in examined}
    own = points["The site's own pages are accepted"]
    assert own.passed is False
    assert 'CHAT_ORIGINS = ["https://www.example.org"]' in own.advice
