"""Goods that suit a member, for the field `goods` of a text: what is bought most in the category he prefers.

A member's category is the one he spent most on; of one who has not bought yet, one that a tag of his names;
else it is what everybody buys now. Nothing that he has bought already is suggested. Read for a batch of
members in a few statements, each bounded.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.activity.models import MemberCategory, OrderLine, Product
from crm.members.models import MemberTag
from crm.outreach.spec import JourneySpec
from crm.outreach.template import fields_of

FIELD = "goods"
SUGGESTED = 3
RECENT_LINES = 5_000
"""Lines of orders, the newest ones, that say what is bought now: read by id, whatever the size of the table."""
PRODUCTS_CONSIDERED = 50
"""Of each category: enough to have some left that the member has not bought."""
_AND = {"en": " and ", "zh": "和"}
_COMMA = {"en": ", ", "zh": "、"}


def names_goods(spec: JourneySpec) -> bool:
    """Whether any text of a journey suggests goods; most do not, and nothing is read for them."""
    texts = (f"{words.subject or ''}{words.body}" for step in spec.sends for words in step.wordings)
    return any(FIELD in text and FIELD in fields_of(text) for text in texts)


def goods_of(session: Session, member_ids: Collection[int], language: str) -> dict[int, str]:
    """For each member some goods in words; members for whom there is nothing to suggest are left out."""
    ids = sorted(set(member_ids))
    if not ids:
        return {}
    sold = _sold_now(session)
    categories = _bought_most(session, ids)
    categories |= _named_by_tags(session, [each for each in ids if each not in categories], set(sold.by_category))
    bought = _bought(session, ids)
    found = {}
    for member_id in ids:
        candidates = sold.by_category.get(categories.get(member_id, ""), sold.overall)
        fresh = [name for product_id, name in candidates if product_id not in bought[member_id]]
        if fresh:
            found[member_id] = _listed(fresh[:SUGGESTED], language)
    return found


class _Sold:
    """What is bought now: products with their names, the most bought first."""

    def __init__(self, rows: Sequence[tuple[int, str, str, int]]) -> None:
        ranked = sorted(rows, key=lambda row: (-row[3], row[0]))
        self.overall = [(product_id, name) for product_id, name, _, _ in ranked[:PRODUCTS_CONSIDERED]]
        self.by_category: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for product_id, name, category, _ in ranked:
            if len(self.by_category[category]) < PRODUCTS_CONSIDERED:
                self.by_category[category].append((product_id, name))


def _sold_now(session: Session) -> _Sold:
    newest = session.scalar(select(func.max(OrderLine.id))) or 0
    lines = (
        select(OrderLine.product_id, func.count().label("bought"))
        .where(OrderLine.id > newest - RECENT_LINES)
        .group_by(OrderLine.product_id)
        .subquery()
    )
    query = select(Product.id, Product.name, Product.category, lines.c.bought).join(
        lines, lines.c.product_id == Product.id
    )
    return _Sold([(row[0], row[1], row[2], row[3]) for row in session.execute(query)])


def _bought_most(session: Session, ids: Sequence[int]) -> dict[int, str]:
    query = select(MemberCategory.member_id, MemberCategory.category).where(MemberCategory.member_id.in_(ids))
    rows = session.execute(query.order_by(MemberCategory.spend_cents, MemberCategory.category.desc()))
    return {member_id: category for member_id, category in rows}  # noqa: C416 - the last, largest one stays


def _named_by_tags(session: Session, ids: Sequence[int], categories: Collection[str]) -> dict[int, str]:
    """e.g. `tea` for `tea-drinker`."""
    rows = session.execute(
        select(MemberTag.member_id, MemberTag.tag).where(MemberTag.member_id.in_(ids)).order_by(MemberTag.tag.desc())
    )
    return {
        member_id: word
        for member_id, tag in rows
        for word in tag.casefold().replace("_", "-").split("-")
        if word in categories
    }


def _bought(session: Session, ids: Sequence[int]) -> Mapping[int, set[int]]:
    """Products of each member among what is bought now; what he bought long ago may be suggested again."""
    newest = session.scalar(select(func.max(OrderLine.id))) or 0
    query = select(OrderLine.member_id, OrderLine.product_id).where(
        OrderLine.id > newest - RECENT_LINES, OrderLine.member_id.in_(ids)
    )
    found: dict[int, set[int]] = defaultdict(set)
    for member_id, product_id in session.execute(query):
        found[member_id].add(product_id)
    return found


def _listed(names: Sequence[str], language: str) -> str:
    unique = list(dict.fromkeys(names))
    return _AND[language].join([_COMMA[language].join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)
