WITH "t2" AS (
  SELECT
    "t1"."user_id",
    CAST("t1"."period" - "t1"."previous_period" AS DOUBLE) AS "gap"
  FROM "active_days" AS "t1"
  WHERE
    CAST("t1"."period" - "t1"."previous_period" AS DOUBLE) IS NOT NULL
), "t6" AS (
  SELECT
    "t3"."user_id",
    COUNT(*) AS "n_gaps",
    AVG("t3"."gap") AS "mean_gap",
    MAX("t3"."gap") AS "longest"
  FROM "t2" AS "t3"
  GROUP BY
    1
), "t11" AS (
  SELECT
    QUANTILE_CONT("t7"."mean_gap", 0.5) AS "typical_gap_days",
    QUANTILE_CONT("t7"."longest", 0.75) AS "longest_gap_days"
  FROM "t6" AS "t7"
)
SELECT
  "t17"."median_gap_days",
  "t17"."late_ratio",
  "t13"."typical_gap_days",
  "t13"."longest_gap_days",
  "t10"."median_rating"
FROM (
  SELECT
    QUANTILE_CONT("t15"."gap", 0.5) AS "median_gap_days",
    QUANTILE_CONT(
      "t15"."gap" / (
        (
          (
            "t15"."n_gaps" * COALESCE("t15"."mean_gap", 0.0)
          ) + (
            "t15"."typical_gap_days" * 2.0
          )
        ) / (
          "t15"."n_gaps" + 2.0
        )
      ),
      0.95
    ) AS "late_ratio"
  FROM (
    SELECT
      "t4"."user_id",
      "t4"."gap",
      "t9"."n_gaps",
      "t9"."mean_gap",
      "t9"."longest",
      "t14"."typical_gap_days",
      "t14"."longest_gap_days"
    FROM "t2" AS "t4"
    INNER JOIN "t6" AS "t9"
      ON "t4"."user_id" = "t9"."user_id"
    CROSS JOIN "t11" AS "t14"
  ) AS "t15"
) AS "t17"
CROSS JOIN "t11" AS "t13"
CROSS JOIN (
  SELECT
    QUANTILE_CONT("t5"."value", 0.5) AS "median_rating"
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
      AND COALESCE("t0"."role" IN ('satisfaction'), FALSE)
      AND "t0"."weight" > 0
  ) AS "t5"
) AS "t10"
