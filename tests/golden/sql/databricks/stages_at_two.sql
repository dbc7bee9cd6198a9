SELECT
  `t8`.`user_id`,
  `t8`.`as_of`,
  `t8`.`silence_days`,
  `t8`.`usual_gap_days`,
  `t8`.`overdue_ratio`,
  `t8`.`n_active_days`,
  `t8`.`span_days`,
  `t8`.`n_occasions`,
  `t8`.`has_left`,
  `t8`.`away_days`,
  `t8`.`n_referrals`,
  `t8`.`n_praises`,
  `t8`.`recent_occasions`,
  `t8`.`usual_occasions`,
  `t8`.`recent_amount`,
  `t8`.`usual_amount`,
  `t8`.`rule`,
  CASE `t8`.`rule`
    WHEN 'left'
    THEN 'churned'
    WHEN 'gone'
    THEN 'churned'
    WHEN 'dormant'
    THEN 'dormant'
    WHEN 'late'
    THEN 'at_risk'
    WHEN 'back'
    THEN 'resurrected'
    WHEN 'refers'
    THEN 'advocate'
    WHEN 'praises'
    THEN 'advocate'
    WHEN 'grows'
    THEN 'growing'
    WHEN 'keeps_coming'
    THEN 'retained'
    WHEN 'activated'
    THEN 'activated'
    WHEN 'acquired'
    THEN 'acquired'
    ELSE NULL
  END AS `stage`
