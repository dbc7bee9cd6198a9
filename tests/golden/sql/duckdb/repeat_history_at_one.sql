WITH "t2" AS (
  SELECT
    "t1"."user_id",
    "t1"."as_of",
    CAST(FLOOR((
      EPOCH(CAST("t1"."timestamp" AS TIMESTAMP))
    ) / (
      86400
    )) AS BIGINT) AS "day",
    BOOL_OR(CAST(COALESCE("t1"."role" IN ('commitment'), FALSE) AS BOOLEAN)) AS "is_occasion",
    SUM("t1"."value") FILTER(WHERE
      COALESCE("t1"."role" IN ('commitment'), FALSE)) AS "paid",
    SUM("t1"."value") FILTER(WHERE
      NOT (
        COALESCE("t1"."role" IN ('commitment'), FALSE)
      )) AS "reversed"
  FROM (
    SELECT
      "t0"."event_id",
      "t0"."user_id",
      "t0"."item_id",
      "t0"."event_type",
      "t0"."timestamp",
      "t0"."value",
      "t0"."quantity",
      "t0"."discount",
      "t0"."duration_seconds",
      "t0"."session_id",
      "t0"."recommendation_id",
      "t0"."properties",
      "t0"."role",
      "t0"."weight",
      MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) AS "as_of",
      CAST(CAST(CEIL(
        (
          EPOCH(CAST(MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) AS TIMESTAMP)) - EPOCH(CAST("t0"."timestamp" AS TIMESTAMP))
        ) / 86400.0
      ) AS BIGINT) - 1 AS INT) AS "age_days"
    FROM "events" AS "t0"
    WHERE
      "t0"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
      AND COALESCE("t0"."role" IN ('commitment', 'reversal'), FALSE)
  ) AS "t1"
  GROUP BY
    1,
    2,
    3
)
SELECT
  "t9"."user_id",
  "t9"."as_of",
  "t9"."first_day",
  "t9"."x",
  "t9"."last_day" - "t9"."first_day" AS "t_x_days",
  CAST(FLOOR((
    EPOCH(CAST("t9"."as_of" AS TIMESTAMP)) - 1
  ) / (
    86400
  )) AS BIGINT) - "t9"."first_day" AS "T_days",
  "t9"."first_paid" * GREATEST(1.0 - COALESCE(-(
    "t9"."reversed"
  ) / NULLIF("t9"."paid", 0.0), 0.0), 0.0) AS "first_value",
  CASE
    WHEN (
      "t9"."n_paid" > 0
    )
    AND (
      GREATEST(1.0 - COALESCE(-(
        "t9"."reversed"
      ) / NULLIF("t9"."paid", 0.0), 0.0), 0.0) > 0
    )
    THEN "t9"."n_paid"
    ELSE 0
  END AS "n_valued",
  CASE
    WHEN (
      "t9"."n_paid" > 0
    )
    AND (
      GREATEST(1.0 - COALESCE(-(
        "t9"."reversed"
      ) / NULLIF("t9"."paid", 0.0), 0.0), 0.0) > 0
    )
    THEN "t9"."mean_paid" * GREATEST(1.0 - COALESCE(-(
      "t9"."reversed"
    ) / NULLIF("t9"."paid", 0.0), 0.0), 0.0)
    ELSE NULL
  END AS "mean_value"
FROM (
  SELECT
    "t8"."user_id",
    "t8"."as_of",
    "t8"."first_day",
    COUNT(*) FILTER(WHERE
      "t8"."is_occasion" AND (
        "t8"."day" > "t8"."first_day"
      )) AS "x",
    MAX("t8"."day") FILTER(WHERE
      "t8"."is_occasion") AS "last_day",
    SUM("t8"."paid") FILTER(WHERE
      "t8"."day" = "t8"."first_day") AS "first_paid",
    COUNT(*) FILTER(WHERE
      "t8"."is_occasion"
      AND (
        "t8"."day" > "t8"."first_day"
      )
      AND COALESCE("t8"."paid" > 0, FALSE)) AS "n_paid",
    AVG("t8"."paid") FILTER(WHERE
      "t8"."is_occasion"
      AND (
        "t8"."day" > "t8"."first_day"
      )
      AND COALESCE("t8"."paid" > 0, FALSE)) AS "mean_paid",
    SUM("t8"."paid") AS "paid",
    SUM("t8"."reversed") AS "reversed"
  FROM (
    SELECT
      "t4"."user_id",
      "t4"."as_of",
      "t4"."day",
      "t4"."is_occasion",
      "t4"."paid",
      "t4"."reversed",
      "t7"."first_day"
    FROM "t2" AS "t4"
    INNER JOIN (
      SELECT
        *
      FROM (
        SELECT
          "t3"."user_id",
          "t3"."as_of",
          MIN("t3"."day") FILTER(WHERE
            "t3"."is_occasion") AS "first_day"
        FROM "t2" AS "t3"
        GROUP BY
          1,
          2
      ) AS "t5"
      WHERE
        "t5"."first_day" IS NOT NULL
    ) AS "t7"
      ON "t4"."user_id" = "t7"."user_id" AND "t4"."as_of" = "t7"."as_of"
  ) AS "t8"
  GROUP BY
    1,
    2,
    3
) AS "t9"
