SELECT
  *
FROM (
  SELECT
    MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
      "t12"."period" * 7
    ) - 3) AS "period_start",
    COALESCE("t12"."n_active", 0) AS "n_active",
    COALESCE("t12"."n_new", 0) AS "n_new",
    COALESCE("t12"."n_returning", 0) AS "n_returning",
    COALESCE("t12"."n_resurrecting", 0) AS "n_resurrecting",
    -(
      COALESCE("t7"."n_lost", 0)
    ) AS "n_dormant",
    (
      COALESCE("t12"."n_new", 0) + COALESCE("t12"."n_resurrecting", 0)
    ) / NULLIF(COALESCE("t7"."n_lost", 0), 0) AS "quick_ratio",
    "t12"."period" <= 2838 AS "is_complete"
  FROM (
    SELECT
      "t10".*
      EXCLUDE ("period_right")
    FROM (
      SELECT
        "t5"."period",
        "t9"."period" AS "period_right",
        "t9"."n_active",
        "t9"."n_new",
        "t9"."n_returning",
        "t9"."n_resurrecting"
      FROM (
        SELECT
          UNNEST(RANGE("t1"."first", 2840, 1)) AS "period"
        FROM (
          SELECT
            MIN("t0"."period") AS "first"
          FROM "active" AS "t0"
        ) AS "t1"
      ) AS "t5"
      LEFT OUTER JOIN (
        SELECT
          "t3"."period",
          COUNT(*) AS "n_active",
          COUNT(*) FILTER(WHERE
            "t3"."kind" = 'new') AS "n_new",
          COUNT(*) FILTER(WHERE
            "t3"."kind" = 'returning') AS "n_returning",
          COUNT(*) FILTER(WHERE
            "t3"."kind" = 'resurrecting') AS "n_resurrecting"
        FROM (
          SELECT
            "t0"."period",
            CASE
              WHEN COALESCE("t0"."previous_period" = (
                "t0"."period" - 1
              ), FALSE)
              THEN 'returning'
              WHEN "t0"."previous_period" IS NULL
              THEN 'new'
              ELSE 'resurrecting'
            END AS "kind"
          FROM "active" AS "t0"
        ) AS "t3"
        GROUP BY
          1
      ) AS "t9"
        ON "t5"."period" = "t9"."period"
    ) AS "t10"
  ) AS "t12"
  LEFT OUTER JOIN (
    SELECT
      "t2"."period" + 1 AS "period",
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
    ) AS "t2"
    GROUP BY
      1
  ) AS "t7"
    ON "t12"."period" = "t7"."period"
) AS "t13"
ORDER BY
  "t13"."period_start" ASC
