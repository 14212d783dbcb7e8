-- What planning is measured against: a campaign as one would write it by hand for these tables, for SQLite and
-- PostgreSQL alike. Whoever is on the blacklist, has agreed to no channel on which he can be reached, or has the
-- e-mail address or phone number of an earlier member, is left out; so is whoever heard from us too often this week,
-- and a tenth by a hash of the id. The others get one message for each step on each of their channels.
-- Who is left out leaves no trace, every step counts the same week, and everybody lives in one zone.

CREATE TEMPORARY TABLE yardstick_audience (
    member_id INTEGER PRIMARY KEY,
    by_email INTEGER,
    by_sms INTEGER,
    by_push INTEGER,
    is_capped INTEGER,
    is_held_out INTEGER
);

INSERT INTO yardstick_audience
WITH agreed AS (
    SELECT contact.member_id,
           max(CASE WHEN contact.channel = 'email' THEN 1 ELSE 0 END) AS by_email,
           max(CASE WHEN contact.channel = 'sms' THEN 1 ELSE 0 END) AS by_sms,
           max(CASE WHEN contact.channel = 'push' THEN 1 ELSE 0 END) AS by_push
    FROM contact_points AS contact
    JOIN consents AS consent ON consent.member_id = contact.member_id AND consent.channel = contact.channel
    WHERE consent.granted AND contact.normalised <> ''
    GROUP BY contact.member_id
),
candidates AS (
    SELECT agreed.*, email.normalised AS email, phone.normalised AS phone
    FROM members AS member
    JOIN agreed ON agreed.member_id = member.id
    LEFT JOIN contact_points AS email ON email.member_id = member.id AND email.channel = 'email'
    LEFT JOIN contact_points AS phone ON phone.member_id = member.id AND phone.channel = 'sms'
    WHERE NOT EXISTS (SELECT 1 FROM suppressions WHERE suppressions.member_id = member.id)
),
ranked AS (
    SELECT candidates.*,
           row_number() OVER (PARTITION BY email ORDER BY member_id) AS email_rank,
           row_number() OVER (PARTITION BY phone ORDER BY member_id) AS phone_rank
    FROM candidates
)
SELECT member_id,
       by_email,
       by_sms,
       by_push,
       CASE WHEN (
           SELECT count(*)
           FROM messages
           WHERE messages.member_id = ranked.member_id
             AND messages.sent_at > :week_ago
             AND messages.sent_at <= :now
             AND messages.state IN ('sent', 'delivered', 'unknown')
       ) >= :cap THEN 1 ELSE 0 END,
       CASE WHEN (CAST(member_id AS BIGINT) * 2654435761 + :salt) % 4294967296 < :threshold THEN 1 ELSE 0 END
FROM ranked
WHERE (email IS NULL OR email_rank = 1) AND (phone IS NULL OR phone_rank = 1);

INSERT INTO yardstick_outbox (campaign_id, member_id, channel, step, due_at, status)
SELECT 1, audience.member_id, channel.name, step.number, step.due_at, 0
FROM (
    SELECT 1 AS number, CAST(:due_1 AS BIGINT) AS due_at
    UNION ALL SELECT 2, CAST(:due_2 AS BIGINT)
    UNION ALL SELECT 3, CAST(:due_3 AS BIGINT)
) AS step
CROSS JOIN (SELECT 'email' AS name UNION ALL SELECT 'sms' UNION ALL SELECT 'push') AS channel
CROSS JOIN yardstick_audience AS audience
WHERE audience.is_capped = 0
  AND audience.is_held_out = 0
  AND CASE channel.name WHEN 'email' THEN by_email WHEN 'sms' THEN by_sms ELSE by_push END = 1;

DROP TABLE yardstick_audience;
