"""A campaign's message as one member would read it."""

from nicegui import ui

from api.ui import formats
from api.ui.components.message_text import message_text
from api.ui.theme import block, chip, secondary, text
from api.ui.viewer import Viewer, attempt
from crm.campaigns.brief import CampaignBrief
from crm.campaigns.preview import preview_message
from crm.members.models import SENDABLE_CHANNELS, Channel
from crm.outreach.preview import MessagePreview, SmsParts
from crm.outreach.sms import Encoding


class MemberPreview:
    """Asks for a member, a step and a channel, and shows the message below."""

    def __init__(self, viewer: Viewer, brief: CampaignBrief) -> None:
        self._viewer, self._brief = viewer, brief

    def draw(self) -> None:
        with block("line flow tight"):
            self._member = ui.input("Member", placeholder="Name or number").style("width: 220px")
            self._member.on("keydown.enter", self._show)
            steps = {step.key: formats.words(step.key) for step in self._brief.steps}
            self._step = ui.select(steps, value=self._brief.steps[0].key, label="Step").style("width: 150px")
            self._step.set_visibility(len(steps) > 1)
            channels = {"": "The member's own"} | {name: formats.channel(name) for name in self._channels()}
            self._channel = ui.select(channels, value="", label="Channel").style("width: 170px")
            secondary("Preview", self._show, symbol="visibility")
        self._result = block("stack")

    def _channels(self) -> list[Channel]:
        named = {name for step in self._brief.steps for name in self._brief.channels_of(step)}
        return [channel for channel in SENDABLE_CHANNELS if "preferred" in named or channel.value in named]

    async def _show(self) -> None:
        if not (member := (self._member.value or "").strip()):
            return
        seen = await attempt(
            self._viewer.read(
                lambda session, actor, now: preview_message(
                    session,
                    self._brief,
                    member=member,
                    step=self._step.value,
                    channel=Channel(self._channel.value) if self._channel.value else None,
                    actor=actor,
                    links=self._viewer.nurture.links,
                    now=now,
                )
            )
        )
        if seen is not None:
            self._result.clear()
            with self._result:
                _message(seen)


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
