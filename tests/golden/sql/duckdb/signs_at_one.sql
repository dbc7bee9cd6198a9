SELECT
  "t4"."user_id",
  "t4"."as_of",
  CAST(CEIL(
    (
      EPOCH(CAST("t4"."as_of" AS TIMESTAMP)) - EPOCH(CAST(COALESCE("t4"."last_active", "t4"."first_seen") AS TIMESTAMP))
    ) / 86400.0
  ) AS BIGINT) - 1 AS "silence_days",
  (
    (
      GREATEST("t4"."n_active_days" - 1, 0) * COALESCE(
        COALESCE("t4"."last_day" - "t4"."first_day", 0) / NULLIF(GREATEST("t4"."n_active_days" - 1, 0), 0),
        0.0
      )
    ) + 14.0
  ) / (
    GREATEST("t4"."n_active_days" - 1, 0) + 2.0
  ) AS "usual_gap_days",
  (
    CAST(CEIL(
      (
        EPOCH(CAST("t4"."as_of" AS TIMESTAMP)) - EPOCH(CAST(COALESCE("t4"."last_active", "t4"."first_seen") AS TIMESTAMP))
      ) / 86400.0
    ) AS BIGINT) - 1
  ) / (
    (
      (
        GREATEST("t4"."n_active_days" - 1, 0) * COALESCE(
          COALESCE("t4"."last_day" - "t4"."first_day", 0) / NULLIF(GREATEST("t4"."n_active_days" - 1, 0), 0),
          0.0
        )
      ) + 14.0
    ) / (
      GREATEST("t4"."n_active_days" - 1, 0) + 2.0
    )
  ) AS "overdue_ratio",
  "t4"."n_active_days",
  COALESCE("t4"."last_day" - "t4"."first_day", 0) AS "span_days",
  "t4"."n_occasions",
  (
    "t4"."last_exit" IS NOT NULL
  )
  AND (
    (
      "t4"."last_active" IS NULL
    ) OR (
      "t4"."last_exit" >= "t4"."last_active"
    )
  ) AS "has_left",
  "t4"."first_day_back" - "t4"."last_day_before" AS "away_days",
  "t4"."n_referrals",
  "t4"."n_praises",
  "t4"."recent_occasions",
  "t4"."earlier_occasions" / CASE
    WHEN LEAST((
      "t4"."known_days" / 30
    ) - 1, 3.0) >= 1
    THEN LEAST((
      "t4"."known_days" / 30
    ) - 1, 3.0)
    ELSE NULL
  END AS "usual_occasions",
  CASE
    WHEN (
      "t4"."recent_value" IS NOT NULL
    ) OR (
      "t4"."earlier_value" IS NOT NULL
    )
    THEN COALESCE("t4"."recent_value", 0.0)
    ELSE CAST("t4"."recent_occasions" AS DOUBLE)
  END AS "recent_amount",
  CASE
    WHEN (
      "t4"."recent_value" IS NOT NULL
    ) OR (
      "t4"."earlier_value" IS NOT NULL
    )
    THEN COALESCE("t4"."earlier_value", 0.0)
    ELSE CAST("t4"."earlier_occasions" AS DOUBLE)
  END / CASE
    WHEN LEAST((
      "t4"."known_days" / 30
    ) - 1, 3.0) >= 1
    THEN LEAST((
      "t4"."known_days" / 30
    ) - 1, 3.0)
    ELSE NULL
  END AS "usual_amount"
