"""What segments can ask of a member's profile, consent, tags and owner."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, extract, or_, select

from crm.access.models import Account, Role
from crm.channels import CHANNELS, SENDABLE_CHANNELS, Channel
from crm.columns import distinct_words, stored
from crm.fields import (
    Aggregate,
    Collection,
    Fact,
    Field,
    Kind,
    Op,
    Presence,
    Qualifiers,
    Record,
    Reference,
    RowColumns,
    Rows,
    Sql,
    Unit,
    Value,
    Viewpoint,
)
from crm.members.models import Consent, ContactPoint, Member, MemberTag, Suppression
from crm.members.reach import is_given_up, is_readable
from crm.words import Text

ME = "@me"
"""In a definition: the person who asks."""

NOT_ANY = "counts as none of the values: `in` leaves the member out, `not_in` keeps the member"
UNKNOWN = "unknown: no comparison holds, and neither does its opposite"


def _age(viewpoint: Viewpoint) -> Sql:
    today = viewpoint.today
    still_to_come = case((Member.birth_month_day > today.month * 100 + today.day, 1), else_=0)
    return today.year - cast(extract("year", Member.birthday_on), Integer) - still_to_come


def _age_in_record(record: Record, viewpoint: Viewpoint) -> int | None:
    if record["birthday_on"] is None:
        return None
    born, today = date.fromisoformat(record["birthday_on"]), viewpoint.today
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _accounts_called(names: tuple[str, ...], viewpoint: Viewpoint) -> Select[Any]:
    called = or_(Account.display_name.in_(names), Account.username.in_(names))
    return select(Account.id).where(or_(called, Account.id == viewpoint.me_id) if ME in names else called)


def _account_name(key: Sql) -> ColumnElement[Any]:
    return select(Account.display_name).where(Account.id == key).scalar_subquery()


def _is_owned_by(record: Record, names: tuple[str, ...], viewpoint: Viewpoint) -> bool:
    if ME in names and record["csm_id"] is not None and record["csm_id"] == viewpoint.me_id:
        return True
    return record["csm_id"] is not None and not {record["csm"], record["csm_username"]}.isdisjoint(names)


def _tags(_qualifiers: Qualifiers) -> RowColumns:
    return RowColumns(member_id=MemberTag.member_id, value=MemberTag.tag)


CHANNELS_ZH = {channel.value: traits.short.zh for channel, traits in CHANNELS.items()}


def _consent(channel: Channel, zh: str) -> Field:
    return Field(
        name=f"consent.{channel}",
        kind=Kind.FLAG,
        source=Presence(Consent.member_id, (Consent.channel == channel) & Consent.granted),
        label=Text(f"{channel} consent", f"{zh}订阅同意"),
        words_en=(f"{channel} consent", f"{channel} opt-in", f"opted in to {channel}", f"{channel} permission"),
        words_zh=(f"{zh}同意", f"{zh}订阅", f"{zh}授权"),
    )


def _reachable(channel: Channel, address: Text) -> Field:
    """Whether the gate lets the address pass. Consent and the blacklist have fields of their own."""
    en, zh = address.en, address.zh
    return Field(
        name=f"reachable.{channel}",
        kind=Kind.FLAG,
        source=Presence(
            ContactPoint.member_id,
            and_(ContactPoint.channel == channel, is_readable(ContactPoint), ~is_given_up(ContactPoint)),
        ),
        label=Text(f"usable {en}", f"可用{zh}"),
        words_en=(en, f"{en} on file", f"usable {en}", f"reachable by {channel}"),
        words_zh=(zh,),
    )


FIELDS = (
    Field(
        name="name",
        kind=Kind.CHOICE,
        source=Value(stored(Member.name), keeps_history=True),
        label=Text("name", "姓名"),
        words_en=("name", "member name"),
        words_zh=("姓名", "名字"),
        values=select(Member.name).distinct(),
        is_sensitive=True,
    ),
    Field(
        name="tier",
        kind=Kind.CHOICE,
        source=Value(stored(Member.tier)),
        label=Text("tier", "会员等级"),
        words_en=("tier", "level", "membership level", "grade"),
        words_zh=("等级", "会员等级", "级别"),
        values=distinct_words(Member.tier),
        values_zh={"bronze": "铜卡", "silver": "银卡", "gold": "金卡", "platinum": "铂金"},
    ),
    Field(
        name="city",
        kind=Kind.CHOICE,
        source=Value(stored(Member.city)),
        label=Text("city", "城市"),
        words_en=("city", "location", "town"),
        words_zh=("城市", "地区", "所在地"),
        missing=NOT_ANY,
        values=distinct_words(Member.city),
    ),
    Field(
        name="gender",
        kind=Kind.CHOICE,
        source=Value(stored(Member.gender)),
        label=Text("gender", "性别"),
        words_en=("gender", "sex"),
        words_zh=("性别",),
        missing=NOT_ANY,
        values=("female", "male"),
        values_zh={"female": "女", "male": "男"},
        is_sensitive=True,
    ),
    Field(
        name="age",
        kind=Kind.NUMBER,
        source=Value(_age, read=_age_in_record, keeps_history=True),
        label=Text("age", "年龄"),
        words_en=("age", "years old"),
        words_zh=("年龄", "岁"),
        unit=Unit.YEARS,
        missing=UNKNOWN,
        is_sensitive=True,
    ),
    Field(
        name="birthday",
        kind=Kind.MONTH_DAY,
        source=Value(stored(Member.birth_month_day), keeps_history=True),
        label=Text("birthday", "生日"),
        words_en=("birthday", "born", "birth date"),
        words_zh=("生日", "出生日期"),
        missing=UNKNOWN,
        is_sensitive=True,
    ),
    Field(
        name="joined_at",
        kind=Kind.DAY,
        source=Value(stored(Member.joined_at), keeps_history=True),
        label=Text("joining day", "入会日期"),
        words_en=("joined", "signed up", "registered", "member since", "enrolled", "join date"),
        words_zh=("入会", "注册", "加入", "入会日期"),
        more_ops=(Op.ANNIVERSARY_BETWEEN,),
    ),
    Field(
        name="preferred_channel",
        kind=Kind.CHOICE,
        source=Value(stored(Member.preferred_channel)),
        label=Text("preferred channel", "偏好渠道"),
        words_en=("preferred channel", "prefer", "favourite channel", "favorite channel"),
        words_zh=("偏好渠道", "首选渠道", "偏好"),
        missing=NOT_ANY,
        values=tuple(channel.value for channel in SENDABLE_CHANNELS),
        values_zh=CHANNELS_ZH,
    ),
    Field(
        name="tags",
        kind=Kind.SET,
        source=Rows(
            Aggregate.SET,
            columns=_tags,
            facts=lambda record, _qualifiers: (Fact(key=tag, value=tag) for tag in record["tags"]),
            has_windows=False,
        ),
        label=Text("tags", "标签"),
        words_en=("tag", "tags", "tagged", "labelled", "labeled"),
        words_zh=("标签", "打了标签"),
        values=distinct_words(MemberTag.tag),
    ),
    *(_consent(channel, CHANNELS_ZH[channel]) for channel in SENDABLE_CHANNELS),
    *(_reachable(channel, CHANNELS[channel].address) for channel in SENDABLE_CHANNELS),
    Field(
        name="blacklisted",
        kind=Kind.FLAG,
        source=Presence(Suppression.member_id),
        label=Text("on the blacklist", "黑名单"),
        words_en=("blacklisted", "blacklist", "suppressed", "do not contact"),
        words_zh=("黑名单", "拉黑", "禁止联系"),
    ),
    Field(
        name="csm",
        kind=Kind.CHOICE,
        source=Value(
            stored(Member.owner_id),
            reference=Reference(keys=_accounts_called, name=_account_name, is_called=_is_owned_by),
        ),
        label=Text("customer success manager", "客户成功经理"),
        words_en=("csm", "customer success manager", "account manager", "owner", "book"),
        words_zh=("客户经理", "客户成功经理", "名下", "负责人"),
        missing=NOT_ANY,
        values=select(Account.display_name).where(Account.role == Role.CSM),
        names=select(Account.display_name).union(select(Account.username)),
    ),
)

PROFILE: dict[str, Sql] = {
    "id": Member.id,
    "external_ref": Member.external_ref,
    "name_local": Member.name_local,
    "birthday_on": Member.birthday_on,
    "csm_id": Member.owner_id,
    "csm_username": select(Account.username).where(Account.id == Member.owner_id).scalar_subquery(),
}

COLLECTIONS = (Collection("tags", member_id=MemberTag.member_id, columns={"tag": MemberTag.tag}),)
