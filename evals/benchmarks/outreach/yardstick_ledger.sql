-- What launching is measured against: the audience of `yardstick.sql`, written by hand into the ledger itself, whoever
-- is left out with a reason, so that the same rows meet the same keys and indexes.

INSERT INTO enrolments (journey_id, member_id, occurrence, arm, enrolled_at, state, is_waiting)
SELECT :journey, members.id, 'launch', CASE WHEN audience.is_held_out = 1 THEN 'holdout' ELSE 'treatment' END, :now,
       'active', FALSE
FROM members
LEFT JOIN yardstick_audience AS audience ON audience.member_id = members.id
ORDER BY members.id;

INSERT INTO messages (enrolment_id, journey_id, member_id, step_key, channel, due_at, priority, state, reason, attempts,
                      retries)
SELECT judged.id, :journey, judged.member_id, judged.step_key, judged.channel, judged.due_at, 'campaign',
       CASE WHEN judged.reason IS NULL THEN 'planned' ELSE 'excluded' END, judged.reason, 0, 0
FROM (
    SELECT enrolment.id, enrolment.member_id, step.step_key, channel.name AS channel, step.due_at,
           CASE
               WHEN audience.member_id IS NULL THEN 'suppressed'
               WHEN CASE channel.name WHEN 'email' THEN by_email WHEN 'sms' THEN by_sms ELSE by_push END = 0
                   THEN 'no_consent'
               WHEN audience.is_capped = 1 THEN 'frequency_cap'
               WHEN audience.is_held_out = 1 THEN 'holdout'
           END AS reason
    FROM (
        SELECT 'step-1' AS step_key, CAST(:due_1 AS BIGINT) AS due_at
        UNION ALL SELECT 'step-2', CAST(:due_2 AS BIGINT)
        UNION ALL SELECT 'step-3', CAST(:due_3 AS BIGINT)
    ) AS step
    CROSS JOIN (SELECT 'email' AS name UNION ALL SELECT 'sms' UNION ALL SELECT 'push') AS channel
    CROSS JOIN enrolments AS enrolment
    LEFT JOIN yardstick_audience AS audience ON audience.member_id = enrolment.member_id
    WHERE enrolment.journey_id = :journey
) AS judged
ORDER BY judged.due_at, judged.channel, judged.id;
