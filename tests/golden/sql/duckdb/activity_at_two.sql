WITH "t3" AS (
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
    UNNEST(
      CAST([MAKE_TIMESTAMP(2024, 5, 2, 12, 0, 0.0), MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)] AS TIMESTAMP(6)[])
    ) AS "as_of"
  FROM (
    SELECT
      *
    FROM "events" AS "t1"
    WHERE
      "t1"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
  ) AS "t2"
), "t11" AS (
  SELECT
    "t7"."user_id",
    "t7"."as_of",
    "t7"."age_days",
    "t7"."session_id",
    COUNT(*) FILTER(WHERE
      (
        "t7"."role" IS NULL
      )
      OR "t7"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')) AS "n_events",
    COUNT(*) FILTER(WHERE
      COALESCE("t7"."role" IN ('exposure'), FALSE)) AS "n_exposures",
    COUNT(*) FILTER(WHERE
      COALESCE("t7"."role" IN ('interest'), FALSE)) AS "n_interests",
    COUNT(*) FILTER(WHERE
      COALESCE("t7"."role" IN ('intent'), FALSE)) AS "n_intents",
    COUNT(*) FILTER(WHERE
      COALESCE("t7"."role" IN ('commitment'), FALSE)) AS "n_commitments",
    COUNT(*) FILTER(WHERE
      COALESCE("t7"."role" IN ('satisfaction'), FALSE)) AS "n_satisfactions",
    COUNT(*) FILTER(WHERE
      COALESCE("t7"."role" IN ('referral'), FALSE)) AS "n_referrals",
    SUM("t7"."value") FILTER(WHERE
      COALESCE("t7"."role" IN ('commitment'), FALSE)) AS "paid",
    SUM("t7"."value") FILTER(WHERE
      COALESCE("t7"."role" IN ('commitment'), FALSE)
      OR COALESCE("t7"."role" IN ('reversal'), FALSE)) AS "value",
    SUM("t7"."discount") FILTER(WHERE
      COALESCE("t7"."role" IN ('commitment'), FALSE)) AS "discount",
    SUM("t7"."duration_seconds") FILTER(WHERE
      (
        "t7"."role" IS NULL
      )
      OR "t7"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')) AS "dwell_seconds",
    MIN("t7"."timestamp") FILTER(WHERE
      (
        "t7"."role" IS NULL
      )
      OR "t7"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')) AS "first_active",
    MAX("t7"."timestamp") FILTER(WHERE
      (
        "t7"."role" IS NULL
      )
      OR "t7"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')) AS "last_active",
    MAX("t7"."timestamp") FILTER(WHERE
      COALESCE("t7"."role" IN ('commitment'), FALSE)) AS "last_commitment",
    COUNT(*) FILTER(WHERE
      (
        (
          "t7"."role" IS NULL
        )
        OR "t7"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        (
          (
            DAYOFWEEK("t7"."timestamp") + 6
          ) % 7
        ) >= 5
      )) AS "n_weekend",
    COUNT(*) FILTER(WHERE
      (
        (
          "t7"."role" IS NULL
        )
        OR "t7"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        EXTRACT(hour FROM "t7"."timestamp") >= 6
      )
      AND (
        EXTRACT(hour FROM "t7"."timestamp") < 12
      )) AS "n_morning",
    COUNT(*) FILTER(WHERE
      (
        (
          "t7"."role" IS NULL
        )
        OR "t7"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        EXTRACT(hour FROM "t7"."timestamp") >= 18
      )) AS "n_evening",
    COUNT(*) FILTER(WHERE
      (
        (
          "t7"."role" IS NULL
        )
        OR "t7"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        EXTRACT(hour FROM "t7"."timestamp") < 6
      )) AS "n_night",
    SUM(COS(EXTRACT(hour FROM "t7"."timestamp") * 0.2617993877991494)) FILTER(WHERE
      (
        "t7"."role" IS NULL
      )
      OR "t7"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')) AS "clock_x",
    SUM(SIN(EXTRACT(hour FROM "t7"."timestamp") * 0.2617993877991494)) FILTER(WHERE
      (
        "t7"."role" IS NULL
      )
      OR "t7"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')) AS "clock_y"
  FROM (
    SELECT
      "t5"."event_id",
      "t5"."user_id",
      "t5"."item_id",
      "t5"."event_type",
      "t5"."timestamp",
      "t5"."value",
      "t5"."quantity",
      "t5"."discount",
      "t5"."duration_seconds",
      "t5"."session_id",
      "t5"."recommendation_id",
      "t5"."properties",
      "t5"."role",
      "t5"."weight",
      "t5"."as_of",
      CAST(CAST(CEIL(
        (
          EPOCH(CAST("t5"."as_of" AS TIMESTAMP)) - EPOCH(CAST("t5"."timestamp" AS TIMESTAMP))
        ) / 86400.0
      ) AS BIGINT) - 1 AS INT) AS "age_days"
    FROM "t3" AS "t5"
    WHERE
      "t5"."timestamp" < "t5"."as_of"
  ) AS "t7"
  GROUP BY
    1,
    2,
    3,
    4
)
SELECT
  "t28"."user_id",
  "t28"."as_of",
  (
    EPOCH(CAST("t28"."as_of" AS TIMESTAMP)) - EPOCH(CAST("t28"."last_active" AS TIMESTAMP))
  ) / 86400.0 AS "recency_days",
  (
    EPOCH(CAST("t28"."as_of" AS TIMESTAMP)) - EPOCH(CAST("t28"."last_commitment" AS TIMESTAMP))
  ) / 86400.0 AS "commitment_recency_days",
  (
    EPOCH(CAST("t28"."as_of" AS TIMESTAMP)) - EPOCH(CAST("t28"."first_active" AS TIMESTAMP))
  ) / 86400.0 AS "tenure_days",
  CAST(COALESCE("t28"."n_active_days", 0) AS INT) AS "n_active_days",
  CAST(COALESCE("t28"."n_active_days_30", 0) AS INT) AS "n_active_days_30",
  CAST(COALESCE("t28"."n_active_days_90", 0) AS INT) AS "n_active_days_90",
  LIST_EXTRACT("t28"."gap_quantiles", 1) AS "gap_median_days",
  LIST_EXTRACT("t28"."gap_quantiles", 2) AS "gap_p90_days",
  "t28"."gap_sd" / "t28"."gap_mean" AS "gap_variation",
  (
    (
      EPOCH(CAST("t28"."as_of" AS TIMESTAMP)) - EPOCH(CAST("t28"."last_active" AS TIMESTAMP))
    ) / 86400.0
  ) / LIST_EXTRACT("t28"."gap_quantiles", 1) AS "overdue_ratio",
  CAST(COALESCE("t28"."n_events_1", 0) AS INT) AS "n_events_1",
  CAST(COALESCE("t28"."n_events_7", 0) AS INT) AS "n_events_7",
  CAST(COALESCE("t28"."n_events_30", 0) AS INT) AS "n_events_30",
  CAST(COALESCE("t28"."n_events_90", 0) AS INT) AS "n_events_90",
  CAST(COALESCE("t28"."n_events_365", 0) AS INT) AS "n_events_365",
  CAST(COALESCE("t28"."n_exposures_90", 0) AS INT) AS "n_exposures_90",
  CAST(COALESCE("t28"."n_interests_90", 0) AS INT) AS "n_interests_90",
  CAST(COALESCE("t28"."n_intents_90", 0) AS INT) AS "n_intents_90",
  CAST(COALESCE("t28"."n_satisfactions_365", 0) AS INT) AS "n_satisfactions_365",
  CAST(COALESCE("t28"."n_referrals_365", 0) AS INT) AS "n_referrals_365",
  CAST(COALESCE("t28"."n_occasions", 0) AS INT) AS "n_occasions",
  CAST(COALESCE("t28"."n_occasions_30", 0) AS INT) AS "n_occasions_30",
  CAST(COALESCE("t28"."n_occasions_90", 0) AS INT) AS "n_occasions_90",
  "t28"."value",
  "t28"."value_30",
  "t28"."value_90",
  "t28"."paid" / CASE WHEN "t28"."n_occasions" > 0 THEN "t28"."n_occasions" ELSE NULL END AS "value_per_occasion",
  "t28"."discount" / CASE
    WHEN (
      "t28"."paid" + "t28"."discount"
    ) > 0
    THEN "t28"."paid" + "t28"."discount"
    ELSE NULL
  END AS "discount_share",
  (
    "t28"."paid" - "t28"."value"
  ) / CASE WHEN "t28"."paid" > 0 THEN "t28"."paid" ELSE NULL END AS "reversal_share",
  CAST(COALESCE("t28"."n_items", 0) AS INT) AS "n_items",
  CAST(COALESCE("t28"."n_categories", 0) AS INT) AS "n_categories",
  CAST("t28"."n_top_category" AS DOUBLE) / CASE WHEN "t28"."n_with_category" > 0 THEN "t28"."n_with_category" ELSE NULL END AS "top_category_share",
  CAST("t28"."n_item_commitments" - "t28"."n_items_committed" AS DOUBLE) / CASE
    WHEN "t28"."n_item_commitments" > 0
    THEN "t28"."n_item_commitments"
    ELSE NULL
  END AS "repeat_share",
  CAST("t28"."n_new_items_90" AS DOUBLE) / CASE WHEN "t28"."n_items_90" > 0 THEN "t28"."n_items_90" ELSE NULL END AS "new_item_share_90",
  CAST(COALESCE("t28"."n_sessions_30", 0) AS INT) AS "n_sessions_30",
  CAST("t28"."n_events" AS DOUBLE) / CASE WHEN "t28"."n_sessions" > 0 THEN "t28"."n_sessions" ELSE NULL END AS "events_per_session",
  "t28"."session_seconds" / 60.0 AS "session_minutes",
  "t28"."dwell_seconds_90" / 60.0 AS "dwell_minutes_90",
  CAST("t28"."n_commitments" AS DOUBLE) / CASE WHEN "t28"."n_occasions" > 0 THEN "t28"."n_occasions" ELSE NULL END AS "commitments_per_occasion",
  CAST("t28"."n_occasions" AS DOUBLE) / CASE WHEN "t28"."n_sessions" > 0 THEN "t28"."n_sessions" ELSE NULL END AS "occasion_share",
  CAST("t28"."n_weekend" AS DOUBLE) / CASE WHEN "t28"."n_events" > 0 THEN "t28"."n_events" ELSE NULL END AS "weekend_share",
  CAST("t28"."n_morning" AS DOUBLE) / CASE WHEN "t28"."n_events" > 0 THEN "t28"."n_events" ELSE NULL END AS "morning_share",
  CAST("t28"."n_evening" AS DOUBLE) / CASE WHEN "t28"."n_events" > 0 THEN "t28"."n_events" ELSE NULL END AS "evening_share",
  CAST("t28"."n_night" AS DOUBLE) / CASE WHEN "t28"."n_events" > 0 THEN "t28"."n_events" ELSE NULL END AS "night_share",
  SQRT(
    (
      "t28"."clock_x" * "t28"."clock_x"
    ) + (
      "t28"."clock_y" * "t28"."clock_y"
    )
  ) / CASE WHEN "t28"."n_events" > 0 THEN "t28"."n_events" ELSE NULL END AS "hour_concentration",
  CAST((
    "t28"."n_events_30" * 2
  ) - "t28"."n_events_60" AS DOUBLE) / CASE WHEN "t28"."n_events_60" > 0 THEN "t28"."n_events_60" ELSE NULL END AS "event_trend_30",
  CAST((
    "t28"."n_events_90" * 2
  ) - "t28"."n_events_180" AS DOUBLE) / CASE WHEN "t28"."n_events_180" > 0 THEN "t28"."n_events_180" ELSE NULL END AS "event_trend_90",
  CAST((
    "t28"."n_occasions_90" * 2
  ) - "t28"."n_occasions_180" AS DOUBLE) / CASE WHEN "t28"."n_occasions_180" > 0 THEN "t28"."n_occasions_180" ELSE NULL END AS "occasion_trend_90"
FROM (
  SELECT
    "t21"."user_id",
    "t21"."as_of",
    "t21"."n_events",
    "t21"."n_events_1",
    "t21"."n_events_7",
    "t21"."n_events_30",
    "t21"."n_events_60",
    "t21"."n_events_90",
    "t21"."n_events_180",
    "t21"."n_events_365",
    "t21"."n_exposures_90",
    "t21"."n_interests_90",
    "t21"."n_intents_90",
    "t21"."n_satisfactions_365",
    "t21"."n_referrals_365",
    "t21"."n_commitments",
    "t21"."paid",
    "t21"."value",
    "t21"."value_30",
    "t21"."value_90",
    "t21"."discount",
    "t21"."dwell_seconds_90",
    "t21"."first_active",
    "t21"."last_active",
    "t21"."last_commitment",
    "t21"."n_weekend",
    "t21"."n_morning",
    "t21"."n_evening",
    "t21"."n_night",
    "t21"."clock_x",
    "t21"."clock_y",
    "t27"."n_active_days",
    "t27"."n_active_days_30",
    "t27"."n_active_days_90",
    "t27"."gap_quantiles",
    "t27"."gap_mean",
    "t27"."gap_sd",
    "t26"."n_sessions",
    "t26"."n_sessions_30",
    "t26"."session_seconds",
    "t26"."n_occasions",
    "t26"."n_occasions_30",
    "t26"."n_occasions_90",
    "t26"."n_occasions_180",
    "t23"."n_categories",
    "t23"."n_top_category",
    "t23"."n_with_category",
    "t23"."n_items",
    "t23"."n_items_90",
    "t23"."n_new_items_90",
    "t23"."n_items_committed",
    "t23"."n_item_commitments"
  FROM (
    SELECT
      "t15"."user_id",
      "t15"."as_of",
      SUM("t15"."n_events") AS "n_events",
      COALESCE(SUM("t15"."n_events") FILTER(WHERE
        "t15"."age_days" < 1), 0) AS "n_events_1",
      COALESCE(SUM("t15"."n_events") FILTER(WHERE
        "t15"."age_days" < 7), 0) AS "n_events_7",
      COALESCE(SUM("t15"."n_events") FILTER(WHERE
        "t15"."age_days" < 30), 0) AS "n_events_30",
      COALESCE(SUM("t15"."n_events") FILTER(WHERE
        "t15"."age_days" < 60), 0) AS "n_events_60",
      COALESCE(SUM("t15"."n_events") FILTER(WHERE
        "t15"."age_days" < 90), 0) AS "n_events_90",
      COALESCE(SUM("t15"."n_events") FILTER(WHERE
        "t15"."age_days" < 180), 0) AS "n_events_180",
      COALESCE(SUM("t15"."n_events") FILTER(WHERE
        "t15"."age_days" < 365), 0) AS "n_events_365",
      COALESCE(SUM("t15"."n_exposures") FILTER(WHERE
        "t15"."age_days" < 90), 0) AS "n_exposures_90",
      COALESCE(SUM("t15"."n_interests") FILTER(WHERE
        "t15"."age_days" < 90), 0) AS "n_interests_90",
      COALESCE(SUM("t15"."n_intents") FILTER(WHERE
        "t15"."age_days" < 90), 0) AS "n_intents_90",
      COALESCE(SUM("t15"."n_satisfactions") FILTER(WHERE
        "t15"."age_days" < 365), 0) AS "n_satisfactions_365",
      COALESCE(SUM("t15"."n_referrals") FILTER(WHERE
        "t15"."age_days" < 365), 0) AS "n_referrals_365",
      SUM("t15"."n_commitments") AS "n_commitments",
      COALESCE(SUM("t15"."paid"), 0) AS "paid",
      COALESCE(SUM("t15"."value"), 0) AS "value",
      COALESCE(SUM("t15"."value") FILTER(WHERE
        "t15"."age_days" < 30), 0) AS "value_30",
      COALESCE(SUM("t15"."value") FILTER(WHERE
        "t15"."age_days" < 90), 0) AS "value_90",
      COALESCE(SUM("t15"."discount"), 0) AS "discount",
      COALESCE(SUM("t15"."dwell_seconds") FILTER(WHERE
        "t15"."age_days" < 90), 0) AS "dwell_seconds_90",
      MIN("t15"."first_active") AS "first_active",
      MAX("t15"."last_active") AS "last_active",
      MAX("t15"."last_commitment") AS "last_commitment",
      SUM("t15"."n_weekend") AS "n_weekend",
      SUM("t15"."n_morning") AS "n_morning",
      SUM("t15"."n_evening") AS "n_evening",
      SUM("t15"."n_night") AS "n_night",
      SUM("t15"."clock_x") AS "clock_x",
      SUM("t15"."clock_y") AS "clock_y"
    FROM (
      SELECT
        "t12"."user_id",
        "t12"."as_of",
        "t12"."age_days",
        COALESCE("t12"."session_id", CAST("t12"."age_days" AS TEXT)) AS "session_id",
        "t12"."n_events",
        "t12"."n_exposures",
        "t12"."n_interests",
        "t12"."n_intents",
        "t12"."n_commitments",
        "t12"."n_satisfactions",
        "t12"."n_referrals",
        "t12"."paid",
        "t12"."value",
        "t12"."discount",
        "t12"."dwell_seconds",
        "t12"."first_active",
        "t12"."last_active",
        "t12"."last_commitment",
        "t12"."n_weekend",
        "t12"."n_morning",
        "t12"."n_evening",
        "t12"."n_night",
        "t12"."clock_x",
        "t12"."clock_y"
      FROM "t11" AS "t12"
    ) AS "t15"
    GROUP BY
      1,
      2
  ) AS "t21"
  LEFT OUTER JOIN (
    SELECT
      "t20"."user_id",
      "t20"."as_of",
      COUNT(*) AS "n_active_days",
      COUNT(*) FILTER(WHERE
        "t20"."age_days" < 30) AS "n_active_days_30",
      COUNT(*) FILTER(WHERE
        "t20"."age_days" < 90) AS "n_active_days_90",
      QUANTILE_CONT("t20"."gap_days", [0.5, 0.9]) AS "gap_quantiles",
      AVG("t20"."gap_days") AS "gap_mean",
      STDDEV_SAMP("t20"."gap_days") AS "gap_sd"
    FROM (
      SELECT
        "t14"."user_id",
        "t14"."as_of",
        "t14"."age_days",
        CAST(LEAD("t14"."age_days") OVER (
          PARTITION BY "t14"."user_id", "t14"."as_of"
          ORDER BY "t14"."age_days" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) - "t14"."age_days" AS DOUBLE) AS "gap_days"
      FROM (
        SELECT DISTINCT
          "t12"."user_id",
          "t12"."as_of",
          "t12"."age_days"
        FROM "t11" AS "t12"
        WHERE
          "t12"."n_events" > 0
      ) AS "t14"
    ) AS "t20"
    GROUP BY
      1,
      2
  ) AS "t27"
    ON "t21"."user_id" = "t27"."user_id" AND "t21"."as_of" = "t27"."as_of"
  LEFT OUTER JOIN (
    SELECT
      "t19"."user_id",
      "t19"."as_of",
      COUNT(*) AS "n_sessions",
      COUNT(*) FILTER(WHERE
        "t19"."age_days" < 30) AS "n_sessions_30",
      AVG("t19"."seconds") AS "session_seconds",
      COUNT(*) FILTER(WHERE
        "t19"."occasion_age_days" IS NOT NULL) AS "n_occasions",
      COUNT(*) FILTER(WHERE
        "t19"."occasion_age_days" < 30) AS "n_occasions_30",
      COUNT(*) FILTER(WHERE
        "t19"."occasion_age_days" < 90) AS "n_occasions_90",
      COUNT(*) FILTER(WHERE
        "t19"."occasion_age_days" < 180) AS "n_occasions_180"
    FROM (
      SELECT
        "t16"."user_id",
        "t16"."as_of",
        "t16"."session_id",
        MIN("t16"."age_days") AS "age_days",
        MIN("t16"."age_days") FILTER(WHERE
          "t16"."n_commitments" > 0) AS "occasion_age_days",
        EPOCH(CAST(MAX("t16"."last_active") AS TIMESTAMP)) - EPOCH(CAST(MIN("t16"."first_active") AS TIMESTAMP)) AS "seconds"
      FROM (
        SELECT
          "t12"."user_id",
          "t12"."as_of",
          "t12"."age_days",
          COALESCE("t12"."session_id", CAST("t12"."age_days" AS TEXT)) AS "session_id",
          "t12"."n_events",
          "t12"."n_exposures",
          "t12"."n_interests",
          "t12"."n_intents",
          "t12"."n_commitments",
          "t12"."n_satisfactions",
          "t12"."n_referrals",
          "t12"."paid",
          "t12"."value",
          "t12"."discount",
          "t12"."dwell_seconds",
          "t12"."first_active",
          "t12"."last_active",
          "t12"."last_commitment",
          "t12"."n_weekend",
          "t12"."n_morning",
          "t12"."n_evening",
          "t12"."n_night",
          "t12"."clock_x",
          "t12"."clock_y"
        FROM "t11" AS "t12"
        WHERE
          "t12"."n_events" > 0
      ) AS "t16"
      GROUP BY
        1,
        2,
        3
    ) AS "t19"
    GROUP BY
      1,
      2
  ) AS "t26"
    ON "t21"."user_id" = "t26"."user_id" AND "t21"."as_of" = "t26"."as_of"
  LEFT OUTER JOIN (
    SELECT
      "t17"."user_id",
      "t17"."as_of",
      COUNT(*) FILTER(WHERE
        "t17"."category" IS NOT NULL) AS "n_categories",
      MAX("t17"."n_events") FILTER(WHERE
        "t17"."category" IS NOT NULL) AS "n_top_category",
      SUM("t17"."n_events") FILTER(WHERE
        "t17"."category" IS NOT NULL) AS "n_with_category",
      SUM("t17"."n_items") AS "n_items",
      SUM("t17"."n_items_90") AS "n_items_90",
      SUM("t17"."n_new_items_90") AS "n_new_items_90",
      SUM("t17"."n_items_committed") AS "n_items_committed",
      SUM("t17"."n_item_commitments") AS "n_item_commitments"
    FROM (
      SELECT
        "t13"."user_id",
        "t13"."as_of",
        "t13"."category",
        SUM("t13"."n_events") AS "n_events",
        COUNT(*) AS "n_items",
        COUNT(*) FILTER(WHERE
          "t13"."last_age_days" < 90) AS "n_items_90",
        COUNT(*) FILTER(WHERE
          "t13"."first_age_days" < 90) AS "n_new_items_90",
        COUNT(*) FILTER(WHERE
          "t13"."n_commitments" > 0) AS "n_items_committed",
        SUM("t13"."n_commitments") AS "n_item_commitments"
      FROM (
        SELECT
          "t10"."user_id",
          "t10"."as_of",
          "t10"."item_id",
          "t10"."n_events",
          "t10"."n_commitments",
          "t10"."first_age_days",
          "t10"."last_age_days",
          "t6"."item_id" AS "item_id_right",
          "t6"."category"
        FROM (
          SELECT
            "t8"."user_id",
            "t8"."as_of",
            "t8"."item_id",
            COUNT(*) AS "n_events",
            COUNT(*) FILTER(WHERE
              COALESCE("t8"."role" IN ('commitment'), FALSE)) AS "n_commitments",
            MAX("t8"."age_days") AS "first_age_days",
            MIN("t8"."age_days") AS "last_age_days"
          FROM (
            SELECT
              "t5"."event_id",
              "t5"."user_id",
              "t5"."item_id",
              "t5"."event_type",
              "t5"."timestamp",
              "t5"."value",
              "t5"."quantity",
              "t5"."discount",
              "t5"."duration_seconds",
              "t5"."session_id",
              "t5"."recommendation_id",
              "t5"."properties",
              "t5"."role",
              "t5"."weight",
              "t5"."as_of",
              CAST(CAST(CEIL(
                (
                  EPOCH(CAST("t5"."as_of" AS TIMESTAMP)) - EPOCH(CAST("t5"."timestamp" AS TIMESTAMP))
                ) / 86400.0
              ) AS BIGINT) - 1 AS INT) AS "age_days"
            FROM "t3" AS "t5"
            WHERE
              "t5"."timestamp" < "t5"."as_of"
              AND "t5"."item_id" IS NOT NULL
              AND (
                (
                  "t5"."role" IS NULL
                )
                OR "t5"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
              )
          ) AS "t8"
          GROUP BY
            1,
            2,
            3
        ) AS "t10"
        LEFT OUTER JOIN (
          SELECT
            "t0"."item_id",
            CASE
              WHEN ARRAY_LENGTH("t0"."categories") >= 2
              THEN LIST_EXTRACT("t0"."categories", 2)
              ELSE CASE
                WHEN ARRAY_LENGTH("t0"."categories") >= 1
                THEN LIST_EXTRACT("t0"."categories", 1)
                ELSE NULL
              END
            END AS "category"
          FROM "items" AS "t0"
        ) AS "t6"
          ON "t10"."item_id" = "t6"."item_id"
      ) AS "t13"
      GROUP BY
        1,
        2,
        3
    ) AS "t17"
    GROUP BY
      1,
      2
  ) AS "t23"
    ON "t21"."user_id" = "t23"."user_id" AND "t21"."as_of" = "t23"."as_of"
) AS "t28"
