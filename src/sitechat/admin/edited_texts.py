"""The admin of bots' texts: a form for each bot, a trial before saving, and earlier versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from sitechat.admin.base import NoAddPage, number_in
from sitechat.admin.text_limits import SCRIPT, LimitedTextarea
from sitechat.conf import conf
from sitechat.conversations import edited_bot_texts
from sitechat.models import BotTexts
from sitechat.reports import trial_questions
from sitechat.safe_text import visible

if TYPE_CHECKING:
    from sitechat.admin.trial_rows import TrialRow

    TextsModelAdmin = admin.ModelAdmin[BotTexts]
    TextsModelForm = forms.ModelForm[BotTexts]
else:
    TextsModelAdmin = admin.ModelAdmin
    TextsModelForm = forms.ModelForm

VERSIONS = 20
"""Maximum number of versions that are listed, the newest ones."""

MAX_SUGGESTIONS = 8
MAX_SUGGESTION_LENGTH = 200
MAX_GREETING_LENGTH = 1000
MAX_INSTRUCTIONS_LENGTH = 8000
"""Maximum characters of the instructions, which are sent with every message."""

MAX_SUGGESTIONS_LENGTH = MAX_SUGGESTIONS * (MAX_SUGGESTION_LENGTH + 1)
"""Maximum characters of the field for the suggestions."""


class TextsForm(TextsModelForm):
    """The texts and switches of one bot."""

    suggestions = forms.CharField(
        label=_("Suggestions"),
        required=False,
        widget=LimitedTextarea(MAX_SUGGESTIONS_LENGTH, {"rows": 4, "dir": "auto"}),
        help_text=_("Questions to begin with, one per line. Empty: those of the settings."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = BotTexts
        fields = BotTexts.EDITED_FIELDS
        widgets = {
            "greeting": LimitedTextarea(MAX_GREETING_LENGTH, {"rows": 3, "dir": "auto"}),
            "instructions": LimitedTextarea(MAX_INSTRUCTIONS_LENGTH, {"rows": 8, "dir": "auto"}),
        }

    def __init__(self, *args: Any, latest: BotTexts | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._latest = latest
        stored = self.instance.suggestions
        self.initial["suggestions"] = "\n".join(map(str, stored)) if stored else ""
        self.initial["version"] = latest.pk if latest is not None else None

    def clean_greeting(self) -> str:
        """Return the greeting; raise ValidationError if it is too long."""
        return _short_enough(self.cleaned_data["greeting"], MAX_GREETING_LENGTH)

    def clean_instructions(self) -> str:
        """Return the instructions; raise ValidationError if they are too long."""
        return _short_enough(self.cleaned_data["instructions"], MAX_INSTRUCTIONS_LENGTH)

    def clean_suggestions(self) -> list[str]:
        """Return the questions, each once and without empty lines.

        Raises:
            ValidationError: There are too many questions, or one is too long.
        """
        lines = [" ".join(line.split()) for line in self.cleaned_data["suggestions"].splitlines()]
        lines = list(dict.fromkeys(filter(None, lines)))
        if len(lines) > MAX_SUGGESTIONS:
            raise ValidationError(_("Write at most %d questions.") % MAX_SUGGESTIONS)
        return [_short_enough(line, MAX_SUGGESTION_LENGTH) for line in lines]

    def clean_version(self) -> int | None:
        """Return the id of the newest version when the form was shown; None without a version.

        Raises:
            ValidationError: Somebody has saved another version since then, with other values. The
                form that is shown again has the id of this version, so it can be saved.
        """
        version: int | None = self.cleaned_data["version"]
        latest = self._latest
        if latest is not None and version != latest.pk and not self._repeats(latest):
            self.data = {**self.data.dict(), "version": str(latest.pk)}  # type: ignore[attr-defined]
            raise ValidationError(
                _("%s has saved another version meanwhile. Save again to replace it.")
                % (author_of(latest) or _("Somebody"))
            )
        return version

    def _repeats(self, latest: BotTexts) -> bool:
        """Return whether the form equals the newest version, for example after a double click."""
        entered = self.cleaned_data
        return all(entered.get(name) == getattr(latest, name) for name in BotTexts.EDITED_FIELDS)


def _short_enough(text: str, longest: int) -> str:
    if len(text) > longest:
        raise ValidationError(_("At most %d characters.") % longest)
    return text.strip()


def author_of(row: BotTexts) -> str:
    """Return the username of a version's author, or "" if the user was deleted."""
    author = row.author
    return visible(author.get_username()) if author is not None else ""


