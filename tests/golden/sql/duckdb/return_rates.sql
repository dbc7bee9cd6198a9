WITH "t4" AS (
  SELECT
    "t1"."period",
    CASE
      WHEN (
        "t1"."period" - "t1"."previous_period"
      ) IS NULL
      THEN 'new'
      WHEN (
        "t1"."period" - "t1"."previous_period"
      ) < 4
      THEN 'current'
      WHEN (
        "t1"."period" - "t1"."previous_period"
      ) < 13
      THEN 'reactivated'
      ELSE 'resurrected'
    END AS "state",
    LEAST(COALESCE("t1"."next_period", 2839), 2839) AS "until",
    COALESCE("t1"."next_period" <= 2838, FALSE) AS "is_return",
    COUNT(*) AS "n_users"
  FROM (
    SELECT
      *
    FROM "active" AS "t0"
    WHERE
      "t0"."period" <= 2838
  ) AS "t1"
  GROUP BY
    1,
    2,
    3,
    4
), "t15" AS (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t5"."state",
        "t5"."period" AS "start",
        "t5"."period" + 1 AS "end",
        "t5"."n_users"
      FROM "t4" AS "t5"
      WHERE
        "t5"."period" < (
          "t5"."period" + 1
        )
    ) AS "t9"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        'at_risk_early' AS "state",
        "t5"."period" + 1 AS "start",
        LEAST("t5"."period" + 4, "t5"."until") AS "end",
        "t5"."n_users"
      FROM "t4" AS "t5"
      WHERE
        (
          "t5"."period" + 1
        ) < LEAST("t5"."period" + 4, "t5"."until")
    ) AS "t11"
  ) AS "t13"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        'at_risk_late' AS "state",
        "t5"."period" + 4 AS "start",
        LEAST("t5"."period" + 13, "t5"."until") AS "end",
        "t5"."n_users"
      FROM "t4" AS "t5"
      WHERE
        (
          "t5"."period" + 4
        ) < LEAST("t5"."period" + 13, "t5"."until")
    ) AS "t12"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        'dormant' AS "state",
        "t5"."period" + 13 AS "start",
        "t5"."until" AS "end",
        "t5"."n_users"
      FROM "t4" AS "t5"
      WHERE
        (
          "t5"."period" + 13
        ) < "t5"."until"
    ) AS "t10"
  ) AS "t14"
)
SELECT
  *
FROM (
  SELECT
    MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
      "t27"."period" * 7
    ) - 3) AS "period_start",
    "t27"."state",
    "t27"."n_users",
    COALESCE("t18"."n_active_next", 0) AS "n_active_next",
    COALESCE("t18"."n_active_next", 0) / NULLIF("t27"."n_users", 0) AS "rate"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t24"."period",
        "t24"."state",
        CAST(SUM(CAST("t24"."change" AS DOUBLE)) OVER (
          PARTITION BY "t24"."state"
          ORDER BY "t24"."period" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS "n_users"
      FROM (
        SELECT
          "t7"."period",
          "t7"."state",
          COALESCE("t23"."change", 0) AS "change"
        FROM (
          SELECT
            "t3"."period",
            UNNEST(
              CAST([
                'new',
                'current',
                'reactivated',
                'resurrected',
                'at_risk_early',
                'at_risk_late',
                'dormant'
              ] AS TEXT[])
            ) AS "state"
          FROM (
            SELECT
              UNNEST(RANGE("t2"."first", 2839, 1)) AS "period"
            FROM (
              SELECT
                MIN("t0"."period") AS "first"
              FROM "active" AS "t0"
            ) AS "t2"
          ) AS "t3"
        ) AS "t7"
        LEFT OUTER JOIN (
          SELECT
            "t21"."state",
            "t21"."period",
            SUM("t21"."change") AS "change"
          FROM (
            SELECT
              *
            FROM (
              SELECT
                "t16"."state",
                "t16"."start" AS "period",
                "t16"."n_users" AS "change"
              FROM "t15" AS "t16"
            ) AS "t19"
            UNION ALL
            SELECT
              *
            FROM (
              SELECT
                "t16"."state",
                "t16"."end" AS "period",
                -(
                  "t16"."n_users"
                ) AS "change"
              FROM "t15" AS "t16"
            ) AS "t20"
          ) AS "t21"
          GROUP BY
            1,
            2
        ) AS "t23"
          ON "t7"."period" = "t23"."period" AND "t7"."state" = "t23"."state"
      ) AS "t24"
    ) AS "t25"
    WHERE
      "t25"."period" < 2838
  ) AS "t27"
  LEFT OUTER JOIN (
    SELECT
      "t8"."until" - 1 AS "period",
      CASE
        WHEN (
          (
            "t8"."until" - 1
          ) - "t8"."period"
        ) = 0
        THEN "t8"."state"
        WHEN (
          (
            "t8"."until" - 1
          ) - "t8"."period"
        ) < 4
        THEN 'at_risk_early'
        WHEN (
          (
            "t8"."until" - 1
          ) - "t8"."period"
        ) < 13
        THEN 'at_risk_late'
        ELSE 'dormant'
      END AS "state",
      CAST(SUM(CAST("t8"."n_users" AS DOUBLE)) AS BIGINT) AS "n_active_next"
    FROM (
      SELECT
        *
      FROM "t4" AS "t5"
      WHERE
        "t5"."is_return"
    ) AS "t8"
    GROUP BY
      1,
      2
  ) AS "t18"
    ON "t27"."period" = "t18"."period" AND "t27"."state" = "t18"."state"
) AS "t28"
ORDER BY
  "t28"."period_start" ASC,
  "t28"."state" ASC
