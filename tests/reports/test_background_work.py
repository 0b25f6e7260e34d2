"""Work of the reports on a thread of the process."""

from __future__ import annotations

import pytest

from sitechat.reports.background_work import BackgroundWork
from tests.thread_limit import no_new_threads


@pytest.mark.django_db(transaction=True)
def test_work_starts_later_if_no_thread_could_start() -> None:
    done: list[str] = []
    work = BackgroundWork("test", lambda: done.append("work"))
    with no_new_threads():
        work.start()
    assert (work.wait(0), done) == (True, [])
    work.start()
    assert (work.wait(5), done) == (True, ["work"])
