"""The pages of the admin's inbox, and the responses to their scripts and forms.

`HandoffAdmin` in `inbox` calls them.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sitechat.admin.answer_page import Answering, StaffAction, actions
from sitechat.admin.answer_page_lines import conversation_lines
from sitechat.conf import conf
from sitechat.models import Conversation
from sitechat.models.ids import parse_uuid
from sitechat.people import inbox_rows
from sitechat.people.person_options import person_options
from sitechat.people.staff_errors import ConversationGone, StaffError


class InboxPages:
    """The views of the inbox.

    Args:
        admin: The `HandoffAdmin`, which checks the permissions and renders the templates.
    """

    def __init__(self, admin: Any) -> None:
        self.admin = admin

    def inbox(self, request: HttpRequest, extra_context: dict[str, Any] | None) -> HttpResponse:
        """Return the page of open conversations, or with `?show=done` of finished ones."""
        done = request.GET.get("show") == "done"
        rows = inbox_rows.done_rows(request.user) if done else inbox_rows.open_rows(request.user)
        context = {
            "title": _("Inbox"),
            "rows": rows,
            "done": done,
            "waiting": sum(row.is_new for row in rows),
            "is_off": person_options() is None,
            "show_bots": len(conf.CHAT_BOTS) > 1,
            "live_url": reverse(
                "admin:sitechat_handoff_live", current_app=self.admin.admin_site.name
            ),
            **(extra_context or {}),
        }
        return self._page(request, "admin/sitechat/handoff/change_list.html", context)

    def live_inbox(self, request: HttpRequest) -> HttpResponse:
        """Return JSON for the inbox's script: the HTML of the rows, and the number of new rows."""
        rows = inbox_rows.open_rows(request.user)
        shown = {"rows": rows, "show_bots": len(conf.CHAT_BOTS) > 1}
        request.current_app = self.admin.admin_site.name
        html = render_to_string("admin/sitechat/handoff/rows.html", shown, request)
        return JsonResponse({"count": sum(row.is_new for row in rows), "html": html})

    def answering(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        """Return the page on which staff answer a conversation.

        If there is no such conversation, redirect to the inbox with a message.
        """
        pk = parse_uuid(object_id)
        found = Conversation.objects.filter(pk=pk).first() if pk is not None else None
        if found is None:
            self.admin.check_permission(request)
            messages.error(request, str(ConversationGone()))
            return HttpResponseRedirect(self._inbox_url())
        self.admin.check_permission(request, found)
        return self._answering_page(request, found, extra_context or {})

    def live_lines(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the new lines of a conversation for its page's script; 410 if it was deleted."""
        conversation = Conversation.objects.filter(pk=pk).first()
        if conversation is None:
            self.admin.check_permission(request)
            return JsonResponse({"error": str(ConversationGone()), "gone": True}, status=410)
        self.admin.check_permission(request, conversation)
        answering = Answering.of(conversation, request.user)
        new = conversation_lines(conversation, request.GET.get("after", ""))
        html = render_to_string(
            "admin/sitechat/handoff/lines.html", {"conversation_lines": new}, request
        )
        return JsonResponse(
            {
                "html": html,
                "cursor": new.cursor,
                "state": answering.state,
                "words": str(answering.state_text),
            }
        )

    def act(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Handle a form of the page: join, reply, hand back, and so on.

        Requests other than POST are redirected to the page.
        """
        if request.method != "POST":
            return HttpResponseRedirect(self._answering_url(pk))
        conversation = Conversation.objects.filter(pk=pk).first()
        if conversation is None:
            self.admin.check_permission(request)
            return self._refuse(request, None, ConversationGone())
        self.admin.check_permission(request, conversation)
        action = actions().get(request.POST.get("action", ""))
        if action is None:
            return self._refuse(request, conversation, StaffError(_("There is no such action.")))
        return self._act(request, conversation, action)

    def _act(
        self, request: HttpRequest, conversation: Conversation, action: StaffAction
    ) -> HttpResponse:
        try:
            site = request.get_host()
            origin = f"{request.scheme}://{site}"
            form = {**request.POST.dict(), "site": site, "origin": origin}
            done = action(conversation, request.user, form)
        except StaffError as error:
            return self._refuse(request, conversation, error)
        if _wants_json(request):
            return JsonResponse({"done": str(done)})
        if done:
            messages.success(request, str(done))
        return HttpResponseRedirect(self._answering_url(conversation.pk))

    def _refuse(
        self, request: HttpRequest, conversation: Conversation | None, error: StaffError
    ) -> HttpResponse:
        """Return the response to a form that was not handled.

        A script gets the error as JSON, and itself keeps the text that the user wrote. Without a
        script, a page shows the error and the text of the form, so that the text is not lost. The
        status is 410 if the conversation no longer exists, else 409.

        Args:
            request: The request.
            conversation: The conversation; None if it no longer exists.
            error: The error.
        """
        is_gone = conversation is None or isinstance(error, ConversationGone)
        if _wants_json(request):
            status = 410 if is_gone else 409
            return JsonResponse({"error": str(error.message), "gone": is_gone}, status=status)
        messages.error(request, str(error.message))
        text = request.POST.get("text", "")
        if conversation is None or is_gone:
            context = {"title": _("Inbox"), "text": text}
            return self._page(request, "admin/sitechat/handoff/gone.html", context, status=410)
        kept = {"note_text" if request.POST.get("action") == "note" else "reply_text": text}
        return self._answering_page(request, conversation, kept, status=409)

    def _answering_page(
        self,
        request: HttpRequest,
        conversation: Conversation,
        extra: dict[str, Any],
        status: int = 200,
    ) -> HttpResponse:
        answering = Answering.of(conversation, request.user)
        site = self.admin.admin_site.name
        context = {
            "title": answering.question or _("A conversation without a question"),
            "original": answering.question[:80] or conversation,
            "change": True,
            "is_popup": False,
            "answering": answering,
            "conversation_lines": conversation_lines(conversation),
            "live_url": reverse(
                "admin:sitechat_handoff_talk", args=[conversation.pk], current_app=site
            ),
            "act_url": reverse(
                "admin:sitechat_handoff_act", args=[conversation.pk], current_app=site
            ),
            **extra,
        }
        return self._page(request, "admin/sitechat/handoff/answer.html", context, status=status)

    def _page(
        self, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        page: HttpResponse = self.admin.page(request, template, context, status=status)
        return page

    def _inbox_url(self) -> str:
        return reverse("admin:sitechat_handoff_changelist", current_app=self.admin.admin_site.name)

    def _answering_url(self, pk: UUID) -> str:
        return reverse(
            "admin:sitechat_handoff_change", args=[pk], current_app=self.admin.admin_site.name
        )


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")
