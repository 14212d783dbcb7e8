"""A message of a campaign or a journey as one member would read it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui
from sqlalchemy.orm import Session

from api.ui import formats
from api.ui.components.message_text import message_text
from api.ui.theme import block, chip, notice, secondary, text
from api.ui.viewer import SignedOut, Viewer
from crm.access.actor import Actor
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.preview import preview_message
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.errors import CrmError
from crm.journeys.preview import MessagePreview, SmsParts
from crm.outreach.links import Links
from crm.outreach.sms import Encoding


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see."""

    member: str
    step: str | None
    channel: Channel | None


@dataclass(frozen=True)
class PreviewForm:
    """What can be chosen, and how a message is read."""

    steps: tuple[str, ...]
    channels: tuple[Channel, ...]
    load: Callable[[Session, Actor, datetime, Asked], MessagePreview]


def campaign_form(brief: CampaignBrief, links: Links) -> PreviewForm:
    """The messages of a campaign."""
    named = {name for step in brief.steps for name in brief.channels_of(step)}

    def load(session: Session, actor: Actor, now: datetime, asked: Asked) -> MessagePreview:
        return preview_message(session, brief, **vars(asked), actor=actor, links=links, now=now)

    channels = (channel for channel in SENDABLE_CHANNELS if "preferred" in named or channel.value in named)
    return PreviewForm(tuple(step.key for step in brief.steps), tuple(channels), load)


class MemberPreview:
    """Asks for a member, a step and a channel, and shows the message below."""

    def __init__(self, viewer: Viewer, form: PreviewForm) -> None:
        self._viewer, self._form = viewer, form
        self._asked: Asked | None = None

    def draw(self) -> None:
        with block("line flow tight"):
            self._member = ui.input("Member", placeholder="Name or number").style("width: 220px")
            self._member.on("keydown.enter", self._show)
            steps = {key: formats.words(key) for key in self._form.steps}
            self._step = ui.select(steps, value=self._form.steps[0], label="Step").style("width: 150px")
            self._step.set_visibility(len(steps) > 1)
            channels = {"": "The member's own"} | {name.value: formats.channel(name) for name in self._form.channels}
            self._channel = ui.select(channels, value="", label="Channel").style("width: 200px")
            secondary("Preview", self._show, symbol="visibility")
        self._result = block("stack")
        for field in (self._member, self._step, self._channel):
            field.on_value_change(self._forget)

    def _forget(self) -> None:
        """What is shown under a new name, step or channel is never another's message."""
        self._asked = None
        self._result.clear()

    async def _show(self) -> None:
        if not (member := (self._member.value or "").strip()):
            return
        channel = Channel(self._channel.value) if self._channel.value else None
        asked = Asked(member, self._step.value, channel)
        self._forget()
        self._asked = asked
        try:
            seen = await self._viewer.read(lambda session, actor, now: self._form.load(session, actor, now, asked))
        except SignedOut:
            ui.navigate.to("/login")
            return
        except CrmError as error:
            if self._asked is asked:
                self._say_why(error)
            return
        if self._asked is asked:
            self._result.clear()
            with self._result:
                _message(seen)

    def _say_why(self, error: CrmError) -> None:
        self._result.clear()
        with self._result:
            hint = f" Did you mean: {', '.join(error.candidates)}?" if error.candidates else ""
            notice(formats.sentence(error.message) + hint, "warn").props("role=alert")


def _message(seen: MessagePreview) -> None:
    with block("message-preview"):
        with block("line tight flow"):
            text(f"{formats.channel(seen.channel)} to {seen.member_name}", "small strong")
            text(seen.address or "no address", "small muted")
            if not seen.agrees:
                chip("does not agree to this channel", "warn")
            if seen.sms is not None:
                chip(_length(seen.sms), "info" if seen.sms.parts <= 1 else "warn")
        if seen.subject:
            text(seen.subject, "strong wrap")
        message_text(seen.body)


def _length(sms: SmsParts) -> str:
    alphabet = "the GSM alphabet" if sms.encoding is Encoding.GSM_7 else "UCS-2"
    return f"{formats.plural(sms.parts, 'part')}, {sms.units} units in {alphabet}"
