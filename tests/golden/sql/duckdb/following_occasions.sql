SELECT
  "t13"."user_id",
  "t13"."as_of",
  "t13"."day",
  "t13"."value"
FROM (
  SELECT
    "t12"."user_id",
    "t12"."as_of",
    "t12"."calendar_day",
    "t12"."value",
    "t12"."calendar_day" - CAST(FLOOR((
      EPOCH(CAST("t12"."as_of" AS TIMESTAMP)) - 1
    ) / (
      86400
    )) AS BIGINT) AS "day"
  FROM (
    SELECT
      "t9"."user_id",
      "t9"."as_of",
      "t9"."calendar_day",
      "t9"."value"
    FROM (
      SELECT
        "t5"."user_id",
        "t5"."as_of",
        CAST(FLOOR((
          EPOCH(CAST("t5"."timestamp" AS TIMESTAMP))
        ) / (
          86400
        )) AS BIGINT) AS "calendar_day",
        SUM("t5"."value") AS "value"
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t1"."event_id",
            "t1"."user_id",
            "t1"."item_id",
            "t1"."event_type",
            "t1"."timestamp",
            "t1"."value",
            "t1"."quantity",
            "t1"."discount",
            "t1"."duration_seconds",
            "t1"."session_id",
            "t1"."recommendation_id",
            "t1"."properties",
            "t1"."role",
            "t1"."weight",
            UNNEST(
              CAST([MAKE_TIMESTAMP(2024, 5, 2, 12, 0, 0.0), MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)] AS TIMESTAMP(6)[])
            ) AS "as_of"
          FROM (
            SELECT
              *
            FROM "events" AS "t0"
            WHERE
              COALESCE("t0"."role" IN ('commitment'), FALSE)
              AND "t0"."timestamp" >= MAKE_TIMESTAMP(2024, 5, 2, 12, 0, 0.0)
          ) AS "t1"
        ) AS "t3"
        WHERE
          "t3"."timestamp" >= "t3"."as_of"
          AND "t3"."timestamp" < (
            "t3"."as_of" + INTERVAL '30' DAY
          )
      ) AS "t5"
      GROUP BY
        1,
        2,
        3
    ) AS "t9"
    INNER JOIN (
      SELECT
        "t7"."user_id",
        "t7"."as_of"
      FROM (
        SELECT
          "t6"."user_id",
          "t6"."timestamp",
          UNNEST(
            CAST([MAKE_TIMESTAMP(2024, 5, 2, 12, 0, 0.0), MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)] AS TIMESTAMP(6)[])
          ) AS "as_of"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t2"."user_id",
              MIN("t2"."timestamp") AS "timestamp"
            FROM (
              SELECT
                *
              FROM "events" AS "t0"
              WHERE
                COALESCE("t0"."role" IN ('commitment'), FALSE)
            ) AS "t2"
            GROUP BY
              1
          ) AS "t4"
          WHERE
            "t4"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
        ) AS "t6"
      ) AS "t7"
      WHERE
        "t7"."timestamp" < "t7"."as_of"
    ) AS "t11"
      ON "t9"."user_id" = "t11"."user_id" AND "t9"."as_of" = "t11"."as_of"
  ) AS "t12"
) AS "t13"
WHERE
  "t13"."day" > 0
