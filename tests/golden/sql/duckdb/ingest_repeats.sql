WITH "t1" AS (
  SELECT
    *
  FROM "staged" AS "t0"
  WHERE
    "t0"."reason" IS NULL
)
SELECT
  "t8"."event_id",
  "t8"."row" AS "first_row"
FROM (
  SELECT
    "t7"."row",
    "t7"."source",
    "t7"."line",
    "t7"."fault",
    "t7"."record",
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
    "t7"."value_text",
    "t7"."quantity_text",
    "t7"."discount_text",
    "t7"."duration_seconds_text",
    "t7"."time_text",
    "t7"."has_own_id",
    "t7"."role",
    "t7"."weight",
    "t7"."reason",
    "t7"."detail",
    ROW_NUMBER() OVER (
      PARTITION BY "t7"."event_id"
      ORDER BY "t7"."timestamp" ASC, "t7"."row" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) - 1 AS "place"
  FROM (
    SELECT
      "t3"."row",
      "t3"."source",
      "t3"."line",
      "t3"."fault",
      "t3"."record",
      "t3"."event_id",
      "t3"."user_id",
      "t3"."item_id",
      "t3"."event_type",
      "t3"."timestamp",
      "t3"."value",
      "t3"."quantity",
      "t3"."discount",
      "t3"."duration_seconds",
      "t3"."session_id",
      "t3"."recommendation_id",
      "t3"."properties",
      "t3"."value_text",
      "t3"."quantity_text",
      "t3"."discount_text",
      "t3"."duration_seconds_text",
      "t3"."time_text",
      "t3"."has_own_id",
      "t3"."role",
      "t3"."weight",
      "t3"."reason",
      "t3"."detail"
    FROM "t1" AS "t3"
    SEMI JOIN (
      SELECT
        *
      FROM (
        SELECT
          "t2"."event_id",
          COUNT(*) AS "n"
        FROM "t1" AS "t2"
        GROUP BY
          1
      ) AS "t4"
      WHERE
        "t4"."n" > 1
    ) AS "t6"
      ON "t3"."event_id" = "t6"."event_id"
  ) AS "t7"
) AS "t8"
WHERE
  "t8"."place" = 0
