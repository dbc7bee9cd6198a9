SELECT
  *
FROM (
  SELECT
    "t1"."age",
    COUNT(*) AS "n_cohorts",
    CAST(SUM(CAST("t1"."n_users" AS DOUBLE)) AS BIGINT) AS "n_users",
    SUM("t1"."n_retained") / SUM("t1"."n_users") AS "weighted_rate",
    AVG("t1"."rate") AS "simple_rate"
  FROM (
    SELECT
      *
    FROM "retained" AS "t0"
    WHERE
      "t0"."is_complete"
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
ORDER BY
  "t2"."age" ASC
