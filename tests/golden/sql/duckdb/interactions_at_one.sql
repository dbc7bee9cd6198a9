SELECT
  "t2"."user_id",
  "t2"."item_id",
  "t2"."as_of",
  SUM("t2"."strength" * EXP("t2"."age_days" * -0.007701635339554948)) AS "weight",
  SUM("t2"."is_commitment") AS "n_commitments",
  MAX(CASE WHEN "t2"."is_commitment" = 1 THEN "t2"."age_days" ELSE NULL END) AS "first_days",
  MIN(CASE WHEN "t2"."is_commitment" = 1 THEN "t2"."age_days" ELSE NULL END) AS "last_days",
  MIN("t2"."age_days") AS "seen_days"
FROM (
  SELECT
    "t1"."user_id",
    "t1"."item_id",
    "t1"."as_of",
    DATE_TRUNC('DAY', "t1"."timestamp") AS "day",
    MAX("t1"."weight") AS "strength",
    MIN("t1"."age_days") AS "age_days",
    MAX("t1"."is_commitment") AS "is_commitment"
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
      ) AS BIGINT) - 1 AS INT) AS "age_days",
      CAST(COALESCE("t0"."role" IN ('commitment'), FALSE) AS BIGINT) AS "is_commitment"
    FROM "events" AS "t0"
    WHERE
      "t0"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
      AND "t0"."item_id" IS NOT NULL
      AND "t0"."weight" > 0
  ) AS "t1"
  GROUP BY
    1,
    2,
    3,
    4
) AS "t2"
GROUP BY
  1,
  2,
  3
