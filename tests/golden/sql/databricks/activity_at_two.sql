WITH `t3` AS (
  SELECT
    `t2`.`event_id`,
    `t2`.`user_id`,
    `t2`.`item_id`,
    `t2`.`event_type`,
    `t2`.`timestamp`,
    `t2`.`value`,
    `t2`.`quantity`,
    `t2`.`discount`,
    `t2`.`duration_seconds`,
    `t2`.`session_id`,
    `t2`.`recommendation_id`,
    `t2`.`properties`,
    `t2`.`role`,
    `t2`.`weight`,
    EXPLODE(
      ARRAY(CAST('2024-05-02T12:00:00' AS TIMESTAMP), CAST('2024-06-01T12:00:00' AS TIMESTAMP))
    ) AS `as_of`
  FROM (
    SELECT
      *
    FROM `events` AS `t1`
    WHERE
      `t1`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
  ) AS `t2`
), `t11` AS (
  SELECT
    `t7`.`user_id`,
    `t7`.`as_of`,
    `t7`.`age_days`,
    `t7`.`session_id`,
    SUM(
      CAST((
        `t7`.`role` IS NULL
      )
      OR `t7`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral') AS BIGINT)
    ) AS `n_events`,
    SUM(CAST(COALESCE(`t7`.`role` IN ('exposure'), FALSE) AS BIGINT)) AS `n_exposures`,
    SUM(CAST(COALESCE(`t7`.`role` IN ('interest'), FALSE) AS BIGINT)) AS `n_interests`,
    SUM(CAST(COALESCE(`t7`.`role` IN ('intent'), FALSE) AS BIGINT)) AS `n_intents`,
    SUM(CAST(COALESCE(`t7`.`role` IN ('commitment'), FALSE) AS BIGINT)) AS `n_commitments`,
    SUM(CAST(COALESCE(`t7`.`role` IN ('satisfaction'), FALSE) AS BIGINT)) AS `n_satisfactions`,
    SUM(CAST(COALESCE(`t7`.`role` IN ('referral'), FALSE) AS BIGINT)) AS `n_referrals`,
    SUM(IF(COALESCE(`t7`.`role` IN ('commitment'), FALSE), `t7`.`value`, NULL)) AS `paid`,
    SUM(
      IF(
        COALESCE(`t7`.`role` IN ('commitment'), FALSE)
        OR COALESCE(`t7`.`role` IN ('reversal'), FALSE),
        `t7`.`value`,
        NULL
      )
    ) AS `value`,
    SUM(IF(COALESCE(`t7`.`role` IN ('commitment'), FALSE), `t7`.`discount`, NULL)) AS `discount`,
    SUM(
      IF(
        (
          `t7`.`role` IS NULL
        )
        OR `t7`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral'),
        `t7`.`duration_seconds`,
        NULL
      )
    ) AS `dwell_seconds`,
    MIN(
      IF(
        (
          `t7`.`role` IS NULL
        )
        OR `t7`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral'),
        `t7`.`timestamp`,
        NULL
      )
    ) AS `first_active`,
    MAX(
      IF(
        (
          `t7`.`role` IS NULL
        )
        OR `t7`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral'),
        `t7`.`timestamp`,
        NULL
      )
    ) AS `last_active`,
    MAX(IF(COALESCE(`t7`.`role` IN ('commitment'), FALSE), `t7`.`timestamp`, NULL)) AS `last_commitment`,
    SUM(
      CAST((
        (
          `t7`.`role` IS NULL
        )
        OR `t7`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        (
          (
            DAYOFWEEK(`t7`.`timestamp`) + 5
          ) % 7
        ) >= 5
      ) AS BIGINT)
    ) AS `n_weekend`,
    SUM(
      CAST((
        (
          `t7`.`role` IS NULL
        )
        OR `t7`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        EXTRACT(hour FROM `t7`.`timestamp`) >= 6
      )
      AND (
        EXTRACT(hour FROM `t7`.`timestamp`) < 12
      ) AS BIGINT)
    ) AS `n_morning`,
    SUM(
      CAST((
        (
          `t7`.`role` IS NULL
        )
        OR `t7`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        EXTRACT(hour FROM `t7`.`timestamp`) >= 18
      ) AS BIGINT)
    ) AS `n_evening`,
    SUM(
      CAST((
        (
          `t7`.`role` IS NULL
        )
        OR `t7`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
      )
      AND (
        EXTRACT(hour FROM `t7`.`timestamp`) < 6
      ) AS BIGINT)
    ) AS `n_night`,
    SUM(
      IF(
        (
          `t7`.`role` IS NULL
        )
        OR `t7`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral'),
        COS(EXTRACT(hour FROM `t7`.`timestamp`) * 0.2617993877991494),
        NULL
      )
    ) AS `clock_x`,
    SUM(
      IF(
        (
          `t7`.`role` IS NULL
        )
        OR `t7`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral'),
        SIN(EXTRACT(hour FROM `t7`.`timestamp`) * 0.2617993877991494),
        NULL
      )
    ) AS `clock_y`
  FROM (
    SELECT
      `t5`.`event_id`,
      `t5`.`user_id`,
      `t5`.`item_id`,
      `t5`.`event_type`,
      `t5`.`timestamp`,
      `t5`.`value`,
      `t5`.`quantity`,
      `t5`.`discount`,
      `t5`.`duration_seconds`,
      `t5`.`session_id`,
      `t5`.`recommendation_id`,
      `t5`.`properties`,
      `t5`.`role`,
      `t5`.`weight`,
      `t5`.`as_of`,
      CAST(CAST(CEIL(
        TRY_DIVIDE(
          UNIX_TIMESTAMP(CAST(`t5`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t5`.`timestamp` AS TIMESTAMP)),
          86400.0
        )
      ) AS BIGINT) - 1 AS INT) AS `age_days`
    FROM `t3` AS `t5`
    WHERE
      `t5`.`timestamp` < `t5`.`as_of`
  ) AS `t7`
  GROUP BY
    1,
    2,
    3,
    4
)
SELECT
  `t28`.`user_id`,
  `t28`.`as_of`,
  TRY_DIVIDE(
    UNIX_TIMESTAMP(CAST(`t28`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t28`.`last_active` AS TIMESTAMP)),
    86400.0
  ) AS `recency_days`,
  TRY_DIVIDE(
    UNIX_TIMESTAMP(CAST(`t28`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t28`.`last_commitment` AS TIMESTAMP)),
    86400.0
  ) AS `commitment_recency_days`,
  TRY_DIVIDE(
    UNIX_TIMESTAMP(CAST(`t28`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t28`.`first_active` AS TIMESTAMP)),
    86400.0
  ) AS `tenure_days`,
  CAST(COALESCE(`t28`.`n_active_days`, 0) AS INT) AS `n_active_days`,
  CAST(COALESCE(`t28`.`n_active_days_30`, 0) AS INT) AS `n_active_days_30`,
  CAST(COALESCE(`t28`.`n_active_days_90`, 0) AS INT) AS `n_active_days_90`,
  ELEMENT_AT(`t28`.`gap_quantiles`, 0 + 1) AS `gap_median_days`,
  ELEMENT_AT(`t28`.`gap_quantiles`, 1 + 1) AS `gap_p90_days`,
  TRY_DIVIDE(`t28`.`gap_sd`, `t28`.`gap_mean`) AS `gap_variation`,
  TRY_DIVIDE(
    TRY_DIVIDE(
      UNIX_TIMESTAMP(CAST(`t28`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t28`.`last_active` AS TIMESTAMP)),
      86400.0
    ),
    ELEMENT_AT(`t28`.`gap_quantiles`, 0 + 1)
  ) AS `overdue_ratio`,
  CAST(COALESCE(`t28`.`n_events_1`, 0) AS INT) AS `n_events_1`,
  CAST(COALESCE(`t28`.`n_events_7`, 0) AS INT) AS `n_events_7`,
  CAST(COALESCE(`t28`.`n_events_30`, 0) AS INT) AS `n_events_30`,
  CAST(COALESCE(`t28`.`n_events_90`, 0) AS INT) AS `n_events_90`,
  CAST(COALESCE(`t28`.`n_events_365`, 0) AS INT) AS `n_events_365`,
  CAST(COALESCE(`t28`.`n_exposures_90`, 0) AS INT) AS `n_exposures_90`,
  CAST(COALESCE(`t28`.`n_interests_90`, 0) AS INT) AS `n_interests_90`,
  CAST(COALESCE(`t28`.`n_intents_90`, 0) AS INT) AS `n_intents_90`,
  CAST(COALESCE(`t28`.`n_satisfactions_365`, 0) AS INT) AS `n_satisfactions_365`,
  CAST(COALESCE(`t28`.`n_referrals_365`, 0) AS INT) AS `n_referrals_365`,
  CAST(COALESCE(`t28`.`n_occasions`, 0) AS INT) AS `n_occasions`,
  CAST(COALESCE(`t28`.`n_occasions_30`, 0) AS INT) AS `n_occasions_30`,
  CAST(COALESCE(`t28`.`n_occasions_90`, 0) AS INT) AS `n_occasions_90`,
  `t28`.`value`,
  `t28`.`value_30`,
  `t28`.`value_90`,
  TRY_DIVIDE(`t28`.`paid`, IF(`t28`.`n_occasions` > 0, `t28`.`n_occasions`, NULL)) AS `value_per_occasion`,
  TRY_DIVIDE(
    `t28`.`discount`,
    IF((
      `t28`.`paid` + `t28`.`discount`
    ) > 0, `t28`.`paid` + `t28`.`discount`, NULL)
  ) AS `discount_share`,
  TRY_DIVIDE(`t28`.`paid` - `t28`.`value`, IF(`t28`.`paid` > 0, `t28`.`paid`, NULL)) AS `reversal_share`,
  CAST(COALESCE(`t28`.`n_items`, 0) AS INT) AS `n_items`,
  CAST(COALESCE(`t28`.`n_categories`, 0) AS INT) AS `n_categories`,
  TRY_DIVIDE(
    CAST(`t28`.`n_top_category` AS DOUBLE),
    IF(`t28`.`n_with_category` > 0, `t28`.`n_with_category`, NULL)
  ) AS `top_category_share`,
  TRY_DIVIDE(
    CAST(`t28`.`n_item_commitments` - `t28`.`n_items_committed` AS DOUBLE),
    IF(`t28`.`n_item_commitments` > 0, `t28`.`n_item_commitments`, NULL)
  ) AS `repeat_share`,
  TRY_DIVIDE(
    CAST(`t28`.`n_new_items_90` AS DOUBLE),
    IF(`t28`.`n_items_90` > 0, `t28`.`n_items_90`, NULL)
  ) AS `new_item_share_90`,
  CAST(COALESCE(`t28`.`n_sessions_30`, 0) AS INT) AS `n_sessions_30`,
  TRY_DIVIDE(
    CAST(`t28`.`n_events` AS DOUBLE),
    IF(`t28`.`n_sessions` > 0, `t28`.`n_sessions`, NULL)
  ) AS `events_per_session`,
  TRY_DIVIDE(`t28`.`session_seconds`, 60.0) AS `session_minutes`,
  TRY_DIVIDE(`t28`.`dwell_seconds_90`, 60.0) AS `dwell_minutes_90`,
  TRY_DIVIDE(
    CAST(`t28`.`n_commitments` AS DOUBLE),
    IF(`t28`.`n_occasions` > 0, `t28`.`n_occasions`, NULL)
  ) AS `commitments_per_occasion`,
  TRY_DIVIDE(
    CAST(`t28`.`n_occasions` AS DOUBLE),
    IF(`t28`.`n_sessions` > 0, `t28`.`n_sessions`, NULL)
  ) AS `occasion_share`,
  TRY_DIVIDE(
    CAST(`t28`.`n_weekend` AS DOUBLE),
    IF(`t28`.`n_events` > 0, `t28`.`n_events`, NULL)
  ) AS `weekend_share`,
  TRY_DIVIDE(
    CAST(`t28`.`n_morning` AS DOUBLE),
    IF(`t28`.`n_events` > 0, `t28`.`n_events`, NULL)
  ) AS `morning_share`,
  TRY_DIVIDE(
    CAST(`t28`.`n_evening` AS DOUBLE),
    IF(`t28`.`n_events` > 0, `t28`.`n_events`, NULL)
  ) AS `evening_share`,
  TRY_DIVIDE(CAST(`t28`.`n_night` AS DOUBLE), IF(`t28`.`n_events` > 0, `t28`.`n_events`, NULL)) AS `night_share`,
  TRY_DIVIDE(
    SQRT(
      (
        `t28`.`clock_x` * `t28`.`clock_x`
      ) + (
        `t28`.`clock_y` * `t28`.`clock_y`
      )
    ),
    IF(`t28`.`n_events` > 0, `t28`.`n_events`, NULL)
  ) AS `hour_concentration`,
  TRY_DIVIDE(
    CAST((
      `t28`.`n_events_30` * 2
    ) - `t28`.`n_events_60` AS DOUBLE),
    IF(`t28`.`n_events_60` > 0, `t28`.`n_events_60`, NULL)
  ) AS `event_trend_30`,
  TRY_DIVIDE(
    CAST((
      `t28`.`n_events_90` * 2
    ) - `t28`.`n_events_180` AS DOUBLE),
    IF(`t28`.`n_events_180` > 0, `t28`.`n_events_180`, NULL)
  ) AS `event_trend_90`,
  TRY_DIVIDE(
    CAST((
      `t28`.`n_occasions_90` * 2
    ) - `t28`.`n_occasions_180` AS DOUBLE),
    IF(`t28`.`n_occasions_180` > 0, `t28`.`n_occasions_180`, NULL)
  ) AS `occasion_trend_90`
FROM (
  SELECT
    `t21`.`user_id`,
    `t21`.`as_of`,
    `t21`.`n_events`,
    `t21`.`n_events_1`,
    `t21`.`n_events_7`,
    `t21`.`n_events_30`,
    `t21`.`n_events_60`,
    `t21`.`n_events_90`,
    `t21`.`n_events_180`,
    `t21`.`n_events_365`,
    `t21`.`n_exposures_90`,
    `t21`.`n_interests_90`,
    `t21`.`n_intents_90`,
    `t21`.`n_satisfactions_365`,
    `t21`.`n_referrals_365`,
    `t21`.`n_commitments`,
    `t21`.`paid`,
    `t21`.`value`,
    `t21`.`value_30`,
    `t21`.`value_90`,
    `t21`.`discount`,
    `t21`.`dwell_seconds_90`,
    `t21`.`first_active`,
    `t21`.`last_active`,
    `t21`.`last_commitment`,
    `t21`.`n_weekend`,
    `t21`.`n_morning`,
    `t21`.`n_evening`,
    `t21`.`n_night`,
    `t21`.`clock_x`,
    `t21`.`clock_y`,
    `t27`.`n_active_days`,
    `t27`.`n_active_days_30`,
    `t27`.`n_active_days_90`,
    `t27`.`gap_quantiles`,
    `t27`.`gap_mean`,
    `t27`.`gap_sd`,
    `t26`.`n_sessions`,
    `t26`.`n_sessions_30`,
    `t26`.`session_seconds`,
    `t26`.`n_occasions`,
    `t26`.`n_occasions_30`,
    `t26`.`n_occasions_90`,
    `t26`.`n_occasions_180`,
    `t23`.`n_categories`,
    `t23`.`n_top_category`,
    `t23`.`n_with_category`,
    `t23`.`n_items`,
    `t23`.`n_items_90`,
    `t23`.`n_new_items_90`,
    `t23`.`n_items_committed`,
    `t23`.`n_item_commitments`
  FROM (
    SELECT
      `t15`.`user_id`,
      `t15`.`as_of`,
      SUM(`t15`.`n_events`) AS `n_events`,
      COALESCE(SUM(IF(`t15`.`age_days` < 1, `t15`.`n_events`, NULL)), 0) AS `n_events_1`,
      COALESCE(SUM(IF(`t15`.`age_days` < 7, `t15`.`n_events`, NULL)), 0) AS `n_events_7`,
      COALESCE(SUM(IF(`t15`.`age_days` < 30, `t15`.`n_events`, NULL)), 0) AS `n_events_30`,
      COALESCE(SUM(IF(`t15`.`age_days` < 60, `t15`.`n_events`, NULL)), 0) AS `n_events_60`,
      COALESCE(SUM(IF(`t15`.`age_days` < 90, `t15`.`n_events`, NULL)), 0) AS `n_events_90`,
      COALESCE(SUM(IF(`t15`.`age_days` < 180, `t15`.`n_events`, NULL)), 0) AS `n_events_180`,
      COALESCE(SUM(IF(`t15`.`age_days` < 365, `t15`.`n_events`, NULL)), 0) AS `n_events_365`,
      COALESCE(SUM(IF(`t15`.`age_days` < 90, `t15`.`n_exposures`, NULL)), 0) AS `n_exposures_90`,
      COALESCE(SUM(IF(`t15`.`age_days` < 90, `t15`.`n_interests`, NULL)), 0) AS `n_interests_90`,
      COALESCE(SUM(IF(`t15`.`age_days` < 90, `t15`.`n_intents`, NULL)), 0) AS `n_intents_90`,
      COALESCE(SUM(IF(`t15`.`age_days` < 365, `t15`.`n_satisfactions`, NULL)), 0) AS `n_satisfactions_365`,
      COALESCE(SUM(IF(`t15`.`age_days` < 365, `t15`.`n_referrals`, NULL)), 0) AS `n_referrals_365`,
      SUM(`t15`.`n_commitments`) AS `n_commitments`,
      COALESCE(SUM(`t15`.`paid`), 0) AS `paid`,
      COALESCE(SUM(`t15`.`value`), 0) AS `value`,
      COALESCE(SUM(IF(`t15`.`age_days` < 30, `t15`.`value`, NULL)), 0) AS `value_30`,
      COALESCE(SUM(IF(`t15`.`age_days` < 90, `t15`.`value`, NULL)), 0) AS `value_90`,
      COALESCE(SUM(`t15`.`discount`), 0) AS `discount`,
      COALESCE(SUM(IF(`t15`.`age_days` < 90, `t15`.`dwell_seconds`, NULL)), 0) AS `dwell_seconds_90`,
      MIN(`t15`.`first_active`) AS `first_active`,
      MAX(`t15`.`last_active`) AS `last_active`,
      MAX(`t15`.`last_commitment`) AS `last_commitment`,
      SUM(`t15`.`n_weekend`) AS `n_weekend`,
      SUM(`t15`.`n_morning`) AS `n_morning`,
      SUM(`t15`.`n_evening`) AS `n_evening`,
      SUM(`t15`.`n_night`) AS `n_night`,
      SUM(`t15`.`clock_x`) AS `clock_x`,
      SUM(`t15`.`clock_y`) AS `clock_y`
    FROM (
      SELECT
        `t12`.`user_id`,
        `t12`.`as_of`,
        `t12`.`age_days`,
        COALESCE(`t12`.`session_id`, CAST(`t12`.`age_days` AS STRING)) AS `session_id`,
        `t12`.`n_events`,
        `t12`.`n_exposures`,
        `t12`.`n_interests`,
        `t12`.`n_intents`,
        `t12`.`n_commitments`,
        `t12`.`n_satisfactions`,
        `t12`.`n_referrals`,
        `t12`.`paid`,
        `t12`.`value`,
        `t12`.`discount`,
        `t12`.`dwell_seconds`,
        `t12`.`first_active`,
        `t12`.`last_active`,
        `t12`.`last_commitment`,
        `t12`.`n_weekend`,
        `t12`.`n_morning`,
        `t12`.`n_evening`,
        `t12`.`n_night`,
        `t12`.`clock_x`,
        `t12`.`clock_y`
      FROM `t11` AS `t12`
    ) AS `t15`
    GROUP BY
      1,
      2
  ) AS `t21`
  LEFT OUTER JOIN (
    SELECT
      `t20`.`user_id`,
      `t20`.`as_of`,
      COUNT(*) AS `n_active_days`,
      SUM(CAST(`t20`.`age_days` < 30 AS BIGINT)) AS `n_active_days_30`,
      SUM(CAST(`t20`.`age_days` < 90 AS BIGINT)) AS `n_active_days_90`,
      PERCENTILE(`t20`.`gap_days`, ARRAY(0.5, 0.9)) AS `gap_quantiles`,
      AVG(`t20`.`gap_days`) AS `gap_mean`,
      STDDEV_SAMP(`t20`.`gap_days`) AS `gap_sd`
    FROM (
      SELECT
        `t14`.`user_id`,
        `t14`.`as_of`,
        `t14`.`age_days`,
        CAST(LEAD(`t14`.`age_days`) OVER (
          PARTITION BY `t14`.`user_id`, `t14`.`as_of`
          ORDER BY `t14`.`age_days` ASC NULLS LAST
        ) - `t14`.`age_days` AS DOUBLE) AS `gap_days`
      FROM (
        SELECT DISTINCT
          `t12`.`user_id`,
          `t12`.`as_of`,
          `t12`.`age_days`
        FROM `t11` AS `t12`
        WHERE
          `t12`.`n_events` > 0
      ) AS `t14`
    ) AS `t20`
    GROUP BY
      1,
      2
  ) AS `t27`
    ON `t21`.`user_id` = `t27`.`user_id` AND `t21`.`as_of` = `t27`.`as_of`
  LEFT OUTER JOIN (
    SELECT
      `t19`.`user_id`,
      `t19`.`as_of`,
      COUNT(*) AS `n_sessions`,
      SUM(CAST(`t19`.`age_days` < 30 AS BIGINT)) AS `n_sessions_30`,
      AVG(`t19`.`seconds`) AS `session_seconds`,
      SUM(CAST(`t19`.`occasion_age_days` IS NOT NULL AS BIGINT)) AS `n_occasions`,
      SUM(CAST(`t19`.`occasion_age_days` < 30 AS BIGINT)) AS `n_occasions_30`,
      SUM(CAST(`t19`.`occasion_age_days` < 90 AS BIGINT)) AS `n_occasions_90`,
      SUM(CAST(`t19`.`occasion_age_days` < 180 AS BIGINT)) AS `n_occasions_180`
    FROM (
      SELECT
        `t16`.`user_id`,
        `t16`.`as_of`,
        `t16`.`session_id`,
        MIN(`t16`.`age_days`) AS `age_days`,
        MIN(IF(`t16`.`n_commitments` > 0, `t16`.`age_days`, NULL)) AS `occasion_age_days`,
        UNIX_TIMESTAMP(CAST(MAX(`t16`.`last_active`) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(MIN(`t16`.`first_active`) AS TIMESTAMP)) AS `seconds`
      FROM (
        SELECT
          `t12`.`user_id`,
          `t12`.`as_of`,
          `t12`.`age_days`,
          COALESCE(`t12`.`session_id`, CAST(`t12`.`age_days` AS STRING)) AS `session_id`,
          `t12`.`n_events`,
          `t12`.`n_exposures`,
          `t12`.`n_interests`,
          `t12`.`n_intents`,
          `t12`.`n_commitments`,
          `t12`.`n_satisfactions`,
          `t12`.`n_referrals`,
          `t12`.`paid`,
          `t12`.`value`,
          `t12`.`discount`,
          `t12`.`dwell_seconds`,
          `t12`.`first_active`,
          `t12`.`last_active`,
          `t12`.`last_commitment`,
          `t12`.`n_weekend`,
          `t12`.`n_morning`,
          `t12`.`n_evening`,
          `t12`.`n_night`,
          `t12`.`clock_x`,
          `t12`.`clock_y`
        FROM `t11` AS `t12`
        WHERE
          `t12`.`n_events` > 0
      ) AS `t16`
      GROUP BY
        1,
        2,
        3
    ) AS `t19`
    GROUP BY
      1,
      2
  ) AS `t26`
    ON `t21`.`user_id` = `t26`.`user_id` AND `t21`.`as_of` = `t26`.`as_of`
  LEFT OUTER JOIN (
    SELECT
      `t17`.`user_id`,
      `t17`.`as_of`,
      SUM(CAST(`t17`.`category` IS NOT NULL AS BIGINT)) AS `n_categories`,
      MAX(IF(`t17`.`category` IS NOT NULL, `t17`.`n_events`, NULL)) AS `n_top_category`,
      SUM(IF(`t17`.`category` IS NOT NULL, `t17`.`n_events`, NULL)) AS `n_with_category`,
      SUM(`t17`.`n_items`) AS `n_items`,
      SUM(`t17`.`n_items_90`) AS `n_items_90`,
      SUM(`t17`.`n_new_items_90`) AS `n_new_items_90`,
      SUM(`t17`.`n_items_committed`) AS `n_items_committed`,
      SUM(`t17`.`n_item_commitments`) AS `n_item_commitments`
    FROM (
      SELECT
        `t13`.`user_id`,
        `t13`.`as_of`,
        `t13`.`category`,
        SUM(`t13`.`n_events`) AS `n_events`,
        COUNT(*) AS `n_items`,
        SUM(CAST(`t13`.`last_age_days` < 90 AS BIGINT)) AS `n_items_90`,
        SUM(CAST(`t13`.`first_age_days` < 90 AS BIGINT)) AS `n_new_items_90`,
        SUM(CAST(`t13`.`n_commitments` > 0 AS BIGINT)) AS `n_items_committed`,
        SUM(`t13`.`n_commitments`) AS `n_item_commitments`
      FROM (
        SELECT
          `t10`.`user_id`,
          `t10`.`as_of`,
          `t10`.`item_id`,
          `t10`.`n_events`,
          `t10`.`n_commitments`,
          `t10`.`first_age_days`,
          `t10`.`last_age_days`,
          `t6`.`item_id` AS `item_id_right`,
          `t6`.`category`
        FROM (
          SELECT
            `t8`.`user_id`,
            `t8`.`as_of`,
            `t8`.`item_id`,
            COUNT(*) AS `n_events`,
            SUM(CAST(COALESCE(`t8`.`role` IN ('commitment'), FALSE) AS BIGINT)) AS `n_commitments`,
            MAX(`t8`.`age_days`) AS `first_age_days`,
            MIN(`t8`.`age_days`) AS `last_age_days`
          FROM (
            SELECT
              `t5`.`event_id`,
              `t5`.`user_id`,
              `t5`.`item_id`,
              `t5`.`event_type`,
              `t5`.`timestamp`,
              `t5`.`value`,
              `t5`.`quantity`,
              `t5`.`discount`,
              `t5`.`duration_seconds`,
              `t5`.`session_id`,
              `t5`.`recommendation_id`,
              `t5`.`properties`,
              `t5`.`role`,
              `t5`.`weight`,
              `t5`.`as_of`,
              CAST(CAST(CEIL(
                TRY_DIVIDE(
                  UNIX_TIMESTAMP(CAST(`t5`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t5`.`timestamp` AS TIMESTAMP)),
                  86400.0
                )
              ) AS BIGINT) - 1 AS INT) AS `age_days`
            FROM `t3` AS `t5`
            WHERE
              `t5`.`timestamp` < `t5`.`as_of`
              AND `t5`.`item_id` IS NOT NULL
              AND (
                (
                  `t5`.`role` IS NULL
                )
                OR `t5`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
              )
          ) AS `t8`
          GROUP BY
            1,
            2,
            3
        ) AS `t10`
        LEFT OUTER JOIN (
          SELECT
            `t0`.`item_id`,
            IF(
              SIZE(`t0`.`categories`) >= 2,
              ELEMENT_AT(`t0`.`categories`, 1 + 1),
              IF(SIZE(`t0`.`categories`) >= 1, ELEMENT_AT(`t0`.`categories`, 0 + 1), NULL)
            ) AS `category`
          FROM `items` AS `t0`
        ) AS `t6`
          ON `t10`.`item_id` = `t6`.`item_id`
      ) AS `t13`
      GROUP BY
        1,
        2,
        3
    ) AS `t17`
    GROUP BY
      1,
      2
  ) AS `t23`
    ON `t21`.`user_id` = `t23`.`user_id` AND `t21`.`as_of` = `t23`.`as_of`
) AS `t28`
