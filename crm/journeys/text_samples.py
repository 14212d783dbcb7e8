"""Texts as a member with usual words would read them, before anybody is known to."""

from collections.abc import Iterator
from dataclasses import dataclass

from crm.channels import Channel
from crm.journeys.house_rules import Finding
from crm.journeys.rules import length_warning
from crm.outreach.compiled_template import CompiledTemplate
from crm.outreach.links import Links
from crm.outreach.rendering import sample_links
from crm.outreach.sms import measure
from crm.outreach.spec import JourneySpec

USUAL_LINKS = Links((b"of a length, not of a use",), "https://post.example.com")
"""It is counted without knowing the address of the installation; a preview is exact."""


@dataclass(frozen=True)
class _Sample:
    name: str = "Alexandra"
    name_local: str | None = "欧阳文静"
    tier: str = "platinum"


_GOODS = {"en": "Longjing and Jasmine Pearls", "zh": "西湖龙井、茉莉龙珠"}


def long_texts(spec: JourneySpec) -> Iterator[Finding]:
    """Text messages that take several parts."""
    links = sample_links(USUAL_LINKS, spec)
    for index, step in enumerate(spec.steps):
        if step.kind != "send":
            continue
        for number, words in enumerate(step.wordings):
            if words.channel is Channel.SMS:
                letter = CompiledTemplate(spec.offering(step), words)
                length = measure(letter.write(_Sample(), links, _GOODS[spec.language]).body)
                if length.parts > 1:
                    sentence = length_warning(step.key, words.variant, length.parts, length.odd)
                    yield Finding(f"steps[{index}].wordings[{number}].body", sentence)
