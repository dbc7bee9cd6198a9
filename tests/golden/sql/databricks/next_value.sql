SELECT
  `t3`.`user_id`,
  `t3`.`as_of`,
  COALESCE(SUM(`t3`.`value`), 0.0) AS `value`
FROM (
  SELECT
    *
  FROM (
    SELECT
      `t1`.`event_id`,
      `t1`.`user_id`,
      `t1`.`item_id`,
      `t1`.`event_type`,
      `t1`.`timestamp`,
      `t1`.`value`,
      `t1`.`quantity`,
      `t1`.`discount`,
      `t1`.`duration_seconds`,
      `t1`.`session_id`,
      `t1`.`recommendation_id`,
      `t1`.`properties`,
      `t1`.`role`,
      `t1`.`weight`,
      EXPLODE(ARRAY(CAST('2024-06-01T12:00:00' AS TIMESTAMP))) AS `as_of`
    FROM (
      SELECT
        *
      FROM `events` AS `t0`
      WHERE
        `t0`.`timestamp` >= CAST('2024-06-01T12:00:00' AS TIMESTAMP)
    ) AS `t1`
  ) AS `t2`
  WHERE
    `t2`.`timestamp` >= `t2`.`as_of`
    AND `t2`.`timestamp` < (
      `t2`.`as_of` + INTERVAL '30' DAY
    )
    AND COALESCE(`t2`.`role` IN ('commitment', 'reversal'), FALSE)
) AS `t3`
GROUP BY
  1,
  2
