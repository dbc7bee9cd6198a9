SELECT DISTINCT
  "t0"."user_id" || '' || COALESCE("t0"."session_id", STRFTIME("t0"."timestamp", '%Y-%m-%d')) AS "basket",
  "t0"."item_id" AS "thing"
FROM "events" AS "t0"
WHERE
  "t0"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
  AND COALESCE("t0"."role" IN ('commitment'), FALSE)
  AND "t0"."item_id" IS NOT NULL
