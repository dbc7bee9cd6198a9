SELECT DISTINCT
  *
FROM (
  SELECT
    "t3"."basket",
    "t6"."thing"
  FROM (
    SELECT
      "t0"."user_id" || '' || COALESCE("t0"."session_id", STRFTIME("t0"."timestamp", '%Y-%m-%d')) AS "basket",
      "t0"."item_id"
    FROM "events" AS "t0"
    WHERE
      "t0"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
      AND COALESCE("t0"."role" IN ('commitment'), FALSE)
      AND "t0"."item_id" IS NOT NULL
  ) AS "t3"
  INNER JOIN (
    SELECT
      *
    FROM (
      SELECT
        "t1"."item_id",
        CASE
          WHEN ARRAY_LENGTH("t1"."categories") >= 2
          THEN LIST_EXTRACT("t1"."categories", 2)
          ELSE CASE
            WHEN ARRAY_LENGTH("t1"."categories") >= 1
            THEN LIST_EXTRACT("t1"."categories", 1)
            ELSE NULL
          END
        END AS "thing"
      FROM "items" AS "t1"
    ) AS "t4"
    WHERE
      "t4"."thing" IS NOT NULL
  ) AS "t6"
    ON "t3"."item_id" = "t6"."item_id"
) AS "t7"