FROM (
  SELECT
    `t7`.`user_id`,
    `t7`.`as_of`,
    `t7`.`silence_days`,
    `t7`.`usual_gap_days`,
    `t7`.`overdue_ratio`,
    `t7`.`n_active_days`,
    `t7`.`span_days`,
    `t7`.`n_occasions`,
    `t7`.`has_left`,
    `t7`.`away_days`,
    `t7`.`n_referrals`,
    `t7`.`n_praises`,
    `t7`.`recent_occasions`,
    `t7`.`usual_occasions`,
    `t7`.`recent_amount`,
    `t7`.`usual_amount`,
    CASE
      WHEN `t7`.`has_left`
      THEN 'left'
      WHEN (
        `t7`.`silence_days` >= 120
      ) AND (
        `t7`.`overdue_ratio` >= 1
      )
      THEN 'gone'
      WHEN (
        `t7`.`silence_days` >= 60
      ) AND (
        `t7`.`overdue_ratio` >= 1
      )
      THEN 'dormant'
      WHEN `t7`.`overdue_ratio` >= 2.5
      THEN 'late'
      WHEN `t7`.`away_days` >= 60
      THEN 'back'
      WHEN `t7`.`n_referrals` > 0
      THEN 'refers'
      WHEN `t7`.`n_praises` >= 3
      THEN 'praises'
      WHEN (
        `t7`.`usual_amount` > 0
      )
      AND (
        `t7`.`recent_amount` >= (
          `t7`.`usual_amount` * 1.5
        )
      )
      AND (
        `t7`.`recent_occasions` >= (
          `t7`.`usual_occasions` + (
            SQRT(`t7`.`usual_occasions`) * 2.0
          )
        )
      )
      THEN 'grows'
      WHEN (
        `t7`.`n_occasions` >= 2
      ) AND (
        `t7`.`span_days` >= 30
      )
      THEN 'keeps_coming'
      WHEN `t7`.`n_occasions` >= 2
      THEN 'activated'
      WHEN `t7`.`silence_days` IS NOT NULL
      THEN 'acquired'
      ELSE NULL
    END AS `rule`
  FROM (
    SELECT
      `t6`.`user_id`,
      `t6`.`as_of`,
      CAST(CEIL(
        TRY_DIVIDE(
          UNIX_TIMESTAMP(CAST(`t6`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(COALESCE(`t6`.`last_active`, `t6`.`first_seen`) AS TIMESTAMP)),
          86400.0
        )
      ) AS BIGINT) - 1 AS `silence_days`,
      TRY_DIVIDE(
        (
          GREATEST(`t6`.`n_active_days` - 1, 0) * COALESCE(
            TRY_DIVIDE(
              COALESCE(`t6`.`last_day` - `t6`.`first_day`, 0),
              NULLIF(GREATEST(`t6`.`n_active_days` - 1, 0), 0)
            ),
            0.0
          )
        ) + 14.0,
        GREATEST(`t6`.`n_active_days` - 1, 0) + 2.0
      ) AS `usual_gap_days`,
      TRY_DIVIDE(
        CAST(CEIL(
          TRY_DIVIDE(
            UNIX_TIMESTAMP(CAST(`t6`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(COALESCE(`t6`.`last_active`, `t6`.`first_seen`) AS TIMESTAMP)),
            86400.0
          )
        ) AS BIGINT) - 1,
        TRY_DIVIDE(
          (
            GREATEST(`t6`.`n_active_days` - 1, 0) * COALESCE(
              TRY_DIVIDE(
                COALESCE(`t6`.`last_day` - `t6`.`first_day`, 0),
                NULLIF(GREATEST(`t6`.`n_active_days` - 1, 0), 0)
              ),
              0.0
            )
          ) + 14.0,
          GREATEST(`t6`.`n_active_days` - 1, 0) + 2.0
        )
      ) AS `overdue_ratio`,
      `t6`.`n_active_days`,
      COALESCE(`t6`.`last_day` - `t6`.`first_day`, 0) AS `span_days`,
      `t6`.`n_occasions`,
      (
        `t6`.`last_exit` IS NOT NULL
      )
      AND (
        (
          `t6`.`last_active` IS NULL
        ) OR (
          `t6`.`last_exit` >= `t6`.`last_active`
        )
      ) AS `has_left`,
      `t6`.`first_day_back` - `t6`.`last_day_before` AS `away_days`,
      `t6`.`n_referrals`,
      `t6`.`n_praises`,
      `t6`.`recent_occasions`,
      TRY_DIVIDE(
        `t6`.`earlier_occasions`,
        IF(
          LEAST(TRY_DIVIDE(`t6`.`known_days`, 30) - 1, 3.0) >= 1,
          LEAST(TRY_DIVIDE(`t6`.`known_days`, 30) - 1, 3.0),
          NULL
        )
      ) AS `usual_occasions`,
      IF(
        (
          `t6`.`recent_value` IS NOT NULL AND NOT ISNAN(`t6`.`recent_value`)
        )
        OR (
          `t6`.`earlier_value` IS NOT NULL AND NOT ISNAN(`t6`.`earlier_value`)
        ),
        COALESCE(`t6`.`recent_value`, 0.0),
        CAST(`t6`.`recent_occasions` AS DOUBLE)
      ) AS `recent_amount`,
      TRY_DIVIDE(
        IF(
          (
            `t6`.`recent_value` IS NOT NULL AND NOT ISNAN(`t6`.`recent_value`)
          )
          OR (
            `t6`.`earlier_value` IS NOT NULL AND NOT ISNAN(`t6`.`earlier_value`)
          ),
          COALESCE(`t6`.`earlier_value`, 0.0),
          CAST(`t6`.`earlier_occasions` AS DOUBLE)
        ),
        IF(
          LEAST(TRY_DIVIDE(`t6`.`known_days`, 30) - 1, 3.0) >= 1,
          LEAST(TRY_DIVIDE(`t6`.`known_days`, 30) - 1, 3.0),
          NULL
        )
      ) AS `usual_amount`
    FROM (
      SELECT
        `t5`.`user_id`,
        `t5`.`as_of`,
        MIN(`t5`.`timestamp`) AS `first_seen`,
        MAX(`t5`.`age_days`) + 1 AS `known_days`,
        MAX(`t5`.`last_active`) AS `last_active`,
        MAX(`t5`.`last_exit`) AS `last_exit`,
        COUNT(DISTINCT `t5`.`active_day`) AS `n_active_days`,
        MIN(`t5`.`active_day`) AS `first_day`,
        MAX(`t5`.`active_day`) AS `last_day`,
        MAX(IF(NOT (
          `t5`.`age_days` < 30
        ), `t5`.`active_day`, NULL)) AS `last_day_before`,
        MIN(IF(`t5`.`age_days` < 30, `t5`.`active_day`, NULL)) AS `first_day_back`,
        COUNT(DISTINCT `t5`.`commitment_day`) AS `n_occasions`,
        COUNT(DISTINCT IF(`t5`.`age_days` < 30, `t5`.`commitment_day`, NULL)) AS `recent_occasions`,
        COUNT(
          DISTINCT IF(
            (
              `t5`.`age_days` < 120
            ) AND NOT (
              `t5`.`age_days` < 30
            ),
            `t5`.`commitment_day`,
            NULL
          )
        ) AS `earlier_occasions`,
        SUM(IF(`t5`.`age_days` < 30, `t5`.`amount`, NULL)) AS `recent_value`,
        SUM(
          IF((
            `t5`.`age_days` < 120
          ) AND NOT (
            `t5`.`age_days` < 30
          ), `t5`.`amount`, NULL)
        ) AS `earlier_value`,
        COALESCE(
          CAST(SUM(IF(`t5`.`age_days` < 120, CAST(`t5`.`n_referrals` AS DOUBLE), NULL)) AS BIGINT),
          0
        ) AS `n_referrals`,
        COALESCE(
          CAST(SUM(IF(`t5`.`age_days` < 120, CAST(`t5`.`n_praises` AS DOUBLE), NULL)) AS BIGINT),
          0
        ) AS `n_praises`
      FROM (
        SELECT
          `t4`.`user_id`,
          `t4`.`day`,
          `t4`.`part`,
          `t4`.`timestamp`,
          `t4`.`last_active`,
          `t4`.`last_exit`,
          `t4`.`has_commitment`,
          `t4`.`amount`,
          `t4`.`n_referrals`,
          `t4`.`n_praises`,
          `t4`.`active_day`,
          `t4`.`commitment_day`,
          `t4`.`as_of`,
          CAST(CAST(CEIL(
            TRY_DIVIDE(
              UNIX_TIMESTAMP(CAST(`t4`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t4`.`timestamp` AS TIMESTAMP)),
              86400.0
            )
          ) AS BIGINT) - 1 AS INT) AS `age_days`
        FROM (
          SELECT
            `t3`.`user_id`,
            `t3`.`day`,
            `t3`.`part`,
            `t3`.`timestamp`,
            `t3`.`last_active`,
            `t3`.`last_exit`,
            `t3`.`has_commitment`,
            `t3`.`amount`,
            `t3`.`n_referrals`,
            `t3`.`n_praises`,
            `t3`.`active_day`,
            `t3`.`commitment_day`,
            EXPLODE(
              ARRAY(CAST('2024-05-02T12:00:00' AS TIMESTAMP), CAST('2024-06-01T12:00:00' AS TIMESTAMP))
            ) AS `as_of`
          FROM (
            SELECT
              `t2`.`user_id`,
              `t2`.`day`,
              `t2`.`part`,
              `t2`.`timestamp`,
              `t2`.`last_active`,
              `t2`.`last_exit`,
              `t2`.`has_commitment`,
              `t2`.`amount`,
              `t2`.`n_referrals`,
              `t2`.`n_praises`,
              IF(`t2`.`last_active` IS NOT NULL, `t2`.`day`, NULL) AS `active_day`,
              IF(`t2`.`has_commitment`, `t2`.`day`, NULL) AS `commitment_day`
            FROM (
              SELECT
                `t1`.`user_id`,
                CAST(FLOOR((
                  UNIX_TIMESTAMP(CAST(`t1`.`timestamp` AS TIMESTAMP))
                ) / (
                  86400
                )) AS BIGINT) AS `day`,
                CAST(`t1`.`timestamp` >= CAST('2024-05-02T12:00:00' AS TIMESTAMP) AS INT) + CAST(`t1`.`timestamp` >= CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS INT) AS `part`,
                MAX(`t1`.`timestamp`) AS `timestamp`,
                MAX(
                  IF(
                    (
                      `t1`.`role` IS NULL
                    )
                    OR `t1`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral'),
                    `t1`.`timestamp`,
                    NULL
                  )
                ) AS `last_active`,
                MAX(IF(COALESCE(`t1`.`role` IN ('exit'), FALSE), `t1`.`timestamp`, NULL)) AS `last_exit`,
                BOOL_OR(COALESCE(`t1`.`role` IN ('commitment'), FALSE)) AS `has_commitment`,
                SUM(
                  IF(COALESCE(`t1`.`role` IN ('commitment', 'reversal'), FALSE), `t1`.`value`, NULL)
                ) AS `amount`,
                SUM(CAST(COALESCE(`t1`.`role` IN ('referral'), FALSE) AS BIGINT)) AS `n_referrals`,
                SUM(
                  CAST(COALESCE(`t1`.`role` IN ('satisfaction'), FALSE)
                  AND COALESCE(`t1`.`weight` > 0, FALSE) AS BIGINT)
                ) AS `n_praises`
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
              ) AS `t1`
              GROUP BY
                1,
                2,
                3
            ) AS `t2`
            WHERE
              `t2`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
          ) AS `t3`
        ) AS `t4`
        WHERE
          `t4`.`timestamp` < `t4`.`as_of`
      ) AS `t5`
      GROUP BY
        1,
        2
    ) AS `t6`
  ) AS `t7`
) AS `t8`
