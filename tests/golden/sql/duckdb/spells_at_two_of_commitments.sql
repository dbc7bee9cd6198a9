SELECT
  "t13"."user_id",
  "t13"."as_of",
  COALESCE(
    LEAST(
      (
        (
          EPOCH(CAST("t13"."returned_at" AS TIMESTAMP)) - EPOCH(CAST("t13"."as_of" AS TIMESTAMP))
        ) / 86400.0
      ) + 0.5,
      (
        EPOCH(CAST(MAKE_TIMESTAMP(2024, 7, 1, 0, 0, 0.0) AS TIMESTAMP)) - EPOCH(CAST("t13"."as_of" AS TIMESTAMP))
      ) / 86400.0
    ),
    (
      EPOCH(CAST(MAKE_TIMESTAMP(2024, 7, 1, 0, 0, 0.0) AS TIMESTAMP)) - EPOCH(CAST("t13"."as_of" AS TIMESTAMP))
    ) / 86400.0
  ) AS "days",
  "t13"."returned_at" IS NOT NULL AS "returned"
FROM (
  SELECT
    "t7"."user_id",
    "t7"."as_of",
    "t12"."returned_at"
  FROM (
    SELECT
      "t4"."user_id",
      "t4"."as_of"
    FROM (
      SELECT
        "t2"."user_id",
        "t2"."timestamp",
        UNNEST(
          CAST([MAKE_TIMESTAMP(2024, 5, 2, 12, 0, 0.0), MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)] AS TIMESTAMP(6)[])
        ) AS "as_of"
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t0"."user_id",
            MIN("t0"."timestamp") AS "timestamp"
          FROM "events" AS "t0"
          GROUP BY
            1
        ) AS "t1"
        WHERE
          "t1"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
      ) AS "t2"
    ) AS "t4"
    WHERE
      "t4"."timestamp" < "t4"."as_of"
  ) AS "t7"
  LEFT OUTER JOIN (
    SELECT
      "t10"."user_id",
      "t10"."as_of",
      MIN("t10"."timestamp") AS "returned_at"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t8"."user_id",
          "t8"."n_passed",
          "t8"."timestamp",
          UNNEST(
            CAST([MAKE_TIMESTAMP(2024, 5, 2, 12, 0, 0.0), MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)] AS TIMESTAMP(6)[])
          ) AS "as_of"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t3"."user_id",
              "t3"."n_passed",
              MIN("t3"."timestamp") AS "timestamp"
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
                CAST("t0"."timestamp" >= MAKE_TIMESTAMP(2024, 5, 2, 12, 0, 0.0) AS INT) + 0 + CAST("t0"."timestamp" >= MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) AS INT) AS "n_passed"
              FROM "events" AS "t0"
              WHERE
                COALESCE("t0"."role" IN ('commitment'), FALSE)
                AND "t0"."timestamp" < MAKE_TIMESTAMP(2024, 7, 1, 0, 0, 0.0)
            ) AS "t3"
            GROUP BY
              1,
              2
          ) AS "t5"
          WHERE
            "t5"."timestamp" >= MAKE_TIMESTAMP(2024, 5, 2, 12, 0, 0.0)
        ) AS "t8"
      ) AS "t9"
      WHERE
        "t9"."timestamp" >= "t9"."as_of"
        AND "t9"."timestamp" < (
          "t9"."as_of" + INTERVAL '60' DAY
        )
    ) AS "t10"
    GROUP BY
      1,
      2
  ) AS "t12"
    ON "t7"."user_id" = "t12"."user_id" AND "t7"."as_of" = "t12"."as_of"
) AS "t13"
