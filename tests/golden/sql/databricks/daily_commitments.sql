WITH `t4` AS (
  SELECT
    `t1`.`user_id`,
    MIN(`t1`.`day`) AS `first_day`
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
      CAST('2024-06-01T00:00:00' AS TIMESTAMP) AS `as_of`,
      CAST(CAST(CEIL(
        TRY_DIVIDE(
          UNIX_TIMESTAMP(CAST(CAST('2024-06-01T00:00:00' AS TIMESTAMP) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t0`.`timestamp` AS TIMESTAMP)),
          86400.0
        )
      ) AS BIGINT) - 1 AS INT) AS `age_days`,
      DATE_TRUNC('day', `t0`.`timestamp`) AS `day`
    FROM `events` AS `t0`
    WHERE
      `t0`.`timestamp` < CAST('2024-06-01T00:00:00' AS TIMESTAMP)
  ) AS `t1`
  GROUP BY
    1
)
SELECT
  *
FROM (
  SELECT
    COALESCE(`t8`.`day`, `t12`.`day`) AS `day`,
    COALESCE(`t12`.`n_users`, 0) AS `n_users`,
    COALESCE(`t12`.`value`, 0.0) AS `value`,
    COALESCE(`t8`.`n_joined`, 0) AS `n_joined`
  FROM (
    SELECT
      `t5`.`first_day` AS `day`,
      COUNT(*) AS `n_joined`
    FROM `t4` AS `t5`
    GROUP BY
      1
  ) AS `t8`
  FULL OUTER JOIN (
    SELECT
      `t10`.`day`,
      COUNT(
        DISTINCT IF(COALESCE(`t10`.`role` IN ('commitment'), FALSE), `t10`.`user_id`, NULL)
      ) AS `n_users`,
      SUM(`t10`.`value`) AS `value`
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t3`.`event_id`,
          `t3`.`user_id`,
          `t3`.`item_id`,
          `t3`.`event_type`,
          `t3`.`timestamp`,
          `t3`.`value`,
          `t3`.`quantity`,
          `t3`.`discount`,
          `t3`.`duration_seconds`,
          `t3`.`session_id`,
          `t3`.`recommendation_id`,
          `t3`.`properties`,
          `t3`.`role`,
          `t3`.`weight`,
          `t3`.`as_of`,
          `t3`.`age_days`,
          `t3`.`day`,
          `t6`.`first_day`
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
            CAST('2024-06-01T00:00:00' AS TIMESTAMP) AS `as_of`,
            CAST(CAST(CEIL(
              TRY_DIVIDE(
                UNIX_TIMESTAMP(CAST(CAST('2024-06-01T00:00:00' AS TIMESTAMP) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t0`.`timestamp` AS TIMESTAMP)),
                86400.0
              )
            ) AS BIGINT) - 1 AS INT) AS `age_days`,
            DATE_TRUNC('day', `t0`.`timestamp`) AS `day`
          FROM `events` AS `t0`
          WHERE
            `t0`.`timestamp` < CAST('2024-06-01T00:00:00' AS TIMESTAMP)
            AND COALESCE(`t0`.`role` IN ('commitment', 'reversal'), FALSE)
        ) AS `t3`
        INNER JOIN `t4` AS `t6`
          ON `t3`.`user_id` = `t6`.`user_id`
      ) AS `t9`
      WHERE
        `t9`.`day` > `t9`.`first_day`
    ) AS `t10`
    GROUP BY
      1
  ) AS `t12`
    ON `t8`.`day` = `t12`.`day`
) AS `t13`
ORDER BY
  `t13`.`day` ASC NULLS LAST
