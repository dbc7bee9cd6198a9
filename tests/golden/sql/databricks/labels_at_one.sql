SELECT
  `t5`.`user_id`,
  `t5`.`as_of`,
  COALESCE(`t8`.`committed`, FALSE) AS `committed`,
  COALESCE(`t8`.`value`, 0.0) AS `value`
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
) AS `t5`
LEFT OUTER JOIN (
  SELECT
    `t6`.`user_id`,
    `t6`.`as_of`,
    BOOL_OR(COALESCE(`t6`.`role` IN ('commitment'), FALSE)) AS `committed`,
    SUM(`t6`.`value`) AS `value`
  FROM (
    SELECT
      *
    FROM (
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
        EXPLODE(ARRAY(CAST('2024-06-01T12:00:00' AS TIMESTAMP))) AS `as_of`
      FROM (
        SELECT
          *
        FROM `events` AS `t0`
        WHERE
          COALESCE(`t0`.`role` IN ('commitment', 'reversal'), FALSE)
          AND `t0`.`timestamp` >= CAST('2024-06-01T12:00:00' AS TIMESTAMP)
      ) AS `t2`
    ) AS `t4`
    WHERE
      `t4`.`timestamp` >= `t4`.`as_of`
      AND `t4`.`timestamp` < (
        `t4`.`as_of` + INTERVAL '30' DAY
      )
  ) AS `t6`
  GROUP BY
    1,
    2
) AS `t8`
  ON `t5`.`user_id` = `t8`.`user_id` AND `t5`.`as_of` = `t8`.`as_of`
