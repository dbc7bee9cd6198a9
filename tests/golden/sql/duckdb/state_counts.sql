WITH "t4" AS (
  SELECT
    "t2"."period",
    CASE
      WHEN (
        "t2"."period" - "t2"."previous_period"
      ) IS NULL
      THEN 'new'
      WHEN (
        "t2"."period" - "t2"."previous_period"
      ) < 4
      THEN 'current'
      WHEN (
        "t2"."period" - "t2"."previous_period"
      ) < 13
      THEN 'reactivated'
      ELSE 'resurrected'
    END AS "state",
    LEAST(COALESCE("t2"."next_period", 2839), 2839) AS "until",
    COALESCE("t2"."next_period" <= 2838, FALSE) AS "is_return",
    COUNT(*) AS "n_users"
  FROM (
    SELECT
      *
    FROM "active" AS "t0"
    WHERE
      "t0"."period" <= 2838
  ) AS "t2"
  GROUP BY
    1,
    2,
    3,
    4
), "t14" AS (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t6"."state",
        "t6"."period" AS "start",
        "t6"."period" + 1 AS "end",
        "t6"."n_users"
      FROM "t4" AS "t6"
      WHERE
        "t6"."period" < (
          "t6"."period" + 1
        )
    ) AS "t8"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        'at_risk_early' AS "state",
        "t6"."period" + 1 AS "start",
        LEAST("t6"."period" + 4, "t6"."until") AS "end",
        "t6"."n_users"
      FROM "t4" AS "t6"
      WHERE
        (
          "t6"."period" + 1
        ) < LEAST("t6"."period" + 4, "t6"."until")
    ) AS "t10"
  ) AS "t12"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        'at_risk_late' AS "state",
        "t6"."period" + 4 AS "start",
        LEAST("t6"."period" + 13, "t6"."until") AS "end",
        "t6"."n_users"
      FROM "t4" AS "t6"
      WHERE
        (
          "t6"."period" + 4
        ) < LEAST("t6"."period" + 13, "t6"."until")
    ) AS "t11"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        'dormant' AS "state",
        "t6"."period" + 13 AS "start",
        "t6"."until" AS "end",
        "t6"."n_users"
      FROM "t4" AS "t6"
      WHERE
        (
          "t6"."period" + 13
        ) < "t6"."until"
    ) AS "t9"
  ) AS "t13"
)
SELECT
  *
FROM (
  SELECT
    MAKE_TIMESTAMP(1970, 1, 1, 0, 0, 0.0) + TO_DAYS((
      "t22"."period" * 7
    ) - 3) AS "period_start",
    "t22"."state",
    "t22"."n_users"
  FROM (
    SELECT
      "t21"."period",
      "t21"."state",
      CAST(SUM(CAST("t21"."change" AS DOUBLE)) OVER (
        PARTITION BY "t21"."state"
        ORDER BY "t21"."period" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS BIGINT) AS "n_users"
    FROM (
      SELECT
        "t7"."period",
        "t7"."state",
        COALESCE("t20"."change", 0) AS "change"
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
            UNNEST(RANGE("t1"."first", 2839, 1)) AS "period"
          FROM (
            SELECT
              MIN("t0"."period") AS "first"
            FROM "active" AS "t0"
          ) AS "t1"
        ) AS "t3"
      ) AS "t7"
      LEFT OUTER JOIN (
        SELECT
          "t18"."state",
          "t18"."period",
          SUM("t18"."change") AS "change"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t15"."state",
              "t15"."start" AS "period",
              "t15"."n_users" AS "change"
            FROM "t14" AS "t15"
          ) AS "t16"
          UNION ALL
          SELECT
            *
          FROM (
            SELECT
              "t15"."state",
              "t15"."end" AS "period",
              -(
                "t15"."n_users"
              ) AS "change"
            FROM "t14" AS "t15"
          ) AS "t17"
        ) AS "t18"
        GROUP BY
          1,
          2
      ) AS "t20"
        ON "t7"."period" = "t20"."period" AND "t7"."state" = "t20"."state"
    ) AS "t21"
  ) AS "t22"
) AS "t23"
ORDER BY
  "t23"."period_start" ASC,
  "t23"."state" ASC
