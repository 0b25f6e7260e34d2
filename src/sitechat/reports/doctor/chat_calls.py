"""The chat's HTTP calls, sent as a visitor's browser sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sitechat.conversations import command_signature
from sitechat.models import Asker
from sitechat.reports.doctor.deployed_site import DeployedSite, SiteResponse, origin_of
from sitechat.reports.doctor.page import FoundChat

QUESTION = "Please say in three sentences what this site is about."


class Calls:
    """The HTTP calls of one chat. Each call comes from a new visitor: it has no session."""

    def __init__(self, site: DeployedSite, found: FoundChat) -> None:
        self.site = site
        self.url = found.endpoint
        self.page_origin = found.origin
        self.origin = origin_of(found.endpoint)
        self.bot = found.bot

    @property
    def from_own_page(self) -> dict[str, str]:
        """The headers that a browser sends with a call from the site's own page."""
        same = self.page_origin == self.origin
        return {
            "Origin": self.page_origin,
            "Sec-Fetch-Site": "same-origin" if same else "cross-site",
        }

    def get(self, **headers: str) -> SiteResponse:
        """Send `GET chat/`."""
        return self.site.get(self.url, headers)

    def post(self, message: str, headers: Mapping[str, str] | None = None) -> SiteResponse:
        """Send `POST chat/`, with a signature so that the site excludes it from its figures."""
        data: dict[str, Any] = {"message": message}
        if self.bot:
            data["bot"] = self.bot
        mark = {command_signature.HEADER: command_signature.sign(Asker.DOCTOR)}
        return self.site.send("POST", self.url, data, {**mark, **(headers or {})})

    def forget(self, answer: SiteResponse) -> None:
        """Delete the conversation that a question started. Only its usage is kept.

        Args:
            answer: The response to the question, with the cookies of its session.
        """
        if answer.cookies:
            query = f"?bot={self.bot}" if self.bot else ""
            self.site.send("DELETE", self.url + query, None, {}, cookies=answer.cookies)


def describe(answer: SiteResponse) -> str:
    """Return the status of an answer, and its error code, its error or its content type."""
    return f"{answer.status} {answer.code or answer.error or answer.content_type}"
