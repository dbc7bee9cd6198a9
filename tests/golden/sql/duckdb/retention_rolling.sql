WITH "t3" AS (
  SELECT DISTINCT
    "t2"."user_id",
    CAST(FLOOR(
      (
        CAST(FLOOR((
          EPOCH(CAST("t2"."first" AS TIMESTAMP))
        ) / (
          86400
        )) AS BIGINT) + 3
      ) / (
        7
      )
    ) AS BIGINT) AS "cohort",
    CAST(FLOOR(
      (
        EPOCH(CAST("t2"."timestamp" AS TIMESTAMP)) - EPOCH(CAST("t2"."first" AS TIMESTAMP))
      ) / (
        604800
      )
    ) AS BIGINT) AS "age"
  FROM (
    SELECT
      "t1"."user_id",
      "t1"."timestamp",
      MIN("t1"."timestamp") OVER (
        PARTITION BY "t1"."user_id"
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "first"
    FROM (
      SELECT
        "t0"."user_id",
        "t0"."timestamp"
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
  ) AS "t2"
)
SELECT
  MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
    "t10"."cohort" * 7
  ) - 3) AS "cohort_start",
  "t10"."age",
  "t10"."n_users",
  COALESCE("t10"."n_retained", 0) AS "n_retained",
  CASE
    WHEN (
      EPOCH(
        CAST(MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
          (
            "t10"."cohort" + 1
          ) * 7
        ) - 3) AS TIMESTAMP)
      ) + (
        (
          "t10"."age" + 1
        ) * 604800
      )
    ) <= 1717243200
    THEN COALESCE("t10"."n_retained", 0) / "t10"."n_users"
    ELSE NULL
  END AS "rate",
  (
    EPOCH(
      CAST(MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
        (
          "t10"."cohort" + 1
        ) * 7
      ) - 3) AS TIMESTAMP)
    ) + (
      (
        "t10"."age" + 1
      ) * 604800
    )
  ) <= 1717243200 AS "is_complete"
FROM (
  SELECT
    "t9"."cohort",
    "t9"."n_users",
    "t9"."age",
    "t6"."cohort" AS "cohort_right",
    "t6"."age" AS "age_right",
    "t6"."n_retained"
  FROM (
    SELECT
      "t7"."cohort",
      "t7"."n_users",
      UNNEST(
        RANGE(
          0,
          CAST(FLOOR(
            (
              1717243200 - EPOCH(
                CAST(MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
                  "t7"."cohort" * 7
                ) - 3) AS TIMESTAMP)
              )
            ) / (
              604800
            )
          ) AS BIGINT) + 1,
          1
        )
      ) AS "age"
    FROM (
      SELECT
        "t4"."cohort",
        COUNT(*) FILTER(WHERE
          "t4"."age" = 0) AS "n_users"
      FROM "t3" AS "t4"
      GROUP BY
        1
    ) AS "t7"
  ) AS "t9"
  LEFT OUTER JOIN (
    SELECT
      "t4"."cohort",
      "t4"."age",
      COUNT(*) AS "n_retained"
    FROM "t3" AS "t4"
    GROUP BY
      1,
      2
  ) AS "t6"
    ON "t9"."cohort" = "t6"."cohort" AND "t9"."age" = "t6"."age"
) AS "t10"
ORDER BY
  MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
    "t10"."cohort" * 7
  ) - 3) ASC,
  "t10"."age" ASC
