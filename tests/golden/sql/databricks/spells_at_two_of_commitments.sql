SELECT
  `t13`.`user_id`,
  `t13`.`as_of`,
  COALESCE(
    LEAST(
      TRY_DIVIDE(
        UNIX_TIMESTAMP(CAST(`t13`.`returned_at` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t13`.`as_of` AS TIMESTAMP)),
        86400.0
      ) + 0.5,
      TRY_DIVIDE(
        UNIX_TIMESTAMP(CAST(CAST('2024-07-01T00:00:00' AS TIMESTAMP) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t13`.`as_of` AS TIMESTAMP)),
        86400.0
      )
    ),
    TRY_DIVIDE(
      UNIX_TIMESTAMP(CAST(CAST('2024-07-01T00:00:00' AS TIMESTAMP) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t13`.`as_of` AS TIMESTAMP)),
      86400.0
    )
  ) AS `days`,
  `t13`.`returned_at` IS NOT NULL AS `returned`
FROM (
  SELECT
    `t7`.`user_id`,
    `t7`.`as_of`,
    `t12`.`returned_at`
  FROM (
    SELECT
      `t4`.`user_id`,
      `t4`.`as_of`
    FROM (
      SELECT
        `t2`.`user_id`,
        `t2`.`timestamp`,
        EXPLODE(
          ARRAY(CAST('2024-05-02T12:00:00' AS TIMESTAMP), CAST('2024-06-01T12:00:00' AS TIMESTAMP))
        ) AS `as_of`
      FROM (
        SELECT
          *
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
      ) AS `t2`
    ) AS `t4`
    WHERE
      `t4`.`timestamp` < `t4`.`as_of`
  ) AS `t7`
  LEFT OUTER JOIN (
    SELECT
      `t10`.`user_id`,
      `t10`.`as_of`,
      MIN(`t10`.`timestamp`) AS `returned_at`
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t8`.`user_id`,
          `t8`.`n_passed`,
          `t8`.`timestamp`,
          EXPLODE(
            ARRAY(CAST('2024-05-02T12:00:00' AS TIMESTAMP), CAST('2024-06-01T12:00:00' AS TIMESTAMP))
          ) AS `as_of`
        FROM (
          SELECT
            *
          FROM (
            SELECT
              `t3`.`user_id`,
              `t3`.`n_passed`,
              MIN(`t3`.`timestamp`) AS `timestamp`
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
                CAST(`t0`.`timestamp` >= CAST('2024-05-02T12:00:00' AS TIMESTAMP) AS INT) + 0 + CAST(`t0`.`timestamp` >= CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS INT) AS `n_passed`
              FROM `events` AS `t0`
              WHERE
                COALESCE(`t0`.`role` IN ('commitment'), FALSE)
                AND `t0`.`timestamp` < CAST('2024-07-01T00:00:00' AS TIMESTAMP)
            ) AS `t3`
            GROUP BY
              1,
              2
          ) AS `t5`
          WHERE
            `t5`.`timestamp` >= CAST('2024-05-02T12:00:00' AS TIMESTAMP)
        ) AS `t8`
      ) AS `t9`
      WHERE
        `t9`.`timestamp` >= `t9`.`as_of`
        AND `t9`.`timestamp` < (
          `t9`.`as_of` + INTERVAL '60' DAY
        )
    ) AS `t10`
    GROUP BY
      1,
      2
  ) AS `t12`
    ON `t7`.`user_id` = `t12`.`user_id` AND `t7`.`as_of` = `t12`.`as_of`
) AS `t13`
