"""The one check of whatever sends. A spec is read here once; plan, approval, start and preview use what came of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission, actor_for, refusal_of
from crm.access.models import Account
from crm.access.policy import Policy, get_policy
from crm.access.sensitive import Purpose, sensitive_refusal
from crm.access.uses import note_uses
from crm.errors import Forbidden, InvalidRequest, NotFound
from crm.journeys import rules
from crm.journeys.house_rules import (
    Finding,
    Outgoing,
    Promise,
    broken_by,
    codes_of,
    coupon_ids,
    outgoing_of,
    stock_findings,
)
from crm.journeys.steps.kind import Data
from crm.journeys.text_samples import long_texts
from crm.journeys.validation import read_spec
from crm.outreach.priority import Priority
from crm.outreach.rules import moment_of
from crm.outreach.spec import JourneySpec
from crm.segments.definition import EVERYONE, Definition
from crm.segments.references import segments_in
from crm.segments.saved import sensitive_fields_in
from crm.segments.scope import SegmentScope
from crm.segments.service import require_known_names


class Stage(StrEnum):
    """How far it has come: what passes with time is asked for when it counts."""

    DRAFT = "draft"
    SUBMIT = "submit"
    START = "start"


@dataclass(frozen=True)
class Form:
    """What the form knows from which a spec was made."""

    kind: str = "journey"
    is_planned: bool = False
    """Whether it is planned whole; members walk otherwise."""
    offers: tuple[Promise, ...] | None = None
    """Those attached by value; None: what its coupons give."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What the form calls a part of the spec, by path; longer paths go first."""
    waiver: str | None = None
    """Why it does without a holdout."""
    findings: tuple[Finding, ...] = ()
    """What is wrong with the form itself."""

    def named(self, path: str) -> str:
        for known in sorted(self.names, key=len, reverse=True):
            if path == known or path.startswith((f"{known}.", f"{known}[")):
                return self.names[known] + path.removeprefix(known)
        return path


WALKED = Form()


@dataclass(frozen=True)
class Prepared:
    """A spec after every check, whatever they found."""

    form: Form
    read: JourneySpec | None
    """None when it cannot be read."""
    definitions: Mapping[str, Definition]
    """By path in the spec."""
    sensitive: tuple[str, ...]
    """Sensitive fields that decide about members, by way of saved segments, too."""
    outgoing: Outgoing | None
    """Its texts with what stands behind them."""
    findings: tuple[Finding, ...]
    """What keeps it from being sent."""
    warnings: tuple[Finding, ...]
    is_form_wrong: bool = False
    """Whether the findings are about how it is written, and the rest could not be asked."""

    @property
    def spec(self) -> JourneySpec:
        """Raises InvalidRequest when it cannot be read."""
        if self.read is None:
            require_sound(self)
        assert self.read is not None  # noqa: S101 - what is sound was read
        return self.read

    @property
    def entry(self) -> Definition:
        """Who may take part at all; everyone without a condition."""
        found = (self.definitions.get(f"trigger.{name}") for name in ("definition", "entry"))
        return next((definition for definition in found if definition is not None), EVERYONE)


def prepare(
    session: Session,
    data: JourneySpec | Data,
    scope: SegmentScope,
    *,
    people: Sequence[Actor] = (),
    now: datetime,
    stage: Stage = Stage.DRAFT,
    form: Form = WALKED,
) -> Prepared:
    """Read and check a spec, in JSON or made by a form. Names are looked for in the `scope`, which may be frozen.

    One of the `people` in whose name it is sent must have the right to what it does; without any nobody's are asked.
    Writes and raises nothing: `require_sound` refuses.
    """
    read = read_spec(data, scope.catalog, is_planned=form.is_planned)
    wrong = [Finding(error.path, error.sentence) for error in read.errors]
    wrong += _of_names(session, read.definitions, scope)
    if read.spec is None or wrong:
        wrong = [*form.findings, *wrong]
        return Prepared(form, None, read.definitions, (), None, _placed(wrong, form), (), is_form_wrong=True)
    policy, spec = get_policy(session), read.spec
    sensitive = _sensitive_in(session, read.definitions, scope)
    outgoing = outgoing_of(session, spec, form.offers)
    first_day, last_day = rules.sending_days(spec, _starts_at(spec, scope, now), scope.zone)
    stock = stock_findings(outgoing, first_day, last_day)
    found = [
        *form.findings,
        *rules.of_name(spec.name, form.kind),
        *(() if stage is Stage.START else rules.of_start(spec.start, now.astimezone(scope.zone))),
        *_of_rights(spec, sensitive, people, policy),
        *_of_unknown_coupons(spec, outgoing),
        *broken_by(outgoing, policy),
        *(() if stage is Stage.DRAFT else stock),
    ]
    warnings = [*rules.warnings_of(spec, form.kind, policy, form.waiver)]
    if not form.is_planned:
        warnings += [*long_texts(spec), *(stock if stage is Stage.DRAFT else ())]
    return Prepared(
        form,
        spec,
        read.definitions,
        sensitive,
        outgoing,
        _placed(found, form),
        _placed(warnings, form),
    )


