"""Use the site after the upgrade and print the results as JSON. Run by `test_upgrade`."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any

import django
from django.core.management import call_command
from django.test import Client

from sitechat.standin import Answer, Standin
from tests.upgrade import site
from tests.waiting import until


def main(known: dict[str, Any]) -> dict[str, object]:
    django.setup()
    # Models can only be imported after the setup.
    from sitechat.models import Usage

    call_command("migrate", verbosity=0)
    call_command("check", fail_level="ERROR")
    visitor, owner = Client(), Client()
    visitor.cookies["sessionid"] = str(known["cookie"])
    owner.login(username="owner", password="owner")
    # A reply counts as interrupted some seconds after its process has ended.
    until(lambda: visitor.get("/api/chat/").json()["running"] is None, 20, every=0.25)
    found: dict[str, object] = {"conversation": visitor.get("/api/chat/").json()}
    url = f"/api/chat/replies/{known['replies'][0]}/"
    found["reply"] = visitor.get(url, headers={"Accept": "application/json"}).json()
    with Standin() as standin:
        os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"] = standin.url, "sk-x"
        found["retry"] = stream_of(visitor, {"message": site.QUESTION, "id": known["message"]})
        found["requests of the retry"] = len(standin.requests)
        standin.always(Answer("At nine."))
        found["next"] = stream_of(visitor, {"message": "And when do you open?"})
        found["sent"] = json.dumps(standin.requests[-1].body["messages"])
    site.EMBEDDED.clear()
    call_command("chat_index", stdout=io.StringIO())
    found["embedded again"] = site.EMBEDDED
    found["usage"] = list(Usage.objects.order_by("pk").values_list("status", flat=True))
    exported = io.StringIO()
    call_command("chat_export", conversation=known["conversation"], stdout=exported)
    found["export"] = json.loads(exported.getvalue())
    pages = ("conversation/", f"conversation/{known['conversation']}/change/", "page/", "usage/")
    found["admin"] = {page: owner.get(f"/admin/sitechat/{page}").status_code for page in pages}
    call_command("makemigrations", "sitechat", check=True, dry_run=True, verbosity=0)
    return found


def stream_of(visitor: Client, body: dict[str, object]) -> str:
    response: Any = visitor.post("/api/chat/", body, "application/json")
    return b"".join(response.streaming_content).decode()


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