@admin.register(BotTexts)
class BotTextsAdmin(NoAddPage, TextsModelAdmin):
    """Edit the texts of each bot on one page. Saving adds a version and never changes one."""

    class Media(NoAddPage.Media):
        js = [SCRIPT]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False, because all versions are kept."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a bot's form. A POST saves the form, or asks questions with its instructions."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        bots = list(conf.CHAT_BOTS)
        bot = request.GET.get("bot", "")
        bot = bot if bot in bots else bots[0]
        latest = edited_bot_texts.newest_version(bot)
        if request.method != "POST":
            form = TextsForm(instance=self._chosen_version(request, bot, latest), latest=latest)
            return self._page(request, bot, form, latest, [], [], extra_context)
        if not self.has_change_permission(request):
            raise PermissionDenied
        questions = request.POST.getlist("question")[: trial_questions.MAX_QUESTIONS]
        rows: list[TrialRow] = []
        form = self._sent_form(request, bot, latest)
        if "_try" in request.POST:
            rows = _try_instructions(form, bot, questions)
        else:
            while form.is_valid():
                if self._save(request, form.instance, latest):
                    return HttpResponseRedirect("?" + urlencode({"bot": bot}))
                latest = edited_bot_texts.newest_version(bot)
                form = self._sent_form(request, bot, latest)
        return self._page(request, bot, form, latest, rows, questions, extra_context)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """Redirect to the form, because a version has no page of its own."""
        return HttpResponseRedirect("../../")

    def _chosen_version(self, request: HttpRequest, bot: str, latest: BotTexts | None) -> BotTexts:
        """Return the version in the query string, else the newest one, else an empty one."""
        wanted = number_in(request, "version")
        earlier = None
        if wanted is not None:
            earlier = BotTexts.objects.filter(bot=bot, pk=wanted).first()
        return earlier or latest or BotTexts(bot=bot)

    def _sent_form(self, request: HttpRequest, bot: str, latest: BotTexts | None) -> TextsForm:
        return TextsForm(request.POST, instance=BotTexts(bot=bot), latest=latest)

    def _save(self, request: HttpRequest, row: BotTexts, latest: BotTexts | None) -> bool:
        """Add a version and show a message.

        Args:
            request: The request.
            row: The new version.
            latest: The newest version when the form was validated.

        Returns:
            True if the version was added or nothing has changed; False if somebody has saved
            another version since then, so that the form must be validated again.
        """
        if not row.changed_from(latest or BotTexts(bot=row.bot)):
            messages.info(request, _("Nothing has changed."))
            return True
        row.author_id = request.user.pk
        if not edited_bot_texts.add_version(row, after=latest):
            return False
        edited_bot_texts.renew_texts()
        messages.success(
            request,
            _("Saved. Pages show it within ten seconds.")
            if row.enabled
            else _("Saved. The bot is off: it takes no new messages."),
        )
        return True

    def _page(
        self,
        request: HttpRequest,
        bot: str,
        form: TextsForm,
        latest: BotTexts | None,
        rows: list[TrialRow],
        questions: list[str],
        extra_context: dict[str, Any] | None,
    ) -> HttpResponse:
        bots = list(conf.CHAT_BOTS)
        blank = [""] * trial_questions.MAX_QUESTIONS
        context = {
            "title": _("Texts"),
            "form": form,
            "bot": bot,
            "bots": [("?" + urlencode({"bot": name}), visible(name), name == bot) for name in bots],
            "is_off": latest is not None and not latest.enabled,
            "earlier": number_in(request, "version"),
            "versions": _versions(bot),
            "rows": rows,
            "questions": [*questions, *blank][: trial_questions.MAX_QUESTIONS],
            "time_limit": trial_questions.TIME_LIMIT,
            "may_change": self.has_change_permission(request),
            **(extra_context or {}),
        }
        return self.page(request, "admin/sitechat/bottexts/change_list.html", context)


def _try_instructions(form: TextsForm, bot: str, questions: list[str]) -> list[TrialRow]:
    """Ask the questions that are not empty, unless the instructions of the form are invalid."""
    form.is_valid()
    instructions = form.cleaned_data.get("instructions")
    asked = [question for question in questions if question.strip()]
    if instructions is None or not asked:
        return []
    # Imported here to keep the start fast: only a trial needs the rows.
    from sitechat.admin.trial_rows import TrialRow

    return list(map(TrialRow.of, trial_questions.ask(asked, bot, instructions)))


def _versions(bot: str) -> list[dict[str, Any]]:
    """Return the newest VERSIONS versions, newest first, with their authors and changed fields."""
    found = BotTexts.objects.filter(bot=bot).select_related("author").order_by("-pk")
    rows = list(found[: VERSIONS + 1])
    return [
        {
            "row": row,
            "author": author_of(row),
            "changed": row.changed_from(before),
            "link": "?" + urlencode({"bot": bot, "version": str(row.pk)}),
        }
        for row, before in zip(rows, [*rows[1:], BotTexts(bot=bot)], strict=False)
    ][:VERSIONS]
