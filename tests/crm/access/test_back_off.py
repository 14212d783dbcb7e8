"""Guessing is slow, from one address and from many, and nobody is locked out by it."""

from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from crm.access import back_off
from crm.access.back_off import FREE_BY_ACCOUNT, FREE_BY_ADDRESS, Tally, network_of, wait_after
from crm.access.logins import Origin
from crm.access.models import Account, AuditEntry, KnownAddress, SignInTally
from crm.access.sign_in import Attempt, SignedInAs, sign_in
from crm.database import Sessions, read_only, unit_of_work
from crm.errors import CrmError, Forbidden, TooManyAttempts
from tests.accounts import CHEAP, PASSWORD, make_person

HOME, ELSEWHERE = "203.0.113.5", "198.51.100.7"


@pytest.fixture
def people(sessions: Sessions) -> Sessions:
    with unit_of_work(sessions) as session:
        make_person(session, "mia")
        make_person(session, "kevin")
    return sessions


def attempt(
    sessions: Sessions, password: str, now: datetime, *, username: str = "mia", address: str = HOME
) -> SignedInAs:
    return sign_in(sessions, Attempt(username, password, Origin(address)), now=now)


def outcome(sessions: Sessions, password: str, now: datetime, **who: str) -> str:
    try:
        attempt(sessions, password, now, **who)
    except CrmError as error:
        return error.code
    return "in"


