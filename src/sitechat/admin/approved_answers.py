"""The admin of approved answers, which staff write for questions of visitors.

Each answer has a page to try it. The page asks a bot the question, and shows what the bot answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sitechat.admin.base import ChatAdminPages, KeysetListAdmin, may_read_transcripts
from sitechat.admin.filters import LanguageFilter
from sitechat.admin.keyset_pagination import LastChangedFirst
from sitechat.admin.text_limits import LimitedTextarea
from sitechat.conf import conf
from sitechat.models import ApprovedAnswer
from sitechat.models.ids import parse_uuid
from sitechat.people.languages_and_durations import language_name
from sitechat.safe_text import safe_link, visible

if TYPE_CHECKING:
    AnswerModelAdmin = admin.ModelAdmin[ApprovedAnswer]
    AnswerModelForm = forms.ModelForm[ApprovedAnswer]
else:
    AnswerModelAdmin = admin.ModelAdmin
    AnswerModelForm = forms.ModelForm

MAX_ANSWER_LENGTH = 10_000
"""Maximum characters of an approved answer, which is sent to Claude as a whole."""

MAX_WORDINGS = 30
MAX_WORDING_LENGTH = 500

MAX_QUESTIONS_LENGTH = MAX_WORDINGS * (MAX_WORDING_LENGTH + 1)
"""Maximum characters of the field for the wordings: the ways to ask the question."""

LARGE_FIELD = {"class": "vLargeTextField", "dir": "auto"}


class FormIdField(forms.UUIDField):
    """A new id for each form. The same answer with the same id is stored once."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return False, because the id is not a part of the answer."""
        return False


