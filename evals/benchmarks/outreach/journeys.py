"""The journey that is planned and sent: three channels, steps a week apart or all at once, words with links."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from crm.access.policy import get_policy
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.journeys.schedulers.planned.draft import Setting
from crm.outreach.links import Links
from crm.outreach.spec import AudienceAtLaunch, JourneySpec, SendStep
from crm.outreach.template import Wording
from evals.benchmarks.outreach.people import NOW, ZONE

LINKS = Links((b"a key for benchmarks, of no use to anybody",), "https://club.example.com")

_PAGE = "https://shop.example.com/summer?from=letter"
_WORDINGS = (
    Wording(
        channel=Channel.EMAIL,
        subject="{{ name }}, the summer collection is here",
        body=(
            "Hello {{ name }},\n\nas a {{ tier }} member you see the summer collection before everybody else: "
            f"{_PAGE}\n\nIt is in our shops, too, until the end of the month. We would be glad if you stopped by.\n\n"
            "You no longer want these e-mails? Opt out here: {{ unsubscribe }}"
        ),
    ),
    Wording(
        channel=Channel.SMS,
        body=f"{{{{ name }}}}, the summer collection is here: {_PAGE} Opt out: {{{{ unsubscribe }}}}",
    ),
    Wording(channel=Channel.PUSH, subject="Summer is here", body=f"{{{{ name }}}}, see what is new: {_PAGE}"),
)


def journey(name: str, offsets_days: Sequence[int], *, holdout_share: float) -> JourneySpec:
    """One step for each offset, each on all three channels."""
    steps: list[Any] = [
        SendStep(key=f"step-{number}", offset_days=days, channels=SENDABLE_CHANNELS, wordings=_WORDINGS)
        for number, days in enumerate(offsets_days, start=1)
    ]
    return JourneySpec(
        name=name,
        experiment=name,
        trigger=AudienceAtLaunch(definition={"all": []}),
        holdout_share=holdout_share,
        steps=tuple(steps),
    )


def bench_setting(session: Session) -> Setting:
    """Launched now, under the policy of the database."""
    return Setting(policy=get_policy(session), zone=ZONE, launch_at=NOW)
