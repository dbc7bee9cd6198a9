SELECT
  *
FROM (
  SELECT
    "t1"."day",
    COUNT(*) AS "n_events"
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
      CAST("t0"."timestamp" AS DATE) AS "day"
    FROM "events" AS "t0"
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
ORDER BY
  "t2"."day" ASC
