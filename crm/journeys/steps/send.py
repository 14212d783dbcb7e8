"""Sends one message on each of its channels."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from crm.channels import CHANNELS, PREFERRED, Channel, ChannelChoice
from crm.errors import InvalidRequest
from crm.journeys.phrases import Phrases
from crm.journeys.schedulers.stepwise.sends import write_messages
from crm.journeys.steps.kind import Data, SpecError, StepKind, Walk
from crm.outreach.spec import Benefits, SendStep
from crm.outreach.template import OFFER_FIELDS, fields_of
from crm.words import Text

_PREFERRED = Text("each member's preferred channel", "会员偏好的渠道")


def _take(walk: Walk, step: SendStep) -> None:
    write_messages(walk.batch, walk.spec, step, walk.policy, walk.scope.zone)
    walk.batch.leave(step.key, walk.batch.is_due(step.key), walk.spec.after(step))


def _errors(step: Data, journey: Data, path: str) -> Iterator[SpecError]:
    """Texts name only fields that there are, and offers only where something is offered."""
    wordings = step.get("wordings")
    if not isinstance(wordings, list | tuple):
        return
    has_offer = _has_offer(step.get("benefits") if step.get("benefits") is not None else journey.get("benefits"))
    for number, wording in enumerate(wordings):
        for name in ("subject", "body"):
            text = wording.get(name) if isinstance(wording, Mapping) else None
            if not isinstance(text, str):
                continue
            place = f"{path}.wordings[{number}].{name}"
            try:
                promised = fields_of(text) & OFFER_FIELDS
            except InvalidRequest as error:
                yield SpecError(place, error.message)
                continue
            if promised and not has_offer:
                field = min(promised)
                yield SpecError(
                    place,
                    f"the text names {{{{ {field} }}}}, but the step has no offer: attach benefits or leave it out",
                )


def _has_offer(benefits: object) -> bool:
    try:
        return Benefits.model_validate(benefits or {}).are_any
    except ValidationError:
        return True  # said by the shape; whether it holds an offer cannot be told


def _in_words(phrases: Phrases, step: SendStep) -> str:
    channels = phrases.listed([phrases.text(_words_of(channel)) for channel in step.channels])
    subject = next((words.subject for words in step.wordings if words.subject), None)
    about = phrases.say(f": “{subject}”", f"：“{subject}”") if subject else ""
    offer = phrases.spec.benefits_of(step).words
    bringing = phrases.say(f", with {offer}", f"，附{offer}") if offer else ""
    return phrases.say(f"Send by {channels}{about}{bringing}", f"通过{channels}发送{about}{bringing}")


def _words_of(choice: ChannelChoice) -> Text:
    return _PREFERRED if choice == PREFERRED else CHANNELS[Channel(choice)].words


SEND = StepKind[SendStep](
    name="send",
    take=_take,
    in_words=_in_words,
    new=lambda _others, _place: {"channels": [PREFERRED], "wordings": []},
    errors=_errors,
    acts_once=True,
)
