WITH "t1" AS (
  SELECT
    "t0"."row",
    "t0"."source",
    "t0"."line",
    "t0"."fault",
    "t0"."record",
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
    "t0"."value_text",
    "t0"."quantity_text",
    "t0"."discount_text",
    "t0"."duration_seconds_text",
    "t0"."time_text",
    "t0"."has_own_id",
    "t0"."role",
    "t0"."weight",
    "t0"."reason",
    "t0"."detail",
    DATE_TRUNC('HOUR', "t0"."timestamp") AS "hour"
  FROM "staged" AS "t0"
  WHERE
    "t0"."reason" IS NULL
)
SELECT
  "t9"."user_id",
  MIN("t9"."hour") AS "since"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t7"."user_id",
      "t7"."hour",
      COUNT(DISTINCT "t7"."timestamp") AS "n"
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
        "t3"."detail",
        "t3"."hour"
      FROM "t1" AS "t3"
      SEMI JOIN (
        SELECT
          "t4"."user_id",
          "t4"."hour"
        FROM (
          SELECT
            "t2"."user_id",
            "t2"."hour",
            COUNT(*) AS "n"
          FROM "t1" AS "t2"
          GROUP BY
            1,
            2
        ) AS "t4"
        WHERE
          "t4"."n" > 1000
      ) AS "t6"
        ON "t3"."user_id" = "t6"."user_id" AND "t3"."hour" = "t6"."hour"
    ) AS "t7"
    GROUP BY
      1,
      2
  ) AS "t8"
  WHERE
    "t8"."n" > 1000
) AS "t9"
GROUP BY
  1
