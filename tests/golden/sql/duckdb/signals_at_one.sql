SELECT
  "t4"."user_id",
  "t4"."as_of",
  COALESCE("t12"."n_commitment_days_14", 0.0) AS "n_commitment_days_14",
  COALESCE("t12"."n_commitment_days_60", 0.0) AS "n_commitment_days_60",
  COALESCE("t12"."n_commitment_days_180", 0.0) AS "n_commitment_days_180",
  COALESCE("t12"."fading_days_7", 0.0) AS "fading_days_7",
  COALESCE("t12"."fading_days_14", 0.0) AS "fading_days_14",
  COALESCE("t12"."fading_days_30", 0.0) AS "fading_days_30",
  COALESCE("t12"."fading_days_60", 0.0) AS "fading_days_60",
  COALESCE("t12"."fading_rate_30", 0.0) AS "fading_rate_30",
  "t12"."commitment_recency_2_days",
  "t12"."commitment_recency_3_days",
  "t12"."commitment_recency_5_days",
  "t12"."commitment_recency_8_days",
  COALESCE("t12"."gap_max_90_days", 0.0) AS "gap_max_90_days",
  "t12"."active_fortnight_share",
  COALESCE("t12"."fortnight_streak", 0.0) AS "fortnight_streak",
  "t12"."empty_share_30",
  "t12"."own_return_share",
  COALESCE("t12"."fading_value_14", 0.0) AS "fading_value_14",
  COALESCE("t12"."fading_value_60", 0.0) AS "fading_value_60",
  "t12"."value_last",
  "t12"."value_last_3",
  COALESCE("t12"."fading_commitments_30", 0.0) AS "fading_commitments_30",
  "t12"."weekday_concentration"
