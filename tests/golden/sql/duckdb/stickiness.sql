SELECT
  "t8"."n_active_periods",
  "t8"."n_users",
  "t8"."n_users" / "t8"."n_all" AS "share",
  "t8"."n_at_least",
  "t8"."n_at_least" / "t8"."n_all" AS "share_at_least"
FROM (
  SELECT
    "t7"."n_active_periods",
    "t7"."n_users",
    CAST(SUM(CAST("t7"."n_users" AS DOUBLE)) OVER (
      ORDER BY "t7"."n_active_periods" DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS BIGINT) AS "n_at_least",
    NULLIF(
      CAST(SUM(CAST("t7"."n_users" AS DOUBLE)) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS BIGINT),
      0
    ) AS "n_all"
  FROM (
    SELECT
      "t3"."n_active_periods",
      COALESCE("t6"."n_users", 0) AS "n_users"
    FROM (
      SELECT
        UNNEST(RANGE(1, 13, 1)) AS "n_active_periods"
    ) AS "t3"
    LEFT OUTER JOIN (
      SELECT
        "t4"."n_active_periods",
        COUNT(*) AS "n_users"
      FROM (
        SELECT
          "t2"."user_id",
          COUNT(*) AS "n_active_periods"
        FROM (
          SELECT
            *
          FROM "active" AS "t0"
          WHERE
            "t0"."period" > 2826 AND "t0"."period" <= 2838
        ) AS "t2"
        GROUP BY
          1
      ) AS "t4"
      GROUP BY
        1
    ) AS "t6"
      ON "t3"."n_active_periods" = "t6"."n_active_periods"
  ) AS "t7"
) AS "t8"
ORDER BY
  "t8"."n_active_periods" ASC
