"""Extend the newest conversation: `python -m served.grow 5000` extends it to 5,000 messages."""

from __future__ import annotations

import sys
import uuid

import django
from django.conf import settings


def main(count: int) -> None:
    django.setup()
    if settings.CHAT == "plain":
        from plain.models import ChatMessage

        key = ChatMessage.objects.latest("id").session_key
        have = ChatMessage.objects.filter(session_key=key).count()
        ChatMessage.objects.bulk_create(
            [
                ChatMessage(
                    session_key=key, role="assistant" if n % 2 else "user", content=f"Number {n}."
                )
                for n in range(have, count)
            ],
            batch_size=500,
        )
        return
    from sitechat.models import Conversation, Message, Role

    talk = Conversation.objects.latest("created")
    have = talk.messages.count()
    Message.objects.bulk_create(
        [
            Message(
                id=uuid.uuid4(),
                conversation=talk,
                position=n,
                role=Role.ASSISTANT if n % 2 else Role.USER,
                text=f"Number {n}.",
            )
            for n in range(have, count)
        ],
        batch_size=500,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
