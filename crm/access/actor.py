"""Who acts, and what their role lets them do. Rights are decided here and nowhere above."""

from dataclasses import dataclass, field
from enum import StrEnum

from crm.access.models import Account, Role
from crm.errors import Forbidden


class Permission(StrEnum):
    READ_MEMBERS = "read members"
    EXPORT_MEMBERS = "export members"
    SAVE_SEGMENT = "save segments"
    CHANGE_ANY_SEGMENT = "change segments that somebody else saved"
    DRAFT_CAMPAIGN = "draft campaigns"
    SUBMIT_CAMPAIGN = "submit campaigns for approval"
    APPROVE_CAMPAIGN = "approve campaigns"
    SEND_SERVICE = "send service messages, which no cap holds back"
    OPERATE_CAMPAIGN = "pause, resume and cancel campaigns"
    OPERATE_CHANNEL = "pause and resume channels"
    READ_REVIEW = "read reviews"
    EXPORT_REVIEW = "export reviews"
    SEE_CONTACTS = "see contact details"
    CHANGE_CONTACTS = "change how members are reached and who is on the blacklist"
    WALK_TIME = "move the clock of a demo"
    ADMINISTER = "administer the workspace"


_EVERYONE = {Permission.READ_MEMBERS, Permission.READ_REVIEW}
_OPERATIONS = _EVERYONE | {
    Permission.EXPORT_MEMBERS,
    Permission.CHANGE_CONTACTS,
    Permission.SAVE_SEGMENT,
    Permission.CHANGE_ANY_SEGMENT,
    Permission.DRAFT_CAMPAIGN,
    Permission.SUBMIT_CAMPAIGN,
    Permission.SEND_SERVICE,
    Permission.OPERATE_CAMPAIGN,
    Permission.OPERATE_CHANNEL,
    Permission.EXPORT_REVIEW,
    Permission.WALK_TIME,
}
_GRANTS: dict[Role, frozenset[Permission]] = {
    Role.OPERATIONS: frozenset(_OPERATIONS),
    Role.CSM: frozenset(
        _EVERYONE
        | {
            Permission.CHANGE_CONTACTS,
            Permission.SAVE_SEGMENT,
            Permission.DRAFT_CAMPAIGN,
            Permission.SEE_CONTACTS,
        }
    ),
    Role.MANAGER: frozenset(_OPERATIONS | {Permission.APPROVE_CAMPAIGN}),
    Role.ANALYST: frozenset(_EVERYONE | {Permission.EXPORT_REVIEW}),
    Role.ADMIN: frozenset(Permission),
}


@dataclass(frozen=True)
class Actor:
    """The signed-in person on whose behalf something happens."""

    account_id: int
    username: str
    display_name: str
    role: Role
    must_change_password: bool = False
    """Signed in with a password that somebody else made, which is good for choosing another one only."""
    session_id: int | None = field(default=None, compare=False)
    token_id: int | None = field(default=None, compare=False)
    """By which browser session or API token they came; by none of both on the machine's own command line."""

    @property
    def row_owner_id(self) -> int | None:
        """Whose members this person sees: a CSM his own, everyone else all (None)."""
        return self.account_id if self.role is Role.CSM else None

    def may(self, permission: Permission) -> bool:
        return permission in _GRANTS[self.role]


def actor_for(account: Account) -> Actor:
    return Actor(
        account.id,
        account.username,
        account.display_name,
        account.role,
        must_change_password=account.one_time_until is not None,
    )


def is_within(role: Role, other: Role) -> bool:
    """Whether who has the role `other` may everything that `role` may, on the same members or more."""
    return _GRANTS[role] <= _GRANTS[other] and (other is not Role.CSM or role is Role.CSM)


def roles_that_may(permission: Permission) -> tuple[Role, ...]:
    return tuple(role for role in Role if permission in _GRANTS[role])


def refusal_of(actor: Actor, permission: Permission) -> str | None:
    """Why the actor's role may not, naming who may; None when it may."""
    if actor.may(permission):
        return None
    allowed = ", ".join(roles_that_may(permission))
    return f"{actor.display_name} ({actor.role}) may not {permission}; roles that may: {allowed}"


def require(actor: Actor, permission: Permission) -> None:
    """Raises Forbidden, naming who may, when the actor's role lacks the permission."""
    refusal = refusal_of(actor, permission)
    if refusal is not None:
        raise Forbidden(refusal)
