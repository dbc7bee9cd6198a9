SELECT
  `t11`.`user_id`,
  `t11`.`as_of`,
  COALESCE(
    TRY_DIVIDE(
      UNIX_TIMESTAMP(CAST(`t11`.`returned_at` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t11`.`as_of` AS TIMESTAMP)),
      86400.0
    ),
    TRY_DIVIDE(
      UNIX_TIMESTAMP(CAST(CAST('2024-07-01T00:00:00' AS TIMESTAMP) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t11`.`as_of` AS TIMESTAMP)),
      86400.0
    )
  ) AS `days`,
  `t11`.`returned_at` IS NOT NULL AS `returned`
FROM (
  SELECT
    `t4`.`user_id`,
    `t4`.`as_of`,
    `t10`.`returned_at`
  FROM (
    SELECT
      `t1`.`user_id`,
      CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS `as_of`
    FROM (
      SELECT
        `t0`.`user_id`,
        MIN(`t0`.`timestamp`) AS `timestamp`
      FROM `events` AS `t0`
      GROUP BY
        1
    ) AS `t1`
    WHERE
      `t1`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
  ) AS `t4`
  LEFT OUTER JOIN (
    SELECT
      `t8`.`user_id`,
      `t8`.`as_of`,
      MIN(`t8`.`timestamp`) AS `returned_at`
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t6`.`user_id`,
          `t6`.`n_passed`,
          `t6`.`timestamp`,
          EXPLODE(ARRAY(CAST('2024-06-01T12:00:00' AS TIMESTAMP))) AS `as_of`
        FROM (
          SELECT
            *
          FROM (
            SELECT
              `t2`.`user_id`,
              `t2`.`n_passed`,
              MIN(`t2`.`timestamp`) AS `timestamp`
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
                CAST(`t0`.`timestamp` >= CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS INT) + 0 AS `n_passed`
              FROM `events` AS `t0`
              WHERE
                (
                  (
                    `t0`.`role` IS NULL
                  )
                  OR `t0`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
                )
                AND `t0`.`timestamp` < CAST('2024-07-01T00:00:00' AS TIMESTAMP)
            ) AS `t2`
            GROUP BY
              1,
              2
          ) AS `t5`
          WHERE
            `t5`.`timestamp` >= CAST('2024-06-01T12:00:00' AS TIMESTAMP)
        ) AS `t6`
      ) AS `t7`
      WHERE
        `t7`.`timestamp` >= `t7`.`as_of`
        AND `t7`.`timestamp` < (
          `t7`.`as_of` + INTERVAL '30' DAY
        )
    ) AS `t8`
    GROUP BY
      1,
      2
  ) AS `t10`
    ON `t4`.`user_id` = `t10`.`user_id` AND `t4`.`as_of` = `t10`.`as_of`
) AS `t11`
