SELECT
  "t1"."period_start",
  "t1"."n_active",
  "t1"."n_active_short",
  "t1"."n_active_long",
  "t1"."n_active" / NULLIF("t1"."n_active_long", 0) AS "stickiness"
FROM (
  SELECT
    "t0"."period_start",
    CAST(SUM(CAST("t0"."n_users" AS DOUBLE)) FILTER(WHERE
      "t0"."state" IN ('new', 'current', 'reactivated', 'resurrected')) AS BIGINT) AS "n_active",
    CAST(SUM(CAST("t0"."n_users" AS DOUBLE)) FILTER(WHERE
      "t0"."state" IN ('new', 'current', 'reactivated', 'resurrected', 'at_risk_early')) AS BIGINT) AS "n_active_short",
    CAST(SUM(CAST("t0"."n_users" AS DOUBLE)) FILTER(WHERE
      "t0"."state" <> 'dormant') AS BIGINT) AS "n_active_long"
  FROM "states" AS "t0"
  GROUP BY
    1
) AS "t1"
ORDER BY
  "t1"."period_start" ASC
