"""URL patterns of the chat: `path("api/", include("sitechat.urls"))`."""

from sitechat.http.lazy_patterns import chat_path

app_name = "sitechat"

urlpatterns = [
    chat_path("chat/", "chat_views.chat", name="chat"),
    chat_path("chat/consent/", "consent_views.consent_given", name="consent"),
    chat_path("chat/contact/", "contact_views.contact", name="contact"),
    chat_path("chat/conversations/", "chat_views.conversations", name="conversations"),
    chat_path("chat/person/", "person_views.person", name="person"),
    chat_path("chat/updates/", "person_views.conversation_updates", name="updates"),
    chat_path("chat/replies/<str:reply_id>/", "reply_views.reply", name="reply"),
    chat_path("chat/replies/<str:reply_id>/stop/", "reply_views.stop", name="stop"),
    chat_path("chat/replies/<str:reply_id>/confirm/", "confirm_views.confirm", name="confirm"),
    chat_path("chat/replies/<str:reply_id>/rating/", "reply_views.rating", name="rating"),
]