FROM (
  SELECT
    "t3"."user_id",
    "t3"."as_of",
    MIN("t3"."timestamp") AS "first_seen",
    MAX("t3"."age_days") + 1 AS "known_days",
    MAX("t3"."last_active") AS "last_active",
    MAX("t3"."last_exit") AS "last_exit",
    COUNT(DISTINCT "t3"."active_day") AS "n_active_days",
    MIN("t3"."active_day") AS "first_day",
    MAX("t3"."active_day") AS "last_day",
    MAX("t3"."active_day") FILTER(WHERE
      NOT (
        "t3"."age_days" < 30
      )) AS "last_day_before",
    MIN("t3"."active_day") FILTER(WHERE
      "t3"."age_days" < 30) AS "first_day_back",
    COUNT(DISTINCT "t3"."commitment_day") AS "n_occasions",
    COUNT(DISTINCT "t3"."commitment_day") FILTER(WHERE
      "t3"."age_days" < 30) AS "recent_occasions",
    COUNT(DISTINCT "t3"."commitment_day") FILTER(WHERE
      (
        "t3"."age_days" < 120
      ) AND NOT (
        "t3"."age_days" < 30
      )) AS "earlier_occasions",
    SUM("t3"."amount") FILTER(WHERE
      "t3"."age_days" < 30) AS "recent_value",
    SUM("t3"."amount") FILTER(WHERE
      (
        "t3"."age_days" < 120
      ) AND NOT (
        "t3"."age_days" < 30
      )) AS "earlier_value",
    COALESCE(
      CAST(SUM(CAST("t3"."n_referrals" AS DOUBLE)) FILTER(WHERE
        "t3"."age_days" < 120) AS BIGINT),
      0
    ) AS "n_referrals",
    COALESCE(
      CAST(SUM(CAST("t3"."n_praises" AS DOUBLE)) FILTER(WHERE
        "t3"."age_days" < 120) AS BIGINT),
      0
    ) AS "n_praises"
  FROM (
    SELECT
      "t2"."user_id",
      "t2"."day",
      "t2"."part",
      "t2"."timestamp",
      "t2"."last_active",
      "t2"."last_exit",
      "t2"."has_commitment",
      "t2"."amount",
      "t2"."n_referrals",
      "t2"."n_praises",
      CASE WHEN "t2"."last_active" IS NOT NULL THEN "t2"."day" ELSE NULL END AS "active_day",
      CASE WHEN "t2"."has_commitment" THEN "t2"."day" ELSE NULL END AS "commitment_day",
      MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) AS "as_of",
      CAST(CAST(CEIL(
        (
          EPOCH(CAST(MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) AS TIMESTAMP)) - EPOCH(CAST("t2"."timestamp" AS TIMESTAMP))
        ) / 86400.0
      ) AS BIGINT) - 1 AS INT) AS "age_days"
    FROM (
      SELECT
        "t1"."user_id",
        CAST(FLOOR((
          EPOCH(CAST("t1"."timestamp" AS TIMESTAMP))
        ) / (
          86400
        )) AS BIGINT) AS "day",
        CAST("t1"."timestamp" >= MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) AS INT) AS "part",
        MAX("t1"."timestamp") AS "timestamp",
        MAX("t1"."timestamp") FILTER(WHERE
          (
            "t1"."role" IS NULL
          )
          OR "t1"."role" IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')) AS "last_active",
        MAX("t1"."timestamp") FILTER(WHERE
          COALESCE("t1"."role" IN ('exit'), FALSE)) AS "last_exit",
        BOOL_OR(CAST(COALESCE("t1"."role" IN ('commitment'), FALSE) AS BOOLEAN)) AS "has_commitment",
        SUM("t1"."value") FILTER(WHERE
          COALESCE("t1"."role" IN ('commitment', 'reversal'), FALSE)) AS "amount",
        COUNT(*) FILTER(WHERE
          COALESCE("t1"."role" IN ('referral'), FALSE)) AS "n_referrals",
        COUNT(*) FILTER(WHERE
          COALESCE("t1"."role" IN ('satisfaction'), FALSE)
          AND COALESCE("t1"."weight" > 0, FALSE)) AS "n_praises"
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
          MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) AS "as_of",
          CAST(CAST(CEIL(
            (
              EPOCH(CAST(MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) AS TIMESTAMP)) - EPOCH(CAST("t0"."timestamp" AS TIMESTAMP))
            ) / 86400.0
          ) AS BIGINT) - 1 AS INT) AS "age_days"
        FROM "events" AS "t0"
        WHERE
          "t0"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
      ) AS "t1"
      GROUP BY
        1,
        2,
        3
    ) AS "t2"
    WHERE
      "t2"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
  ) AS "t3"
  GROUP BY
    1,
    2
) AS "t4"
