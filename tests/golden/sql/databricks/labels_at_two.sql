SELECT
  `t8`.`user_id`,
  `t8`.`as_of`,
  COALESCE(`t10`.`committed`, FALSE) AS `committed`,
  COALESCE(`t10`.`value`, 0.0) AS `value`
FROM (
  SELECT
    `t5`.`user_id`,
    `t5`.`as_of`
  FROM (
    SELECT
      `t3`.`user_id`,
      `t3`.`timestamp`,
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
    ) AS `t3`
  ) AS `t5`
  WHERE
    `t5`.`timestamp` < `t5`.`as_of`
) AS `t8`
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
        EXPLODE(
          ARRAY(CAST('2024-05-02T12:00:00' AS TIMESTAMP), CAST('2024-06-01T12:00:00' AS TIMESTAMP))
        ) AS `as_of`
      FROM (
        SELECT
          *
        FROM `events` AS `t0`
        WHERE
          COALESCE(`t0`.`role` IN ('commitment', 'reversal'), FALSE)
          AND `t0`.`timestamp` >= CAST('2024-05-02T12:00:00' AS TIMESTAMP)
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
) AS `t10`
  ON `t8`.`user_id` = `t10`.`user_id` AND `t8`.`as_of` = `t10`.`as_of`
