SELECT
  `t4`.`user_id`,
  `t4`.`as_of`,
  CAST(CEIL(
    TRY_DIVIDE(
      UNIX_TIMESTAMP(CAST(`t4`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(COALESCE(`t4`.`last_active`, `t4`.`first_seen`) AS TIMESTAMP)),
      86400.0
    )
  ) AS BIGINT) - 1 AS `silence_days`,
  TRY_DIVIDE(
    (
      GREATEST(`t4`.`n_active_days` - 1, 0) * COALESCE(
        TRY_DIVIDE(
          COALESCE(`t4`.`last_day` - `t4`.`first_day`, 0),
          NULLIF(GREATEST(`t4`.`n_active_days` - 1, 0), 0)
        ),
        0.0
      )
    ) + 14.0,
    GREATEST(`t4`.`n_active_days` - 1, 0) + 2.0
  ) AS `usual_gap_days`,
  TRY_DIVIDE(
    CAST(CEIL(
      TRY_DIVIDE(
        UNIX_TIMESTAMP(CAST(`t4`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(COALESCE(`t4`.`last_active`, `t4`.`first_seen`) AS TIMESTAMP)),
        86400.0
      )
    ) AS BIGINT) - 1,
    TRY_DIVIDE(
      (
        GREATEST(`t4`.`n_active_days` - 1, 0) * COALESCE(
          TRY_DIVIDE(
            COALESCE(`t4`.`last_day` - `t4`.`first_day`, 0),
            NULLIF(GREATEST(`t4`.`n_active_days` - 1, 0), 0)
          ),
          0.0
        )
      ) + 14.0,
      GREATEST(`t4`.`n_active_days` - 1, 0) + 2.0
    )
  ) AS `overdue_ratio`,
  `t4`.`n_active_days`,
  COALESCE(`t4`.`last_day` - `t4`.`first_day`, 0) AS `span_days`,
  `t4`.`n_occasions`,
  (
    `t4`.`last_exit` IS NOT NULL
  )
  AND (
    (
      `t4`.`last_active` IS NULL
    ) OR (
      `t4`.`last_exit` >= `t4`.`last_active`
    )
  ) AS `has_left`,
  `t4`.`first_day_back` - `t4`.`last_day_before` AS `away_days`,
  `t4`.`n_referrals`,
  `t4`.`n_praises`,
  `t4`.`recent_occasions`,
  TRY_DIVIDE(
    `t4`.`earlier_occasions`,
    IF(
      LEAST(TRY_DIVIDE(`t4`.`known_days`, 30) - 1, 3.0) >= 1,
      LEAST(TRY_DIVIDE(`t4`.`known_days`, 30) - 1, 3.0),
      NULL
    )
  ) AS `usual_occasions`,
  IF(
    (
      `t4`.`recent_value` IS NOT NULL AND NOT ISNAN(`t4`.`recent_value`)
    )
    OR (
      `t4`.`earlier_value` IS NOT NULL AND NOT ISNAN(`t4`.`earlier_value`)
    ),
    COALESCE(`t4`.`recent_value`, 0.0),
    CAST(`t4`.`recent_occasions` AS DOUBLE)
  ) AS `recent_amount`,
  TRY_DIVIDE(
    IF(
      (
        `t4`.`recent_value` IS NOT NULL AND NOT ISNAN(`t4`.`recent_value`)
      )
      OR (
        `t4`.`earlier_value` IS NOT NULL AND NOT ISNAN(`t4`.`earlier_value`)
      ),
      COALESCE(`t4`.`earlier_value`, 0.0),
      CAST(`t4`.`earlier_occasions` AS DOUBLE)
    ),
    IF(
      LEAST(TRY_DIVIDE(`t4`.`known_days`, 30) - 1, 3.0) >= 1,
      LEAST(TRY_DIVIDE(`t4`.`known_days`, 30) - 1, 3.0),
      NULL
    )
  ) AS `usual_amount`
FROM (
  SELECT
    `t3`.`user_id`,
    `t3`.`as_of`,
    MIN(`t3`.`timestamp`) AS `first_seen`,
    MAX(`t3`.`age_days`) + 1 AS `known_days`,
    MAX(`t3`.`last_active`) AS `last_active`,
    MAX(`t3`.`last_exit`) AS `last_exit`,
    COUNT(DISTINCT `t3`.`active_day`) AS `n_active_days`,
    MIN(`t3`.`active_day`) AS `first_day`,
    MAX(`t3`.`active_day`) AS `last_day`,
    MAX(IF(NOT (
      `t3`.`age_days` < 30
    ), `t3`.`active_day`, NULL)) AS `last_day_before`,
    MIN(IF(`t3`.`age_days` < 30, `t3`.`active_day`, NULL)) AS `first_day_back`,
    COUNT(DISTINCT `t3`.`commitment_day`) AS `n_occasions`,
    COUNT(DISTINCT IF(`t3`.`age_days` < 30, `t3`.`commitment_day`, NULL)) AS `recent_occasions`,
    COUNT(
      DISTINCT IF(
        (
          `t3`.`age_days` < 120
        ) AND NOT (
          `t3`.`age_days` < 30
        ),
        `t3`.`commitment_day`,
        NULL
      )
    ) AS `earlier_occasions`,
    SUM(IF(`t3`.`age_days` < 30, `t3`.`amount`, NULL)) AS `recent_value`,
    SUM(
      IF((
        `t3`.`age_days` < 120
      ) AND NOT (
        `t3`.`age_days` < 30
      ), `t3`.`amount`, NULL)
    ) AS `earlier_value`,
    COALESCE(
      CAST(SUM(IF(`t3`.`age_days` < 120, CAST(`t3`.`n_referrals` AS DOUBLE), NULL)) AS BIGINT),
      0
    ) AS `n_referrals`,
    COALESCE(
      CAST(SUM(IF(`t3`.`age_days` < 120, CAST(`t3`.`n_praises` AS DOUBLE), NULL)) AS BIGINT),
      0
    ) AS `n_praises`
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
      IF(`t2`.`has_commitment`, `t2`.`day`, NULL) AS `commitment_day`,
      CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS `as_of`,
      CAST(CAST(CEIL(
        TRY_DIVIDE(
          UNIX_TIMESTAMP(CAST(CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t2`.`timestamp` AS TIMESTAMP)),
          86400.0
        )
      ) AS BIGINT) - 1 AS INT) AS `age_days`
    FROM (
      SELECT
        `t1`.`user_id`,
        CAST(FLOOR((
          UNIX_TIMESTAMP(CAST(`t1`.`timestamp` AS TIMESTAMP))
        ) / (
          86400
        )) AS BIGINT) AS `day`,
        CAST(`t1`.`timestamp` >= CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS INT) AS `part`,
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
  GROUP BY
    1,
    2
) AS `t4`
