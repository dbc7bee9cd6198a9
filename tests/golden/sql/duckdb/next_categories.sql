SELECT
  "t9"."user_id",
  "t9"."as_of",
  "t9"."name",
  COUNT(*) AS "n_commitments"
FROM (
  SELECT
    "t7"."event_id",
    "t7"."user_id",
    "t7"."item_id",
    "t7"."event_type",
    "t7"."timestamp",
    "t7"."value",
    "t7"."quantity",
    "t7"."discount",
    "t7"."duration_seconds",
    "t7"."session_id",
    "t7"."recommendation_id",
    "t7"."properties",
    "t7"."role",
    "t7"."weight",
    "t7"."as_of",
    "t8"."name"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t2"."event_id",
        "t2"."user_id",
        "t2"."item_id",
        "t2"."event_type",
        "t2"."timestamp",
        "t2"."value",
        "t2"."quantity",
        "t2"."discount",
        "t2"."duration_seconds",
        "t2"."session_id",
        "t2"."recommendation_id",
        "t2"."properties",
        "t2"."role",
        "t2"."weight",
        UNNEST(CAST([MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)] AS TIMESTAMP(6)[])) AS "as_of"
      FROM (
        SELECT
          *
        FROM "events" AS "t0"
        WHERE
          "t0"."timestamp" >= MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
      ) AS "t2"
    ) AS "t3"
    WHERE
      "t3"."timestamp" >= "t3"."as_of"
      AND "t3"."timestamp" < (
        "t3"."as_of" + INTERVAL '30' DAY
      )
      AND COALESCE("t3"."role" IN ('commitment'), FALSE)
  ) AS "t7"
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
        END AS "name"
      FROM "items" AS "t1"
    ) AS "t4"
    WHERE
      "t4"."name" IS NOT NULL
  ) AS "t8"
    ON "t7"."item_id" = "t8"."item_id"
) AS "t9"
GROUP BY
  1,
  2,
  3
