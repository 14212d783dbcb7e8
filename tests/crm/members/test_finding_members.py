"""Members are found by their names as people type them, on both databases, however they were written."""

from collections.abc import Callable

import pytest
from alembic import command
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, text, update
from sqlalchemy.orm import Session

from crm.bulk import insert_columns
from crm.database import Sessions, unit_of_work
from crm.errors import Ambiguous, NotFound
from crm.members.models import Member
from crm.members.names import refresh_names
from crm.members.service import find_member
from crm.migrations import alembic_config
from crm.reading.names import fold_name
from tests.builders import LONG_AGO, make_account, make_member

SPELLINGS = [
    ("Émile Zola", "émile zola"),
    ("Émile Zola", "EMILE ZOLA"),
    ("Émile Zola", "E\u0301mile  Zola"),
    ("Emile Zola", "Émile Zola"),
    ("Jürgen Groß", "jurgen gross"),
    ("Jürgen Groß", "JÜRGEN GROẞ"),
    ("İpek Işık", "ipek ışık"),
    ("İpek Işık", "IPEK ISIK"),
    ("Søren Łukasz", "soren lukasz"),
    ("Siobhán O’Brien", "siobhan o'brien"),
    ("Siobhán O'Brien", "siobhan o´brien"),
    ("Jean‑Paul Sartre", "jean-paul sartre"),
    ("Ａｎｎ Lee", "ann lee"),
    ("Ann Lee", "ａｎｎ\u3000ＬＥＥ"),
    ("Ann\u00a0Lee", "Ann\u200b Lee"),
    ("Nguyễn Đức", "nguyen duc"),
    ("Алёна Ёлкина", "АЛЕНА ЕЛКИНА"),
    ("Ελένη", "ελενη"),
    ("김민준", "김민준"),
]


@pytest.fixture(params=["folded", "not folded yet"])
def settle(request: pytest.FixtureRequest, session: Session) -> Callable[[], None]:
    """Members are found before the upkeep has seen their names, and afterwards."""

    def settled() -> None:
        if request.param == "folded":
            for member in session.scalars(select(Member)):
                member.name_folded = fold_name(member.name)
                member.name_local_folded = fold_name(member.name_local) if member.name_local else None
            session.flush()

    return settled


def test_case_accents_width_and_apostrophes_do_not_count(session: Session, settle: Callable[[], None]) -> None:
    make_member(session, name="Somebody Else")
    for name, typed in SPELLINGS:
        member = make_member(session, name=name, reachable_on=(), consents={})
        settle()
        assert find_member(session, typed) is member, typed
        assert find_member(session, f" {typed[:-1]} ") is member, typed
        session.delete(member)
        session.flush()


def test_both_scripts_of_a_name_are_looked_at(session: Session, settle: Callable[[], None]) -> None:
    member = make_member(session, name="Zhang Min", name_local="张敏")
    make_member(session, name="Zhang Wei", name_local="张伟")
    settle()
    assert find_member(session, "张敏") is member
    assert find_member(session, "敏") is member
    with pytest.raises(Ambiguous):
        find_member(session, "张")


def test_who_is_spelt_as_typed_comes_first(session: Session, settle: Callable[[], None]) -> None:
    plain, accented = make_member(session, name="Emile Zola"), make_member(session, name="Émile Zola")
    settle()
    assert find_member(session, "Émile Zola") is accented
    assert find_member(session, "émile zola") is accented
    assert find_member(session, "EMILE ZOLA") is plain
    with pytest.raises(Ambiguous) as ambiguous:
        find_member(session, "zola")
    assert len(ambiguous.value.candidates) == 2


def test_words_that_name_nobody_find_nobody(session: Session, settle: Callable[[], None]) -> None:
    make_member(session, name="Ann Lee")
    settle()
    for words in ("", "  ", "´", "\x00", "\ud800", "%", "_", "1" * 5000, "9" * 18, "nobody"):
        with pytest.raises(NotFound):
            find_member(session, words)


def test_keys_and_ids_come_before_names(session: Session) -> None:
    keyed, named = make_member(session, external_ref="Ab-77"), make_member(session, name="ab-77")
    assert find_member(session, "Ab-77") is keyed
    assert find_member(session, "ａｂ－７７") is named
    assert find_member(session, str(keyed.id)) is keyed
    assert find_member(session, "AB-77") in (keyed, named)


def test_only_own_members_exist_for_who_looks_after_some(session: Session, settle: Callable[[], None]) -> None:
    kevin = make_account(session)
    for _ in range(8):
        make_member(session, name="Émile Zola")
    own = make_member(session, name="Émile Zola", owner_id=kevin.id)
    settle()
    assert find_member(session, "emile", owner_id=kevin.id) is own


WRITERS: dict[str, Callable[[Session, int], object]] = {
    "by the session": lambda session, key: setattr(session.get_one(Member, key), "name", "Émile Zola"),
    "by a statement": lambda session, key: session.execute(
        update(Member).where(Member.id == key).values(name="Émile Zola")
    ),
    "by SQL": lambda session, key: session.execute(
        text("UPDATE members SET name = :name WHERE id = :key"), {"name": "Émile Zola", "key": key}
    ),
    "in the own script": lambda session, key: session.execute(
        update(Member).where(Member.id == key).values(name_local="Émile Zola")
    ),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_new_name_is_found_at_once_and_the_old_one_is_not(
    sessions: Sessions, write: Callable[[Session, int], object]
) -> None:
    with unit_of_work(sessions) as session:
        key = make_member(session, name="Ånna", name_local="Ånna").id
    assert refresh_names(sessions) == 1
    with unit_of_work(sessions) as session:
        write(session, key)
    for folded in (1, 0):
        with sessions() as session:
            assert find_member(session, "emile zola").id == key
            local = find_member(session, "emile zola").name_local
            if local == "Émile Zola":
                assert find_member(session, "anna").id == key
        assert refresh_names(sessions) == folded


def test_bulk_loads_are_found(sessions: Sessions) -> None:
    row = {"external_ref": ["X-1"], "name": ["Zoë Ärger"], "tier": ["gold"], "joined_at": [int(LONG_AGO.timestamp())]}
    with unit_of_work(sessions) as session:
        insert_columns(session, Member, row)
        session.execute(insert(Member).values(external_ref="X-2", name="Ömer", tier="gold", joined_at=LONG_AGO))
    with sessions() as session:
        assert find_member(session, "zoe arger").external_ref == "X-1"
        assert find_member(session, "OMER").external_ref == "X-2"
    assert refresh_names(sessions) == 2
    assert refresh_names(sessions) == 0


def test_the_migration_folds_the_names_on_file(engine: Engine, sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        make_member(session, name="Émile Zola", name_local="爱弥尔")
        make_member(session, name="Ann Lee")
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0013")
        command.upgrade(config, "head")
    with sessions() as session:
        folded = session.execute(select(Member.name_folded, Member.name_local_folded).order_by(Member.id)).all()
        assert [tuple(row) for row in folded] == [("emile zola", "爱弥尔"), ("ann lee", None)]
    assert refresh_names(sessions) == 0


@given(st.text(max_size=30))
def test_folding_a_name_again_changes_nothing(name: str) -> None:
    assert fold_name(fold_name(name)) == fold_name(name)
