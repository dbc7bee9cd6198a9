WITH "t1" AS (
  SELECT
    "t0"."user_id",
    "t0"."first_period" AS "cohort",
    "t0"."period" - "t0"."first_period" AS "age"
  FROM "active" AS "t0"
)
SELECT
  MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
    "t8"."cohort" * 7
  ) - 3) AS "cohort_start",
  "t8"."age",
  "t8"."n_users",
  COALESCE("t8"."n_retained", 0) AS "n_retained",
  CASE
    WHEN (
      "t8"."cohort" + "t8"."age"
    ) <= 2838
    THEN COALESCE("t8"."n_retained", 0) / "t8"."n_users"
    ELSE NULL
  END AS "rate",
  (
    "t8"."cohort" + "t8"."age"
  ) <= 2838 AS "is_complete"
FROM (
  SELECT
    "t7"."cohort",
    "t7"."n_users",
    "t7"."age",
    "t4"."cohort" AS "cohort_right",
    "t4"."age" AS "age_right",
    "t4"."n_retained"
  FROM (
    SELECT
      "t5"."cohort",
      "t5"."n_users",
      UNNEST(RANGE(0, (
        2839 - "t5"."cohort"
      ) + 1, 1)) AS "age"
    FROM (
      SELECT
        "t2"."cohort",
        COUNT(*) FILTER(WHERE
          "t2"."age" = 0) AS "n_users"
      FROM "t1" AS "t2"
      GROUP BY
        1
    ) AS "t5"
  ) AS "t7"
  LEFT OUTER JOIN (
    SELECT
      "t2"."cohort",
      "t2"."age",
      COUNT(*) AS "n_retained"
    FROM "t1" AS "t2"
    GROUP BY
      1,
      2
  ) AS "t4"
    ON "t7"."cohort" = "t4"."cohort" AND "t7"."age" = "t4"."age"
) AS "t8"
ORDER BY
  MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
    "t8"."cohort" * 7
  ) - 3) ASC,
  "t8"."age" ASC
