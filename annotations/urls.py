from django.urls import path

from annotations.views.frames import frame_page

urlpatterns = [
    path("frames/<int:pk>/", frame_page, name="frame"),
]
