from django.urls import path

from sitechat import views

app_name = "sitechat"

urlpatterns = [
    path("chat/", views.chat, name="chat"),
    path("chat/replies/<str:reply_id>/", views.reply, name="reply"),
    path("chat/replies/<str:reply_id>/stop/", views.stop, name="stop"),
    path("chat/replies/<str:reply_id>/rating/", views.rating, name="rating"),
]
