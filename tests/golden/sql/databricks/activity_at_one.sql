WITH `t8` AS (
  SELECT
    `t4`.`user_id`,
    `t4`.`as_of`,
    `t4`.`age_days`,
    `t4`.`session_id`,
    SUM(
      CAST((
        `t4`.`role` IS NULL
      )
      OR `t4`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral') AS BIGINT)
    ) AS `n_events`,
    SUM(CAST(COALESCE(`t4`.`role` IN ('exposure'), FALSE) AS BIGINT)) AS `n_exposures`,
    SUM(CAST(COALESCE(`t4`.`role` IN ('interest'), FALSE) AS BIGINT)) AS `n_interests`,
    SUM(CAST(COALESCE(`t4`.`role` IN ('intent'), FALSE) AS BIGINT)) AS `n_intents`,
    SUM(CAST(COALESCE(`t4`.`role` IN ('commitment'), FALSE) AS BIGINT)) AS `n_commitments`,
    SUM(CAST(COALESCE(`t4`.`role` IN ('satisfaction'), FALSE) AS BIGINT)) AS `n_satisfactions`,
    SUM(CAST(COALESCE(`t4`.`role` IN ('referral'), FALSE) AS BIGINT)) AS `n_referrals`,
    SUM(IF(COALESCE(`t4`.`role` IN ('commitment'), FALSE), `t4`.`value`, NULL)) AS `paid`,
    SUM(
      IF(
        COALESCE(`t4`.`role` IN ('commitment'), FALSE)
        OR COALESCE(`t4`.`role` IN ('reversal'), FALSE),
        `t4`.`value`,
        NULL
      )
    ) AS `value`,
    SUM(IF(COALESCE(`t4`.`role` IN ('commitment'), FALSE), `t4`.`discount`, NULL)) AS `discount`,
    SUM(
      IF(
        (
          `t4`.`role` IS NULL
        )
        OR `t4`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral'),
        `t4`.`duration_seconds`,
        NULL
      )
    ) AS `dwell_seconds`,
    MIN(
      IF(
        (
          `t4`.`role` IS NULL
        )
        OR `t4`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral'),
        `t4`.`timestamp`,
        NULL
      )
    ) AS `first_active`,
    MAX(
      IF(
        (
          `t4`.`role` IS NULL
        )
        OR `t4`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral'),
        `t4`.`timestamp`,
        NULL
      )
    ) AS `last_active`,
    MAX(IF(COALESCE(`t4`.`role` IN ('commitment'), FALSE), `t4`.`timestamp`, NULL)) AS `last_commitment`,
    SUM(
      CAST((
        (
          `t4`.`role` IS NULL
        )
        OR `t4`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        (
          (
            DAYOFWEEK(`t4`.`timestamp`) + 5
          ) % 7
        ) >= 5
      ) AS BIGINT)
    ) AS `n_weekend`,
    SUM(
      CAST((
        (
          `t4`.`role` IS NULL
        )
        OR `t4`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        EXTRACT(hour FROM `t4`.`timestamp`) >= 6
      )
      AND (
        EXTRACT(hour FROM `t4`.`timestamp`) < 12
      ) AS BIGINT)
    ) AS `n_morning`,
    SUM(
      CAST((
        (
          `t4`.`role` IS NULL
        )
        OR `t4`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        EXTRACT(hour FROM `t4`.`timestamp`) >= 18
      ) AS BIGINT)
    ) AS `n_evening`,
    SUM(
      CAST((
        (
          `t4`.`role` IS NULL
        )
        OR `t4`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        EXTRACT(hour FROM `t4`.`timestamp`) < 6
      ) AS BIGINT)
    ) AS `n_night`,
    SUM(
      IF(
        (
          `t4`.`role` IS NULL
        )
        OR `t4`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral'),
        COS(EXTRACT(hour FROM `t4`.`timestamp`) * 0.2617993877991494),
        NULL
      )
    ) AS `clock_x`,
    SUM(
      IF(
        (
          `t4`.`role` IS NULL
        )
        OR `t4`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral'),
        SIN(EXTRACT(hour FROM `t4`.`timestamp`) * 0.2617993877991494),
        NULL
      )
    ) AS `clock_y`
  FROM (
    SELECT
      `t0`.`event_id`,
      `t0`.`user_id`,
      `t0`.`item_id`,
      `t0`.`event_type`,
      `t0`.`timestamp`,
      `t0`.`value`,
      `t0`.`quantity`,
      `t0`.`discount`,
      `t0`.`duration_seconds`,
      `t0`.`session_id`,
      `t0`.`recommendation_id`,
      `t0`.`properties`,
      `t0`.`role`,
      `t0`.`weight`,
      CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS `as_of`,
      CAST(CAST(CEIL(
        TRY_DIVIDE(
          UNIX_TIMESTAMP(CAST(CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t0`.`timestamp` AS TIMESTAMP)),
          86400.0
        )
      ) AS BIGINT) - 1 AS INT) AS `age_days`
    FROM `events` AS `t0`
    WHERE
      `t0`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
  ) AS `t4`
  GROUP BY
    1,
    2,
    3,
    4
)
SELECT
  `t25`.`user_id`,
  `t25`.`as_of`,
  TRY_DIVIDE(
    UNIX_TIMESTAMP(CAST(`t25`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t25`.`last_active` AS TIMESTAMP)),
    86400.0
  ) AS `recency_days`,
  TRY_DIVIDE(
    UNIX_TIMESTAMP(CAST(`t25`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t25`.`last_commitment` AS TIMESTAMP)),
    86400.0
  ) AS `commitment_recency_days`,
  TRY_DIVIDE(
    UNIX_TIMESTAMP(CAST(`t25`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t25`.`first_active` AS TIMESTAMP)),
    86400.0
  ) AS `tenure_days`,
  CAST(COALESCE(`t25`.`n_active_days`, 0) AS INT) AS `n_active_days`,
  CAST(COALESCE(`t25`.`n_active_days_30`, 0) AS INT) AS `n_active_days_30`,
  CAST(COALESCE(`t25`.`n_active_days_90`, 0) AS INT) AS `n_active_days_90`,
  ELEMENT_AT(`t25`.`gap_quantiles`, 0 + 1) AS `gap_median_days`,
  ELEMENT_AT(`t25`.`gap_quantiles`, 1 + 1) AS `gap_p90_days`,
  TRY_DIVIDE(`t25`.`gap_sd`, `t25`.`gap_mean`) AS `gap_variation`,
  TRY_DIVIDE(
    TRY_DIVIDE(
      UNIX_TIMESTAMP(CAST(`t25`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t25`.`last_active` AS TIMESTAMP)),
      86400.0
    ),
    ELEMENT_AT(`t25`.`gap_quantiles`, 0 + 1)
  ) AS `overdue_ratio`,
  CAST(COALESCE(`t25`.`n_events_1`, 0) AS INT) AS `n_events_1`,
  CAST(COALESCE(`t25`.`n_events_7`, 0) AS INT) AS `n_events_7`,
  CAST(COALESCE(`t25`.`n_events_30`, 0) AS INT) AS `n_events_30`,
  CAST(COALESCE(`t25`.`n_events_90`, 0) AS INT) AS `n_events_90`,
  CAST(COALESCE(`t25`.`n_events_365`, 0) AS INT) AS `n_events_365`,
  CAST(COALESCE(`t25`.`n_exposures_90`, 0) AS INT) AS `n_exposures_90`,
  CAST(COALESCE(`t25`.`n_interests_90`, 0) AS INT) AS `n_interests_90`,
  CAST(COALESCE(`t25`.`n_intents_90`, 0) AS INT) AS `n_intents_90`,
  CAST(COALESCE(`t25`.`n_satisfactions_365`, 0) AS INT) AS `n_satisfactions_365`,
  CAST(COALESCE(`t25`.`n_referrals_365`, 0) AS INT) AS `n_referrals_365`,
  CAST(COALESCE(`t25`.`n_occasions`, 0) AS INT) AS `n_occasions`,
  CAST(COALESCE(`t25`.`n_occasions_30`, 0) AS INT) AS `n_occasions_30`,
  CAST(COALESCE(`t25`.`n_occasions_90`, 0) AS INT) AS `n_occasions_90`,
  `t25`.`value`,
  `t25`.`value_30`,
  `t25`.`value_90`,
  TRY_DIVIDE(`t25`.`paid`, IF(`t25`.`n_occasions` > 0, `t25`.`n_occasions`, NULL)) AS `value_per_occasion`,
  TRY_DIVIDE(
    `t25`.`discount`,
    IF((
      `t25`.`paid` + `t25`.`discount`
    ) > 0, `t25`.`paid` + `t25`.`discount`, NULL)
  ) AS `discount_share`,
  TRY_DIVIDE(`t25`.`paid` - `t25`.`value`, IF(`t25`.`paid` > 0, `t25`.`paid`, NULL)) AS `reversal_share`,
  CAST(COALESCE(`t25`.`n_items`, 0) AS INT) AS `n_items`,
  CAST(COALESCE(`t25`.`n_categories`, 0) AS INT) AS `n_categories`,
  TRY_DIVIDE(
    CAST(`t25`.`n_top_category` AS DOUBLE),
    IF(`t25`.`n_with_category` > 0, `t25`.`n_with_category`, NULL)
  ) AS `top_category_share`,
  TRY_DIVIDE(
    CAST(`t25`.`n_item_commitments` - `t25`.`n_items_committed` AS DOUBLE),
    IF(`t25`.`n_item_commitments` > 0, `t25`.`n_item_commitments`, NULL)
  ) AS `repeat_share`,
  TRY_DIVIDE(
    CAST(`t25`.`n_new_items_90` AS DOUBLE),
    IF(`t25`.`n_items_90` > 0, `t25`.`n_items_90`, NULL)
  ) AS `new_item_share_90`,
  CAST(COALESCE(`t25`.`n_sessions_30`, 0) AS INT) AS `n_sessions_30`,
  TRY_DIVIDE(
    CAST(`t25`.`n_events` AS DOUBLE),
    IF(`t25`.`n_sessions` > 0, `t25`.`n_sessions`, NULL)
  ) AS `events_per_session`,
  TRY_DIVIDE(`t25`.`session_seconds`, 60.0) AS `session_minutes`,
  TRY_DIVIDE(`t25`.`dwell_seconds_90`, 60.0) AS `dwell_minutes_90`,
  TRY_DIVIDE(
    CAST(`t25`.`n_commitments` AS DOUBLE),
    IF(`t25`.`n_occasions` > 0, `t25`.`n_occasions`, NULL)
  ) AS `commitments_per_occasion`,
  TRY_DIVIDE(
    CAST(`t25`.`n_occasions` AS DOUBLE),
    IF(`t25`.`n_sessions` > 0, `t25`.`n_sessions`, NULL)
  ) AS `occasion_share`,
  TRY_DIVIDE(
    CAST(`t25`.`n_weekend` AS DOUBLE),
    IF(`t25`.`n_events` > 0, `t25`.`n_events`, NULL)
  ) AS `weekend_share`,
  TRY_DIVIDE(
    CAST(`t25`.`n_morning` AS DOUBLE),
    IF(`t25`.`n_events` > 0, `t25`.`n_events`, NULL)
  ) AS `morning_share`,
  TRY_DIVIDE(
    CAST(`t25`.`n_evening` AS DOUBLE),
    IF(`t25`.`n_events` > 0, `t25`.`n_events`, NULL)
  ) AS `evening_share`,
  TRY_DIVIDE(CAST(`t25`.`n_night` AS DOUBLE), IF(`t25`.`n_events` > 0, `t25`.`n_events`, NULL)) AS `night_share`,
  TRY_DIVIDE(
    SQRT(
      (
        `t25`.`clock_x` * `t25`.`clock_x`
      ) + (
        `t25`.`clock_y` * `t25`.`clock_y`
      )
    ),
    IF(`t25`.`n_events` > 0, `t25`.`n_events`, NULL)
  ) AS `hour_concentration`,
  TRY_DIVIDE(
    CAST((
      `t25`.`n_events_30` * 2
    ) - `t25`.`n_events_60` AS DOUBLE),
    IF(`t25`.`n_events_60` > 0, `t25`.`n_events_60`, NULL)
  ) AS `event_trend_30`,
  TRY_DIVIDE(
    CAST((
      `t25`.`n_events_90` * 2
    ) - `t25`.`n_events_180` AS DOUBLE),
    IF(`t25`.`n_events_180` > 0, `t25`.`n_events_180`, NULL)
  ) AS `event_trend_90`,
  TRY_DIVIDE(
    CAST((
      `t25`.`n_occasions_90` * 2
    ) - `t25`.`n_occasions_180` AS DOUBLE),
    IF(`t25`.`n_occasions_180` > 0, `t25`.`n_occasions_180`, NULL)
  ) AS `occasion_trend_90`
FROM (
  SELECT
    `t18`.`user_id`,
    `t18`.`as_of`,
    `t18`.`n_events`,
    `t18`.`n_events_1`,
    `t18`.`n_events_7`,
    `t18`.`n_events_30`,
    `t18`.`n_events_60`,
    `t18`.`n_events_90`,
    `t18`.`n_events_180`,
    `t18`.`n_events_365`,
    `t18`.`n_exposures_90`,
    `t18`.`n_interests_90`,
    `t18`.`n_intents_90`,
    `t18`.`n_satisfactions_365`,
    `t18`.`n_referrals_365`,
    `t18`.`n_commitments`,
    `t18`.`paid`,
    `t18`.`value`,
    `t18`.`value_30`,
    `t18`.`value_90`,
    `t18`.`discount`,
    `t18`.`dwell_seconds_90`,
    `t18`.`first_active`,
    `t18`.`last_active`,
    `t18`.`last_commitment`,
    `t18`.`n_weekend`,
    `t18`.`n_morning`,
    `t18`.`n_evening`,
    `t18`.`n_night`,
    `t18`.`clock_x`,
    `t18`.`clock_y`,
    `t24`.`n_active_days`,
    `t24`.`n_active_days_30`,
    `t24`.`n_active_days_90`,
    `t24`.`gap_quantiles`,
    `t24`.`gap_mean`,
    `t24`.`gap_sd`,
    `t23`.`n_sessions`,
    `t23`.`n_sessions_30`,
    `t23`.`session_seconds`,
    `t23`.`n_occasions`,
    `t23`.`n_occasions_30`,
    `t23`.`n_occasions_90`,
    `t23`.`n_occasions_180`,
    `t20`.`n_categories`,
    `t20`.`n_top_category`,
    `t20`.`n_with_category`,
    `t20`.`n_items`,
    `t20`.`n_items_90`,
    `t20`.`n_new_items_90`,
    `t20`.`n_items_committed`,
    `t20`.`n_item_commitments`
  FROM (
    SELECT
      `t12`.`user_id`,
      `t12`.`as_of`,
      SUM(`t12`.`n_events`) AS `n_events`,
      COALESCE(SUM(IF(`t12`.`age_days` < 1, `t12`.`n_events`, NULL)), 0) AS `n_events_1`,
      COALESCE(SUM(IF(`t12`.`age_days` < 7, `t12`.`n_events`, NULL)), 0) AS `n_events_7`,
      COALESCE(SUM(IF(`t12`.`age_days` < 30, `t12`.`n_events`, NULL)), 0) AS `n_events_30`,
      COALESCE(SUM(IF(`t12`.`age_days` < 60, `t12`.`n_events`, NULL)), 0) AS `n_events_60`,
      COALESCE(SUM(IF(`t12`.`age_days` < 90, `t12`.`n_events`, NULL)), 0) AS `n_events_90`,
      COALESCE(SUM(IF(`t12`.`age_days` < 180, `t12`.`n_events`, NULL)), 0) AS `n_events_180`,
      COALESCE(SUM(IF(`t12`.`age_days` < 365, `t12`.`n_events`, NULL)), 0) AS `n_events_365`,
      COALESCE(SUM(IF(`t12`.`age_days` < 90, `t12`.`n_exposures`, NULL)), 0) AS `n_exposures_90`,
      COALESCE(SUM(IF(`t12`.`age_days` < 90, `t12`.`n_interests`, NULL)), 0) AS `n_interests_90`,
      COALESCE(SUM(IF(`t12`.`age_days` < 90, `t12`.`n_intents`, NULL)), 0) AS `n_intents_90`,
      COALESCE(SUM(IF(`t12`.`age_days` < 365, `t12`.`n_satisfactions`, NULL)), 0) AS `n_satisfactions_365`,
      COALESCE(SUM(IF(`t12`.`age_days` < 365, `t12`.`n_referrals`, NULL)), 0) AS `n_referrals_365`,
      SUM(`t12`.`n_commitments`) AS `n_commitments`,
      COALESCE(SUM(`t12`.`paid`), 0) AS `paid`,
      COALESCE(SUM(`t12`.`value`), 0) AS `value`,
      COALESCE(SUM(IF(`t12`.`age_days` < 30, `t12`.`value`, NULL)), 0) AS `value_30`,
      COALESCE(SUM(IF(`t12`.`age_days` < 90, `t12`.`value`, NULL)), 0) AS `value_90`,
      COALESCE(SUM(`t12`.`discount`), 0) AS `discount`,
      COALESCE(SUM(IF(`t12`.`age_days` < 90, `t12`.`dwell_seconds`, NULL)), 0) AS `dwell_seconds_90`,
      MIN(`t12`.`first_active`) AS `first_active`,
      MAX(`t12`.`last_active`) AS `last_active`,
      MAX(`t12`.`last_commitment`) AS `last_commitment`,
      SUM(`t12`.`n_weekend`) AS `n_weekend`,
      SUM(`t12`.`n_morning`) AS `n_morning`,
      SUM(`t12`.`n_evening`) AS `n_evening`,
      SUM(`t12`.`n_night`) AS `n_night`,
      SUM(`t12`.`clock_x`) AS `clock_x`,
      SUM(`t12`.`clock_y`) AS `clock_y`
    FROM (
      SELECT
        `t9`.`user_id`,
        `t9`.`as_of`,
        `t9`.`age_days`,
        COALESCE(`t9`.`session_id`, CAST(`t9`.`age_days` AS STRING)) AS `session_id`,
        `t9`.`n_events`,
        `t9`.`n_exposures`,
        `t9`.`n_interests`,
        `t9`.`n_intents`,
        `t9`.`n_commitments`,
        `t9`.`n_satisfactions`,
        `t9`.`n_referrals`,
        `t9`.`paid`,
        `t9`.`value`,
        `t9`.`discount`,
        `t9`.`dwell_seconds`,
        `t9`.`first_active`,
        `t9`.`last_active`,
        `t9`.`last_commitment`,
        `t9`.`n_weekend`,
        `t9`.`n_morning`,
        `t9`.`n_evening`,
        `t9`.`n_night`,
        `t9`.`clock_x`,
        `t9`.`clock_y`
      FROM `t8` AS `t9`
    ) AS `t12`
    GROUP BY
      1,
      2
  ) AS `t18`
  LEFT OUTER JOIN (
    SELECT
      `t17`.`user_id`,
      `t17`.`as_of`,
      COUNT(*) AS `n_active_days`,
      SUM(CAST(`t17`.`age_days` < 30 AS BIGINT)) AS `n_active_days_30`,
      SUM(CAST(`t17`.`age_days` < 90 AS BIGINT)) AS `n_active_days_90`,
      PERCENTILE(`t17`.`gap_days`, ARRAY(0.5, 0.9)) AS `gap_quantiles`,
      AVG(`t17`.`gap_days`) AS `gap_mean`,
      STDDEV_SAMP(`t17`.`gap_days`) AS `gap_sd`
    FROM (
      SELECT
        `t11`.`user_id`,
        `t11`.`as_of`,
        `t11`.`age_days`,
        CAST(LEAD(`t11`.`age_days`) OVER (
          PARTITION BY `t11`.`user_id`, `t11`.`as_of`
          ORDER BY `t11`.`age_days` ASC NULLS LAST
        ) - `t11`.`age_days` AS DOUBLE) AS `gap_days`
      FROM (
        SELECT DISTINCT
          `t9`.`user_id`,
          `t9`.`as_of`,
          `t9`.`age_days`
        FROM `t8` AS `t9`
        WHERE
          `t9`.`n_events` > 0
      ) AS `t11`
    ) AS `t17`
    GROUP BY
      1,
      2
  ) AS `t24`
    ON `t18`.`user_id` = `t24`.`user_id` AND `t18`.`as_of` = `t24`.`as_of`
  LEFT OUTER JOIN (
    SELECT
      `t16`.`user_id`,
      `t16`.`as_of`,
      COUNT(*) AS `n_sessions`,
      SUM(CAST(`t16`.`age_days` < 30 AS BIGINT)) AS `n_sessions_30`,
      AVG(`t16`.`seconds`) AS `session_seconds`,
      SUM(CAST(`t16`.`occasion_age_days` IS NOT NULL AS BIGINT)) AS `n_occasions`,
      SUM(CAST(`t16`.`occasion_age_days` < 30 AS BIGINT)) AS `n_occasions_30`,
      SUM(CAST(`t16`.`occasion_age_days` < 90 AS BIGINT)) AS `n_occasions_90`,
      SUM(CAST(`t16`.`occasion_age_days` < 180 AS BIGINT)) AS `n_occasions_180`
    FROM (
      SELECT
        `t13`.`user_id`,
        `t13`.`as_of`,
        `t13`.`session_id`,
        MIN(`t13`.`age_days`) AS `age_days`,
        MIN(IF(`t13`.`n_commitments` > 0, `t13`.`age_days`, NULL)) AS `occasion_age_days`,
        UNIX_TIMESTAMP(CAST(MAX(`t13`.`last_active`) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(MIN(`t13`.`first_active`) AS TIMESTAMP)) AS `seconds`
      FROM (
        SELECT
          `t9`.`user_id`,
          `t9`.`as_of`,
          `t9`.`age_days`,
          COALESCE(`t9`.`session_id`, CAST(`t9`.`age_days` AS STRING)) AS `session_id`,
          `t9`.`n_events`,
          `t9`.`n_exposures`,
          `t9`.`n_interests`,
          `t9`.`n_intents`,
          `t9`.`n_commitments`,
          `t9`.`n_satisfactions`,
          `t9`.`n_referrals`,
          `t9`.`paid`,
          `t9`.`value`,
          `t9`.`discount`,
          `t9`.`dwell_seconds`,
          `t9`.`first_active`,
          `t9`.`last_active`,
          `t9`.`last_commitment`,
          `t9`.`n_weekend`,
          `t9`.`n_morning`,
          `t9`.`n_evening`,
          `t9`.`n_night`,
          `t9`.`clock_x`,
          `t9`.`clock_y`
        FROM `t8` AS `t9`
        WHERE
          `t9`.`n_events` > 0
      ) AS `t13`
      GROUP BY
        1,
        2,
        3
    ) AS `t16`
    GROUP BY
      1,
      2
  ) AS `t23`
    ON `t18`.`user_id` = `t23`.`user_id` AND `t18`.`as_of` = `t23`.`as_of`
  LEFT OUTER JOIN (
    SELECT
      `t14`.`user_id`,
      `t14`.`as_of`,
      SUM(CAST(`t14`.`category` IS NOT NULL AS BIGINT)) AS `n_categories`,
      MAX(IF(`t14`.`category` IS NOT NULL, `t14`.`n_events`, NULL)) AS `n_top_category`,
      SUM(IF(`t14`.`category` IS NOT NULL, `t14`.`n_events`, NULL)) AS `n_with_category`,
      SUM(`t14`.`n_items`) AS `n_items`,
      SUM(`t14`.`n_items_90`) AS `n_items_90`,
      SUM(`t14`.`n_new_items_90`) AS `n_new_items_90`,
      SUM(`t14`.`n_items_committed`) AS `n_items_committed`,
      SUM(`t14`.`n_item_commitments`) AS `n_item_commitments`
    FROM (
      SELECT
        `t10`.`user_id`,
        `t10`.`as_of`,
        `t10`.`category`,
        SUM(`t10`.`n_events`) AS `n_events`,
        COUNT(*) AS `n_items`,
        SUM(CAST(`t10`.`last_age_days` < 90 AS BIGINT)) AS `n_items_90`,
        SUM(CAST(`t10`.`first_age_days` < 90 AS BIGINT)) AS `n_new_items_90`,
        SUM(CAST(`t10`.`n_commitments` > 0 AS BIGINT)) AS `n_items_committed`,
        SUM(`t10`.`n_commitments`) AS `n_item_commitments`
      FROM (
        SELECT
          `t7`.`user_id`,
          `t7`.`as_of`,
          `t7`.`item_id`,
          `t7`.`n_events`,
          `t7`.`n_commitments`,
          `t7`.`first_age_days`,
          `t7`.`last_age_days`,
          `t3`.`item_id` AS `item_id_right`,
          `t3`.`category`
        FROM (
          SELECT
            `t5`.`user_id`,
            `t5`.`as_of`,
            `t5`.`item_id`,
            COUNT(*) AS `n_events`,
            SUM(CAST(COALESCE(`t5`.`role` IN ('commitment'), FALSE) AS BIGINT)) AS `n_commitments`,
            MAX(`t5`.`age_days`) AS `first_age_days`,
            MIN(`t5`.`age_days`) AS `last_age_days`
          FROM (
            SELECT
              `t0`.`event_id`,
              `t0`.`user_id`,
              `t0`.`item_id`,
              `t0`.`event_type`,
              `t0`.`timestamp`,
              `t0`.`value`,
              `t0`.`quantity`,
              `t0`.`discount`,
              `t0`.`duration_seconds`,
              `t0`.`session_id`,
              `t0`.`recommendation_id`,
              `t0`.`properties`,
              `t0`.`role`,
              `t0`.`weight`,
              CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS `as_of`,
              CAST(CAST(CEIL(
                TRY_DIVIDE(
                  UNIX_TIMESTAMP(CAST(CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t0`.`timestamp` AS TIMESTAMP)),
                  86400.0
                )
              ) AS BIGINT) - 1 AS INT) AS `age_days`
            FROM `events` AS `t0`
            WHERE
              `t0`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
              AND `t0`.`item_id` IS NOT NULL
              AND (
                (
                  `t0`.`role` IS NULL
                )
                OR `t0`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
              )
          ) AS `t5`
          GROUP BY
            1,
            2,
            3
        ) AS `t7`
        LEFT OUTER JOIN (
          SELECT
            `t1`.`item_id`,
            IF(
              SIZE(`t1`.`categories`) >= 2,
              ELEMENT_AT(`t1`.`categories`, 1 + 1),
              IF(SIZE(`t1`.`categories`) >= 1, ELEMENT_AT(`t1`.`categories`, 0 + 1), NULL)
            ) AS `category`
          FROM `items` AS `t1`
        ) AS `t3`
          ON `t7`.`item_id` = `t3`.`item_id`
      ) AS `t10`
      GROUP BY
        1,
        2,
        3
    ) AS `t14`
    GROUP BY
      1,
      2
  ) AS `t20`
    ON `t18`.`user_id` = `t20`.`user_id` AND `t18`.`as_of` = `t20`.`as_of`
) AS `t25`
