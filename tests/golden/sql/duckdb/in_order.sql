SELECT
  "t0"."user_id",
  "t0"."timestamp",
  "t0"."role",
  "t0"."item_id",
  "t0"."value"
FROM "events" AS "t0"
WHERE
  "t0"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
ORDER BY
  "t0"."user_id" ASC,
  "t0"."timestamp" ASC,
  "t0"."event_id" ASC