FROM (
  SELECT
    "t1"."user_id",
    MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) AS "as_of"
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
) AS "t4"
LEFT OUTER JOIN (
  SELECT
    "t10"."user_id",
    "t10"."as_of",
    CAST(COUNT(*) FILTER(WHERE
      "t10"."age_days" < 14) AS DOUBLE) AS "n_commitment_days_14",
    CAST(COUNT(*) FILTER(WHERE
      "t10"."age_days" < 60) AS DOUBLE) AS "n_commitment_days_60",
    CAST(COUNT(*) FILTER(WHERE
      "t10"."age_days" < 180) AS DOUBLE) AS "n_commitment_days_180",
    SUM(EXP(CAST("t10"."age_days" AS DOUBLE) * -0.09902102579427789)) AS "fading_days_7",
    SUM(EXP(CAST("t10"."age_days" AS DOUBLE) * -0.049510512897138946)) AS "fading_days_14",
    SUM(EXP(CAST("t10"."age_days" AS DOUBLE) * -0.023104906018664842)) AS "fading_days_30",
    SUM(EXP(CAST("t10"."age_days" AS DOUBLE) * -0.011552453009332421)) AS "fading_days_60",
    (
      SUM(EXP(CAST("t10"."age_days" AS DOUBLE) * -0.023104906018664842)) * 0.6931471805599453
    ) / (
      1.0 - EXP(CAST(MAX("t10"."age_days") + 1 AS DOUBLE) * -0.023104906018664842)
    ) AS "fading_rate_30",
    CAST(MAX("t10"."age_days") FILTER(WHERE
      "t10"."place" = 1) AS DOUBLE) AS "commitment_recency_2_days",
    CAST(MAX("t10"."age_days") FILTER(WHERE
      "t10"."place" = 2) AS DOUBLE) AS "commitment_recency_3_days",
    CAST(MAX("t10"."age_days") FILTER(WHERE
      "t10"."place" = 4) AS DOUBLE) AS "commitment_recency_5_days",
    CAST(MAX("t10"."age_days") FILTER(WHERE
      "t10"."place" = 7) AS DOUBLE) AS "commitment_recency_8_days",
    CAST(COALESCE(MAX("t10"."gap_days") FILTER(WHERE
      "t10"."age_days" < 90), 0) AS DOUBLE) AS "gap_max_90_days",
    COUNT(*) FILTER(WHERE
      "t10"."opens_fortnight" AND (
        "t10"."fortnight" < 13
      )) / CASE
      WHEN (
        CAST(FLOOR((
          MAX("t10"."age_days")
        ) / (
          14
        )) AS BIGINT) + 1
      ) IS NULL
      THEN CAST(FLOOR((
        MAX("t10"."age_days")
      ) / (
        14
      )) AS BIGINT) + 1
      ELSE LEAST(13, CAST(FLOOR((
        MAX("t10"."age_days")
      ) / (
        14
      )) AS BIGINT) + 1)
    END AS "active_fortnight_share",
    CAST(COUNT(*) FILTER(WHERE
      "t10"."opens_fortnight" AND (
        "t10"."nth_fortnight" = "t10"."fortnight"
      )) AS DOUBLE) AS "fortnight_streak",
    (
      COALESCE(
        SUM(
          CASE
            WHEN (
              "t10"."gap_days" - 30
            ) IS NULL
            THEN "t10"."gap_days" - 30
            ELSE GREATEST(0, "t10"."gap_days" - 30)
          END
        ),
        0
      ) + CASE
        WHEN (
          (
            MIN("t10"."age_days") + 1
          ) - 30
        ) IS NULL
        THEN (
          MIN("t10"."age_days") + 1
        ) - 30
        ELSE GREATEST(0, (
          MIN("t10"."age_days") + 1
        ) - 30)
      END
    ) / (
      MAX("t10"."age_days") + 1
    ) AS "empty_share_30",
    (
      COUNT(*) FILTER(WHERE
        (
          "t10"."gap_days" > "t10"."recency"
        )
        AND (
          "t10"."gap_days" <= (
            "t10"."recency" + 30
          )
        )) + 1
    ) / (
      COUNT(*) FILTER(WHERE
        "t10"."gap_days" > "t10"."recency") + 2
    ) AS "own_return_share",
    SUM(EXP(CAST("t10"."age_days" AS DOUBLE) * -0.049510512897138946) * "t10"."value") AS "fading_value_14",
    SUM(EXP(CAST("t10"."age_days" AS DOUBLE) * -0.011552453009332421) * "t10"."value") AS "fading_value_60",
    MAX("t10"."value") FILTER(WHERE
      "t10"."place" = 0) AS "value_last",
    AVG("t10"."value") FILTER(WHERE
      "t10"."place" < 3) AS "value_last_3",
    SUM(EXP(CAST("t10"."age_days" AS DOUBLE) * -0.023104906018664842) * "t10"."n") AS "fading_commitments_30",
    (
      (
        COUNT(*) FILTER(WHERE
          "t10"."weekday" = 0) * COUNT(*) FILTER(WHERE
          "t10"."weekday" = 0)
      ) + (
        COUNT(*) FILTER(WHERE
          "t10"."weekday" = 1) * COUNT(*) FILTER(WHERE
          "t10"."weekday" = 1)
      ) + (
        COUNT(*) FILTER(WHERE
          "t10"."weekday" = 2) * COUNT(*) FILTER(WHERE
          "t10"."weekday" = 2)
      ) + (
        COUNT(*) FILTER(WHERE
          "t10"."weekday" = 3) * COUNT(*) FILTER(WHERE
          "t10"."weekday" = 3)
      ) + (
        COUNT(*) FILTER(WHERE
          "t10"."weekday" = 4) * COUNT(*) FILTER(WHERE
          "t10"."weekday" = 4)
      ) + (
        COUNT(*) FILTER(WHERE
          "t10"."weekday" = 5) * COUNT(*) FILTER(WHERE
          "t10"."weekday" = 5)
      ) + (
        COUNT(*) FILTER(WHERE
          "t10"."weekday" = 6) * COUNT(*) FILTER(WHERE
          "t10"."weekday" = 6)
      )
    ) / (
      COUNT(*) * COUNT(*)
    ) AS "weekday_concentration"
  FROM (
    SELECT
      "t9"."user_id",
      "t9"."as_of",
      "t9"."age_days",
      "t9"."n",
      "t9"."value",
      "t9"."fortnight",
      "t9"."place",
      "t9"."gap_days",
      "t9"."recency",
      "t9"."newer",
      "t9"."nth_fortnight",
      (
        "t9"."newer" IS NULL
      ) OR (
        "t9"."newer" <> "t9"."fortnight"
      ) AS "opens_fortnight",
      "t9"."age_days" % 7 AS "weekday"
    FROM (
      SELECT
        "t8"."user_id",
        "t8"."as_of",
        "t8"."age_days",
        "t8"."n",
        "t8"."value",
        "t8"."fortnight",
        ROW_NUMBER() OVER (
          PARTITION BY "t8"."user_id", "t8"."as_of"
          ORDER BY "t8"."age_days" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) - 1 AS "place",
        LEAD("t8"."age_days") OVER (
          PARTITION BY "t8"."user_id", "t8"."as_of"
          ORDER BY "t8"."age_days" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) - "t8"."age_days" AS "gap_days",
        MIN("t8"."age_days") OVER (
          PARTITION BY "t8"."user_id", "t8"."as_of"
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS "recency",
        LAG("t8"."fortnight") OVER (
          PARTITION BY "t8"."user_id", "t8"."as_of"
          ORDER BY "t8"."age_days" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS "newer",
        DENSE_RANK() OVER (
          PARTITION BY "t8"."user_id", "t8"."as_of"
          ORDER BY "t8"."fortnight" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) - 1 AS "nth_fortnight"
      FROM (
        SELECT
          "t7"."user_id",
          "t7"."as_of",
          "t7"."age_days",
          "t7"."n",
          "t7"."value",
          CAST(FLOOR((
            "t7"."age_days"
          ) / (
            14
          )) AS BIGINT) AS "fortnight"
        FROM (
          SELECT
            "t6"."user_id",
            "t6"."as_of",
            "t6"."age_days",
            SUM("t6"."n") AS "n",
            COALESCE(SUM("t6"."value"), 0.0) AS "value"
          FROM (
            SELECT
              "t5"."user_id",
              "t5"."timestamp",
              "t5"."n",
              "t5"."value",
              MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) AS "as_of",
              CAST(CAST(CEIL(
                (
                  EPOCH(CAST(MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) AS TIMESTAMP)) - EPOCH(CAST("t5"."timestamp" AS TIMESTAMP))
                ) / 86400.0
              ) AS BIGINT) - 1 AS INT) AS "age_days"
            FROM (
              SELECT
                "t2"."user_id",
                "t2"."timestamp",
                COUNT(*) AS "n",
                SUM("t2"."value") AS "value"
              FROM (
                SELECT
                  *
                FROM "events" AS "t0"
                WHERE
                  COALESCE("t0"."role" IN ('commitment'), FALSE)
              ) AS "t2"
              GROUP BY
                1,
                2
            ) AS "t5"
            WHERE
              "t5"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
          ) AS "t6"
          GROUP BY
            1,
            2,
            3
        ) AS "t7"
      ) AS "t8"
    ) AS "t9"
  ) AS "t10"
  GROUP BY
    1,
    2
) AS "t12"
  ON "t4"."user_id" = "t12"."user_id" AND "t4"."as_of" = "t12"."as_of"
