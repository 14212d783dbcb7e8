"""What stands around the words of a message on a channel: the greeting, and how to opt out."""

from typing import Literal

from crm.channels import CHANNELS, Channel


def framed(words: str, channel: Channel, language: Literal["en", "zh"]) -> str:
    """The template of a whole text: words in a frame that fits the channel."""
    traits = CHANNELS[channel]
    if traits.is_letter:
        greeting = "{{ name }}，您好：\n\n" if language == "zh" else "Hello {{ name }},\n\n"
    else:
        greeting = "{{ name }}，" if language == "zh" else "{{ name }}, "
    if traits.way_out is None:
        return greeting + words
    way_out = traits.way_out.in_language(language)
    # Chinese sentences follow each other without a space.
    return greeting + words + (way_out.lstrip(" ") if language == "zh" else way_out) + "{{ unsubscribe }}"