class ApprovedAnswerForm(AnswerModelForm):
    """The form of an approved answer.

    It has two hidden fields. `reply` is the id of the reply from which a new answer was made.
    `draft` is the id of the form.
    """

    bots = forms.MultipleChoiceField(
        label=_("Bots"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The bots that give the answer; all if none is chosen."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        help_text=_("Only for questions in this language, or on pages in it."),
    )
    reply = forms.CharField(required=False, widget=forms.HiddenInput)
    draft = FormIdField(required=False, widget=forms.HiddenInput, initial=uuid4)

    class Meta:
        model = ApprovedAnswer
        fields = ApprovedAnswer.EDITED_FIELDS
        widgets = {
            "title": forms.TextInput(attrs={"class": "vTextField", "dir": "auto"}),
            "url": forms.TextInput(attrs={"class": "vTextField", "dir": "ltr"}),
            "questions": LimitedTextarea(MAX_QUESTIONS_LENGTH, {**LARGE_FIELD, "rows": 4}),
            "answer": LimitedTextarea(MAX_ANSWER_LENGTH, {**LARGE_FIELD, "rows": 12}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.instance.bots if isinstance(self.instance.bots, list) else []
        names = list(dict.fromkeys([*conf.CHAT_BOTS, *map(str, chosen)]))
        bots: Any = self.fields["bots"]
        bots.choices = [(name, visible(name)) for name in names]
        codes = {code.partition("-")[0]: name for code, name in settings.LANGUAGES}
        if self.instance.language:
            codes.setdefault(self.instance.language, self.instance.language)
        language: Any = self.fields["language"]
        language.choices = [("", _("All languages")), *codes.items()]
        if len(names) < 2 and "bots" in self.fields:
            self.fields["bots"].widget = forms.MultipleHiddenInput()

    def clean_questions(self) -> str:
        """Return the wordings, one per line, each once and without empty lines.

        Raises:
            ValidationError: There are too many wordings, or one is too long.
        """
        lines = [" ".join(line.split()) for line in self.cleaned_data["questions"].splitlines()]
        lines = list(dict.fromkeys(filter(None, lines)))
        if len(lines) > MAX_WORDINGS:
            raise ValidationError(_("Write at most %d wordings.") % MAX_WORDINGS)
        if any(len(line) > MAX_WORDING_LENGTH for line in lines):
            raise ValidationError(_("A wording has at most %d characters.") % MAX_WORDING_LENGTH)
        return "\n".join(lines)

    def clean_answer(self) -> str:
        """Return the answer; raise ValidationError if it is too long."""
        answer: str = self.cleaned_data["answer"].strip()
        if len(answer) > MAX_ANSWER_LENGTH:
            raise ValidationError(_("The answer has at most %d characters.") % MAX_ANSWER_LENGTH)
        return answer

    def clean_url(self) -> str:
        """Return the link; raise ValidationError if it is not safe to link to."""
        url: str = self.cleaned_data["url"].strip()
        if url and not safe_link(url):
            raise ValidationError(
                _("Write a path that begins with / or an address that begins with https://.")
            )
        return url


@admin.register(ApprovedAnswer)
class ApprovedAnswerAdmin(ChatAdminPages, KeysetListAdmin, AnswerModelAdmin):
    """Edit approved answers. The form for a new answer can be filled from a reply."""

    change_list_template = "admin/sitechat/keyset_list.html"
    form = ApprovedAnswerForm
    list_title = capfirst(_("approved answers"))
    list_class = LastChangedFirst
    list_display = ("title", "first_question", "shown_bots", "shown_language", "active", "updated")
    list_filter = ("active", "audience", ("language", LanguageFilter))
    search_fields = ("title", "questions", "answer")
    ordering = ("-updated",)
    fieldsets = (
        (None, {"fields": ("title", "questions", "answer", "url")}),
        (_("Where it applies"), {"fields": ("bots", "language", "audience", "active")}),
        (None, {"fields": ("reply", "draft"), "classes": ("chat-hidden",)}),
    )
    change_form_template = "admin/sitechat/approvedanswer/change_form.html"

    class Media:
        css = {"all": ["sitechat/admin/chat.css", "sitechat/admin/answers.css"]}

    @admin.display(description=_("question"))
    def first_question(self, answer: ApprovedAnswer) -> str:
        """Return the beginning of the first wording as HTML."""
        question = visible(next(iter(answer.wordings), ""))[:120]
        return format_html('<span dir="auto">{}</span>', question)

    @admin.display(description=_("bots"))
    def shown_bots(self, answer: ApprovedAnswer) -> Any:
        """Return the names of the chosen bots, or "all" if none is chosen."""
        names = answer.bots if isinstance(answer.bots, list) else []
        return visible(", ".join(map(str, names))) or _("all")

    @admin.display(description=_("language"), ordering="language")
    def shown_language(self, answer: ApprovedAnswer) -> Any:
        """Return the name of the language, or "all" without a language."""
        return language_name(answer.language) or _("all")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return the initial values of a new answer, from the reply in the query string.

        Return no values if the reply is not given or does not exist, or if the user may not read
        transcripts.
        """
        reply = parse_uuid(request.GET.get("reply", ""))
        if reply is None or not may_read_transcripts(request):
            return {}
        # Imported here to keep the start fast: only the forms need the drafts.
        from sitechat.reports import answer_drafts

        draft = answer_drafts.draft(reply)
        if draft is None:
            return {}
        bots = [draft.bot] if len(conf.CHAT_BOTS) > 1 and draft.bot in conf.CHAT_BOTS else []
        return {
            "title": draft.title,
            "questions": draft.questions,
            "answer": draft.answer,
            "bots": bots,
            "reply": str(reply),
        }

    def save_model(
        self, request: HttpRequest, obj: ApprovedAnswer, form: Any, change: bool
    ) -> None:
        """Save the answer and embed its questions.

        A new answer that the same form has already stored is not stored again.

        A new answer may be made from a reply. If the user may read transcripts, the question of
        this reply is then marked as done, with the other questions of its group.
        """
        # Imported here to keep the start fast: embedding imports the search.
        from sitechat.knowledge import approved_search
        from sitechat.reports import answer_drafts

        if not change:
            obj.author_id = request.user.pk
        if "questions" in form.changed_data:
            obj.vectors, obj.embedder = None, ""
        if change:
            super().save_model(request, obj, form, change)
        elif not answer_drafts.add(obj, form.cleaned_data.get("draft")):
            return
        approved_search.embed_in_time(obj)
        reply = parse_uuid(form.cleaned_data.get("reply") or "")
        if reply is None or change or not may_read_transcripts(request):
            return
        count = answer_drafts.mark_done(reply)
        if count:
            text = ngettext("%d question is done.", "%d questions are done.", count)
            messages.success(request, text % count)

    def response_add(
        self, request: HttpRequest, obj: ApprovedAnswer, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Redirect after an answer was added.

        If it was made from a reply and saved with "Save", redirect to the form that asks its
        question again.
        """
        response = super().response_add(request, obj, post_url_continue)
        if request.POST.get("reply") and "_save" in request.POST:
            return HttpResponseRedirect(self._ask_url(obj))
        return response

    def get_urls(self) -> list[Any]:
        """Return the URLs, including that of the page that asks the question again."""
        ask = path(
            "<path:object_id>/ask/",
            self.admin_site.admin_view(self.ask_view),
            name="sitechat_approvedanswer_ask",
        )
        return [ask, *super().get_urls()]

    def ask_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show a form with the question of an answer. A POST asks it, which costs money."""
        # Imported here to keep the start fast: only this page asks questions.
        from sitechat.admin.trial_rows import TrialRow
        from sitechat.reports import trial_questions

        found = self.get_object(request, unquote(object_id))
        if not self.has_change_permission(request, found):
            raise PermissionDenied
        if found is None:
            raise Http404
        names = _bots_of(found)
        asked = {
            "question": request.POST.get("question", next(iter(found.wordings), found.title)),
            "bot": request.POST.get("bot", names[0]),
        }
        rows = []
        if request.method == "POST" and asked["bot"] in names:
            rows = list(map(TrialRow.of, trial_questions.ask([asked["question"]], asked["bot"])))
        context = {
            "title": _("Ask this question again"),
            "original": found,
            "object_id": object_id,
            "change": True,
            "is_popup": False,
            "found": found,
            "wordings": [visible(each) for each in found.wordings],
            "bots": names,
            "asked": asked,
            "rows": rows,
            "time_limit": trial_questions.TIME_LIMIT,
        }
        return self.page(request, "admin/sitechat/approvedanswer/ask.html", context)

    def _ask_url(self, answer: ApprovedAnswer) -> str:
        name = f"{self.admin_site.name}:sitechat_approvedanswer_ask"
        return reverse(name, args=[answer.pk])


def _bots_of(answer: ApprovedAnswer) -> list[str]:
    """Return the chosen bots that are in CHAT_BOTS; all bots if there are none."""
    names = [*conf.CHAT_BOTS]
    own = [name for name in names if isinstance(answer.bots, list) and name in answer.bots]
    return own or names
