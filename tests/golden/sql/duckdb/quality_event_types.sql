SELECT
  *
FROM (
  SELECT
    "t0"."event_type",
    "t0"."role",
    COUNT(*) AS "n"
  FROM "events" AS "t0"
  GROUP BY
    1,
    2
) AS "t1"
ORDER BY
  "t1"."n" DESC,
  "t1"."event_type" ASC
