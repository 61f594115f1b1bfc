"""The live feed of a project: what changes in it, to those who may see it, for as long as they may."""

import asyncio
import contextlib
import time

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.urls import path

from annotations.api.edits_on_feed import answer_to
from annotations.models import Project
from annotations.services.feed_state import feed_state
from annotations.services.notify import group_name

NOT_FOUND = 4404  # a stranger is told what a missing project would say
PING_EVERY_S = 15  # lib/socket.js takes the feed for dead after three of these
RECHECK_AFTER_S = 2  # how long a lost membership may go unnoticed on a busy feed


class ProjectConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self):
        self.group = None
        self.pulse = None
        self.project_pk = self.scope["url_route"]["kwargs"]["pk"]
        if not await self.is_allowed():
            await self.close(NOT_FOUND)
            return
        self.state = await self.read_state()  # before a page that is told of its connection reads what is
        self.group = group_name(self.project_pk)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        self.pulse = asyncio.create_task(self.ping())

    async def disconnect(self, code):
        if self.pulse:
            self.pulse.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.pulse
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data=None, bytes_data=None, **kwargs):
        """Edits, answered as the API would over HTTP; nothing else is taken."""
        answer = await database_sync_to_async(answer_to)(self.scope, text_data)
        if answer:
            await self.send(text_data=answer)

    async def project_message(self, event):
        message = event["message"]
        stale = time.monotonic() - self.checked_at > RECHECK_AFTER_S
        if (stale or message["type"] == "members") and not await self.is_allowed():
            await self.close(NOT_FOUND)
            return
        await self.send_json(message)

    async def ping(self):
        """A sign of life, a hint if anything moved, and the end for who was removed or has logged out."""
        while True:
            await asyncio.sleep(PING_EVERY_S)
            if not await self.is_allowed():
                await self.close(NOT_FOUND)
                return
            before, self.state = self.state, await self.read_state()
            await self.send_json({"type": "ping", **({"moved": True} if before != self.state else {})})

    @database_sync_to_async
    def read_state(self):
        return feed_state(self.project_pk)

    @database_sync_to_async
    def is_allowed(self):
        self.checked_at = time.monotonic()
        user, session = self.scope["user"], self.scope["session"]
        if not user.is_authenticated or not session.exists(session.session_key):
            return False
        allowed = Project.objects.visible_to(user).filter(pk=self.project_pk, members__is_active=True)
        return allowed.filter(members=user).exists()


websocket_urlpatterns = [path("ws/projects/<int:pk>/", ProjectConsumer.as_asgi())]
