WITH "t1" AS (
  SELECT
    "t0"."user_id",
    "t0"."first_period" AS "cohort",
    "t0"."period" - "t0"."first_period" AS "age"
  FROM "active" AS "t0"
)
SELECT
  MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
    "t12"."cohort" * 7
  ) - 3) AS "cohort_start",
  "t12"."age",
  "t12"."n_users",
  COALESCE("t12"."n_retained", 0) AS "n_retained",
  CASE
    WHEN (
      "t12"."cohort" + "t12"."age"
    ) <= 2838
    THEN COALESCE("t12"."n_retained", 0) / "t12"."n_users"
    ELSE NULL
  END AS "rate",
  (
    "t12"."cohort" + "t12"."age"
  ) <= 2838 AS "is_complete"
FROM (
  SELECT
    "t8"."cohort",
    "t8"."n_users",
    "t8"."age",
    "t11"."cohort" AS "cohort_right",
    "t11"."age" AS "age_right",
    "t11"."n_retained"
  FROM (
    SELECT
      "t4"."cohort",
      "t4"."n_users",
      UNNEST(RANGE(0, (
        2839 - "t4"."cohort"
      ) + 1, 1)) AS "age"
    FROM (
      SELECT
        "t2"."cohort",
        COUNT(*) FILTER(WHERE
          "t2"."age" = 0) AS "n_users"
      FROM "t1" AS "t2"
      GROUP BY
        1
    ) AS "t4"
  ) AS "t8"
  LEFT OUTER JOIN (
    SELECT
      "t9"."cohort",
      "t9"."age",
      CAST(SUM(CAST("t9"."n_last" AS DOUBLE)) OVER (
        PARTITION BY "t9"."cohort"
        ORDER BY "t9"."age" DESC
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS BIGINT) AS "n_retained"
    FROM (
      SELECT
        "t8"."cohort",
        "t8"."age",
        COALESCE("t6"."n_last", 0) AS "n_last"
      FROM (
        SELECT
          "t4"."cohort",
          "t4"."n_users",
          UNNEST(RANGE(0, (
            2839 - "t4"."cohort"
          ) + 1, 1)) AS "age"
        FROM (
          SELECT
            "t2"."cohort",
            COUNT(*) FILTER(WHERE
              "t2"."age" = 0) AS "n_users"
          FROM "t1" AS "t2"
          GROUP BY
            1
        ) AS "t4"
      ) AS "t8"
      LEFT OUTER JOIN (
        SELECT
          "t3"."cohort",
          "t3"."age",
          COUNT(*) AS "n_last"
        FROM (
          SELECT
            "t2"."user_id",
            "t2"."cohort",
            MAX("t2"."age") AS "age"
          FROM "t1" AS "t2"
          GROUP BY
            1,
            2
        ) AS "t3"
        GROUP BY
          1,
          2
      ) AS "t6"
        ON "t8"."cohort" = "t6"."cohort" AND "t8"."age" = "t6"."age"
    ) AS "t9"
  ) AS "t11"
    ON "t8"."cohort" = "t11"."cohort" AND "t8"."age" = "t11"."age"
) AS "t12"
ORDER BY
  MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
    "t12"."cohort" * 7
  ) - 3) ASC,
  "t12"."age" ASC
