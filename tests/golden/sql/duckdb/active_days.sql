SELECT
  "t1"."user_id",
  "t1"."period",
  MIN("t1"."period") OVER (
    PARTITION BY "t1"."user_id"
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  ) AS "first_period",
  LAG("t1"."period") OVER (
    PARTITION BY "t1"."user_id"
    ORDER BY "t1"."period" ASC
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  ) AS "previous_period",
  LEAD("t1"."period") OVER (
    PARTITION BY "t1"."user_id"
    ORDER BY "t1"."period" ASC
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  ) AS "next_period"
FROM (
  SELECT DISTINCT
    "t0"."user_id",
    CAST(FLOOR((
      EPOCH(CAST("t0"."timestamp" AS TIMESTAMP))
    ) / (
      86400
    )) AS BIGINT) AS "period"
  FROM "events" AS "t0"
  WHERE
    "t0"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
    AND (
      (
        "t0"."role" IS NULL
      )
      OR "t0"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
    )
) AS "t1"
