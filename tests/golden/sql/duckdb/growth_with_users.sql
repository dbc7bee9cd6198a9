SELECT
  *
FROM (
  SELECT
    MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
      "t17"."period" * 7
    ) - 3) AS "period_start",
    COALESCE("t17"."n_active", 0) AS "n_active",
    COALESCE("t17"."n_new", 0) AS "n_new",
    COALESCE("t17"."n_returning", 0) AS "n_returning",
    COALESCE("t17"."n_resurrecting", 0) AS "n_resurrecting",
    -(
      COALESCE("t9"."n_lost", 0)
    ) AS "n_dormant",
    (
      COALESCE("t17"."n_new", 0) + COALESCE("t17"."n_resurrecting", 0)
    ) / NULLIF(COALESCE("t9"."n_lost", 0), 0) AS "quick_ratio",
    "t17"."period" <= 2838 AS "is_complete"
  FROM (
    SELECT
      "t15".*
      EXCLUDE ("period_right")
    FROM (
      SELECT
        "t7"."period",
        "t14"."period" AS "period_right",
        "t14"."n_active",
        "t14"."n_new",
        "t14"."n_returning",
        "t14"."n_resurrecting"
      FROM (
        SELECT
          UNNEST(RANGE("t3"."first", 2840, 1)) AS "period"
        FROM (
          SELECT
            MIN("t0"."period") AS "first"
          FROM "active" AS "t0"
        ) AS "t3"
      ) AS "t7"
      LEFT OUTER JOIN (
        SELECT
          "t12"."period",
          COUNT(*) AS "n_active",
          COUNT(*) FILTER(WHERE
            "t12"."kind" = 'new') AS "n_new",
          COUNT(*) FILTER(WHERE
            "t12"."kind" = 'returning') AS "n_returning",
          COUNT(*) FILTER(WHERE
            "t12"."kind" = 'resurrecting') AS "n_resurrecting"
        FROM (
          SELECT
            "t2"."period",
            CASE
              WHEN COALESCE("t2"."previous_period" = (
                "t2"."period" - 1
              ), FALSE)
              THEN 'returning'
              WHEN CASE
                WHEN "t11"."created_period" IS NULL
                THEN "t2"."previous_period" IS NULL
                ELSE "t2"."period" = "t11"."created_period"
              END
              THEN 'new'
              ELSE 'resurrecting'
            END AS "kind"
          FROM "active" AS "t2"
          LEFT OUTER JOIN (
            SELECT
              "t4"."user_id",
              CAST(FLOOR(
                (
                  CAST(FLOOR((
                    EPOCH(CAST(MIN("t4"."created_at") AS TIMESTAMP))
                  ) / (
                    86400
                  )) AS BIGINT) + 3
                ) / (
                  7
                )
              ) AS BIGINT) AS "created_period"
            FROM (
              SELECT
                *
              FROM "users" AS "t1"
              WHERE
                "t1"."created_at" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
            ) AS "t4"
            GROUP BY
              1
          ) AS "t11"
            ON "t2"."user_id" = "t11"."user_id"
        ) AS "t12"
        GROUP BY
          1
      ) AS "t14"
        ON "t7"."period" = "t14"."period"
    ) AS "t15"
  ) AS "t17"
  LEFT OUTER JOIN (
    SELECT
      "t5"."period" + 1 AS "period",
      COUNT(*) AS "n_lost"
    FROM (
      SELECT
        *
      FROM "active" AS "t0"
      WHERE
        (
          "t0"."next_period" IS NULL
        )
        OR (
          "t0"."next_period" > (
            "t0"."period" + 1
          )
        )
    ) AS "t5"
    GROUP BY
      1
  ) AS "t9"
    ON "t17"."period" = "t9"."period"
) AS "t18"
ORDER BY
  "t18"."period_start" ASC