def known_at(sessions: Sessions, address: str, now: datetime) -> None:
    """As if she had signed in from there."""
    with unit_of_work(sessions) as session:
        mia = session.scalars(select(Account.id).where(Account.username == "mia")).one()
        back_off.know_address(session, mia, address, now)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (9, 16), (10, 30), (11, 30), (4_000_000, 30)]
)
def test_the_wait_doubles_and_stays_short(failures: int, seconds: int) -> None:
    assert wait_after(failures, Tally("account:x", 5, timedelta(seconds=30))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        ("203.0.113.5, 10.0.0.1", "unknown"),
    ],
)
def test_addresses_of_one_customer_count_together(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_sixty_wrong_passwords_are_mostly_not_looked_at_and_the_right_one_works_after_the_wait(
    people: Sessions, now: datetime
) -> None:
    outcomes = [outcome(people, f"wrong {number}", now) for number in range(60)]
    assert outcomes == ["forbidden"] * FREE_BY_ACCOUNT + ["too_many_attempts"] * 55
    with pytest.raises(TooManyAttempts, match="try again in 1 second") as refused:
        attempt(people, PASSWORD, now)
    assert refused.value.wait_seconds == 1
    assert outcome(people, PASSWORD, now + timedelta(seconds=refused.value.wait_seconds)) == "in"
    with read_only(people) as session:
        entries = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [entry.action for entry in entries] == ["sign_in.failed"] * FREE_BY_ACCOUNT + ["session.opened"]
    assert {entry.detail["address"] for entry in entries} == {HOME}


def test_who_guesses_from_everywhere_locks_the_owner_out_nowhere(people: Sessions, now: datetime) -> None:
    """The attacker comes from a new address each time, whenever the wait is over; the owner signed in once before."""
    known_at(people, HOME, now)
    moment = now
    for number in range(12):
        assert outcome(people, "guess", moment, address=f"192.0.2.{number}") == "forbidden"
        moment += back_off.LONGEST_BY_ACCOUNT if number >= FREE_BY_ACCOUNT - 1 else timedelta(0)
    assert outcome(people, PASSWORD, moment - timedelta(seconds=29), address=ELSEWHERE) == "too_many_attempts"
    assert outcome(people, PASSWORD, moment - timedelta(seconds=29), address=HOME) == "in"
    assert outcome(people, PASSWORD, moment, address=ELSEWHERE) == "in"


def test_the_owners_own_address_is_no_way_round_the_wait(people: Sessions, now: datetime) -> None:
    known_at(people, HOME, now)
    outcomes = [outcome(people, "guess", now) for _ in range(FREE_BY_ACCOUNT + 1)]
    assert outcomes[-1] == "too_many_attempts"


def test_one_address_that_tries_many_accounts_waits_whatever_name_it_says(people: Sessions, now: datetime) -> None:
    with unit_of_work(people) as session:
        session.add(SignInTally(key=f"address:{ELSEWHERE}", failures=FREE_BY_ADDRESS, last_failed_at=now))
    for username in ("mia", "kevin", "nobody", "", "张伟", "\ud800", "a\x00b", "x" * 5_000):
        assert outcome(people, "guess", now, username=username, address=ELSEWHERE) == "too_many_attempts"
    assert outcome(people, PASSWORD, now, username="kevin", address=HOME) == "in"


@pytest.mark.parametrize("username", ["nobody", " MIA ", "a\x00b", "\ud800", "x" * 5_000])
def test_a_name_that_nobody_has_is_counted_and_answered_like_one_that_somebody_has(
    people: Sessions, now: datetime, username: str
) -> None:
    with read_only(people) as session:
        tallies = back_off.tallies_for(session, username.strip(), account_id=None, network=HOME, now=now)
    with unit_of_work(people) as session:
        for _ in range(FREE_BY_ACCOUNT):
            back_off.count_failure(session, tallies[:1], now)
    assert outcome(people, "guess", now, username=username) == "too_many_attempts"
    with pytest.raises(Forbidden, match=r"^username or password is wrong$"):
        attempt(people, "guess", now + timedelta(seconds=1), username=username)


def test_what_is_long_past_is_forgotten_and_removed(people: Sessions, now: datetime) -> None:
    for _ in range(FREE_BY_ACCOUNT):
        outcome(people, "guess", now)
    later = now + back_off.FORGOTTEN_AFTER
    assert outcome(people, "guess", later, username="kevin") == "forbidden"
    with read_only(people) as session:
        assert session.scalars(select(SignInTally.failures)).all() == [1, 1]
    attempt(people, PASSWORD, later)
    attempt(people, PASSWORD, later + back_off.KNOWN_FOR, address=ELSEWHERE)
    with read_only(people) as session:
        assert session.scalars(select(KnownAddress.address)).all() == [ELSEWHERE]


def test_a_success_with_an_account_of_ones_own_does_not_wipe_the_addresss_slate(
    people: Sessions, now: datetime
) -> None:
    outcome(people, "guess", now, username="kevin")
    attempt(people, PASSWORD, now)
    with read_only(people) as session:
        assert session.get_one(SignInTally, f"address:{HOME}").failures == 1


def test_a_hash_of_other_parameters_is_made_anew(people: Sessions, now: datetime) -> None:
    attempt(people, PASSWORD, now)
    with read_only(people) as session:
        kept = session.scalars(select(Account.password_hash).where(Account.username == "mia")).one()
    assert CHEAP.check_needs_rehash(kept)
    assert not PasswordHasher().check_needs_rehash(kept)
    assert outcome(people, PASSWORD, now) == "in"


@pytest.mark.parametrize(
    "changes",
    [
        {"is_active": False},
        {"one_time_until": datetime.fromisoformat("2026-06-01T00:59:59+00:00")},
        {"password_hash": ""},
        {"password_hash": "used"},
        {"password_hash": "plain text"},
    ],
)
def test_who_may_not_sign_in_hears_the_same_words(people: Sessions, now: datetime, changes: dict[str, object]) -> None:
    with unit_of_work(people) as session:
        make_person(session, "eve", **changes)
    with pytest.raises(Forbidden, match=r"^username or password is wrong$"):
        attempt(people, PASSWORD, now, username="eve")
    with read_only(people) as session:
        eve = session.scalars(select(Account.id).where(Account.username == "eve")).one()
        assert session.scalars(select(AuditEntry.subject)).all() == [f"account:{eve}"]
