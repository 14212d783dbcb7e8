"""The yardstick: DuckDB on a file of its own, raw tables, the six questions in SQL written by hand.

Its tables are laid out to its advantage, as they were when the targets were measured: the category stands in the
order itself and consent in the member's row, and rows lie in order of time. Each query means exactly what the
definition of the same letter in `questions` means: windows are whole local days, both ends included.
"""

from datetime import date, timedelta
from pathlib import Path

import duckdb

from crm.clock import day_end, day_start, months_before
from evals.benchmarks.segments.world import TODAY, ZONE, World

THREADS = 2


def open_yardstick(world: World) -> duckdb.DuckDBPyConnection:
    """The world in DuckDB; filled from the Parquet files the first time."""
    path = world.folder / "yardstick.duckdb"
    if not path.is_file():
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        with duckdb.connect(str(part)) as connection:
            for statement in ("SET enable_progress_bar = false", *_tables(world)):
                connection.execute(statement)
        part.rename(path)
    connection = duckdb.connect(str(path), read_only=True, config={"threads": THREADS})
    connection.execute("SET enable_progress_bar = false")
    return connection


def _tables(world: World) -> list[str]:
    def rows(table: str) -> str:
        return f"'{_quoted(world.file(table))}'"

    return [
        "CREATE TABLE members AS SELECT id, tier, joined_at, birth_month_day, city, EXISTS (SELECT 1 FROM "
        f"{rows('consents')} c WHERE c.member_id = m.id AND c.channel = 'sms' AND c.granted) AS sms_consent "
        f"FROM {rows('members')} m ORDER BY id",
        "CREATE TABLE orders AS SELECT o.id, o.member_id, o.ordered_at, o.amount_cents, l.category "
        f"FROM {rows('orders')} o JOIN {rows('order_lines')} l ON l.order_id = o.id ORDER BY o.id",
        f"CREATE TABLE events AS SELECT id, member_id, occurred_at FROM {rows('activity_events')} ORDER BY id",
        f"CREATE TABLE member_tags AS SELECT member_id, tag FROM {rows('member_tags')}",
    ]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _since(first: date) -> int:
    return int(day_start(first, ZONE).timestamp())


def _before(last: date) -> int:
    return int(day_end(last, ZONE).timestamp())


def _days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def _orders_within(days: int) -> str:
    return f"ordered_at >= {_since(_days_ago(days))} AND ordered_at < {_before(TODAY)}"


def member_queries() -> dict[str, str]:
    """By letter, a query that gives the ids of the members."""
    year = f"ordered_at >= {_since(months_before(TODAY, 12))} AND ordered_at < {_before(TODAY)}"
    month_days = [(TODAY + timedelta(days=n)).strftime("%m%d").lstrip("0") for n in range(8)]
    return {
        "a": f"""
            SELECT m.id FROM members m
            ANTI JOIN (SELECT member_id FROM orders WHERE {_orders_within(30)}) o ON o.member_id = m.id
            WHERE m.tier = 'platinum'""",
        "b": f"""
            SELECT m.id FROM members m
            JOIN (SELECT member_id FROM orders WHERE {_orders_within(90)}
                  GROUP BY member_id HAVING sum(amount_cents) > 50000) s ON s.member_id = m.id
            JOIN (SELECT member_id FROM orders WHERE category = 'coffee'
                  GROUP BY member_id HAVING count(*) >= 2) c ON c.member_id = m.id
            ANTI JOIN (SELECT member_id FROM member_tags WHERE tag = 'price-sensitive') t ON t.member_id = m.id
            WHERE m.tier IN ('gold', 'platinum') AND m.sms_consent""",
        "c": f"SELECT id FROM members WHERE birth_month_day IN ({', '.join(month_days)})",
        "d": f"""
            SELECT member_id AS id FROM (
                SELECT member_id, count(*) FILTER (occurred_at >= {_since(_days_ago(7))}) AS week, count(*) AS five
                FROM events
                WHERE occurred_at >= {_since(_days_ago(35))} AND occurred_at < {_before(_days_ago(1))}
                GROUP BY member_id)
            WHERE five > week AND week < 0.5 * (five - week) / 4""",
        "e": f"""
            WITH spend AS (
                SELECT member_id, sum(amount_cents) AS cents FROM orders WHERE {year}
                GROUP BY member_id HAVING sum(amount_cents) > 0),
            edge AS (
                SELECT min(cents) AS cents FROM (
                    SELECT cents FROM spend ORDER BY cents DESC
                    LIMIT (SELECT CAST(ceil(0.05 * count(*)) AS BIGINT) FROM members)))
            SELECT s.member_id AS id FROM spend s
            ANTI JOIN (SELECT member_id FROM orders WHERE {_orders_within(60)}) o ON o.member_id = s.member_id
            WHERE s.cents >= (SELECT cents FROM edge)""",
        "f": f"""
            SELECT m.id FROM members m
            ANTI JOIN orders o ON o.member_id = m.id
            WHERE m.joined_at >= {_since(_days_ago(14))}""",
    }
