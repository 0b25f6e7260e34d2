"""Bots of the site for the server tests."""

import json
import os
from pathlib import Path

from django.http import HttpRequest

from sitechat import Chatbot, tool
from tests.waiting import until


class PatientBot(Chatbot):
    """A bot that waits longer than any test for a silent Claude."""

    timeout = 300.0


class ImpatientBot(Chatbot):
    """A bot whose timeout is shorter than the import of the SDK."""

    timeout = 1.5


@tool(confirm="Cancel order {number}?", timeout=60)
def cancel_order(request: HttpRequest, number: str) -> str:
    """Cancel an order. The test sees each run in a folder, and can make it hang."""
    folder = Path(json.loads(os.environ["SITE_FOLDER"]))
    with (folder / "ran").open("a") as file:
        file.write(f"{number}\n")
    until(lambda: not (folder / "hangs").exists(), 50)
    return "Cancelled."


class ShopBot(PatientBot):
    tools = [cancel_order]