def require_sound(prepared: Prepared) -> Prepared:
    """Raises with everything that was found in the message, `path` that of the first: Forbidden for what nobody of
    those who answer for it may do, NotFound for a coupon that does not exist, InvalidRequest for the rest."""
    found = prepared.findings
    if not found:
        return prepared
    if prepared.is_form_wrong:
        said = [f"{finding.path}: {finding.sentence}" for finding in found]
    else:
        said = [finding.sentence for finding in found]
    candidates = next((finding.candidates for finding in found if finding.candidates), ())
    errors = {finding.error for finding in found}
    error = errors.pop() if len(errors) == 1 else InvalidRequest
    raise error("; ".join(dict.fromkeys(said)), path=found[0].path, candidates=candidates)


def note_references(session: Session, kind: str, subject_id: int, prepared: Prepared) -> None:
    """Write down everything that it builds on, in place of what was written before."""
    definitions = [definition.to_json() for definition in prepared.definitions.values()]
    used = [*segments_in(session, *definitions), *coupon_ids(session, codes_of(prepared.spec))]
    note_uses(session, kind, subject_id, used)


def people_of(session: Session, *account_ids: int | None) -> tuple[Actor, ...]:
    """Those in whose name something stored is sent: who wrote it, and who answers for it by submitting it."""
    known = dict.fromkeys(number for number in account_ids if number is not None)
    return tuple(actor_for(session.get_one(Account, number)) for number in known)


def _starts_at(spec: JourneySpec, scope: SegmentScope, now: datetime) -> datetime:
    return now if spec.start is None else max(moment_of(spec.start, scope.zone), now)


def _placed(found: Iterable[Finding], form: Form) -> tuple[Finding, ...]:
    """Each once, with its path as the form calls it."""
    return tuple(dict.fromkeys(replace(each, path=form.named(each.path)) for each in found))


def _of_names(session: Session, definitions: Mapping[str, Definition], scope: SegmentScope) -> Iterator[Finding]:
    """Names in definitions of which there is nothing."""
    for path, definition in definitions.items():
        try:
            require_known_names(session, definition, scope.frozen)
        except InvalidRequest as error:
            place = f"{path}.{error.path}" if error.path else path
            yield Finding(place, error.message, error.candidates)


def _sensitive_in(session: Session, definitions: Mapping[str, Definition], scope: SegmentScope) -> tuple[str, ...]:
    found: set[str] = set()
    for definition in definitions.values():
        found.update(sensitive_fields_in(session, definition, scope.catalog, scope.frozen))
    return tuple(sorted(found))


def _of_rights(
    spec: JourneySpec, sensitive: tuple[str, ...], people: Sequence[Actor], policy: Policy
) -> Iterator[Finding]:
    """What nobody of them may."""
    refusals = [sensitive_refusal(sensitive, person, Purpose.AUDIENCE, policy) for person in people]
    if refusals and all(refusals):
        yield Finding("trigger.definition", refusals[0] or "", error=Forbidden)
    if spec.priority is Priority.SERVICE:
        refusals = [refusal_of(person, Permission.SEND_SERVICE) for person in people]
        if refusals and all(refusals):
            yield Finding("priority", refusals[0] or "", error=Forbidden)


def _of_unknown_coupons(spec: JourneySpec, outgoing: Outgoing) -> Iterator[Finding]:
    known = {terms.gives.coupon_code for terms in outgoing.coupons}
    named = [("benefits", spec.benefits)]
    named += [(f"steps[{index}].benefits", step.benefits) for index, step in enumerate(spec.steps)
              if step.kind == "send" and step.benefits is not None]  # fmt: skip
    for path, benefits in named:
        for code in benefits.coupon_codes:
            if code not in known:
                yield Finding(path, f"there is no coupon {code}; take another, or add it first", error=NotFound)
