"""The view of the plain chat, as tutorials write it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import anthropic
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from plain.models import ChatMessage

MESSAGES_PER_HOUR = 1_000_000


@csrf_exempt
@require_POST
def chat(request: HttpRequest) -> HttpResponseBase:
    message = json.loads(request.body).get("message", "").strip()
    if not message or len(message) > settings.CHAT_MAX_MESSAGE_LENGTH:
        return JsonResponse({"error": "invalid message"}, status=400)

    if not request.session.session_key:
        request.session.create()
    session_key = request.session.session_key
    counter = f"chat:{session_key}"
    count = cache.get(counter, 0)
    if count >= MESSAGES_PER_HOUR:
        return JsonResponse({"error": "rate limited"}, status=429)
    cache.set(counter, count + 1, 3600)

    ChatMessage.objects.create(session_key=session_key, role="user", content=message)
    history = ChatMessage.objects.filter(session_key=session_key).order_by("-created", "-id")
    newest = list(history[: 2 * settings.CHAT_MAX_HISTORY + 1])[::-1]
    messages = [{"role": m.role, "content": m.content} for m in newest]
    if messages[0]["role"] == "assistant":
        del messages[0]

    def events() -> Iterator[str]:
        client = anthropic.Anthropic(api_key=settings.ANTHROPIC_API_KEY)
        answer = ""
        try:
            with client.messages.stream(
                model=settings.CHAT_MODEL,
                max_tokens=settings.CHAT_MAX_TOKENS,
                system=settings.CHAT_SYSTEM_PROMPT,
                messages=messages,
            ) as stream:
                for text in stream.text_stream:
                    answer += text
                    yield f"data: {json.dumps({'t': text})}\n\n"
            ChatMessage.objects.create(session_key=session_key, role="assistant", content=answer)
        except anthropic.APIError as error:
            yield f"data: {json.dumps({'error': type(error).__name__})}\n\n"
        yield "data: [DONE]\n\n"

    response = StreamingHttpResponse(events(), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response
