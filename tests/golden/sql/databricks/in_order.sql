SELECT
  `t0`.`user_id`,
  `t0`.`timestamp`,
  `t0`.`role`,
  `t0`.`item_id`,
  `t0`.`value`
FROM `events` AS `t0`
WHERE
  `t0`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
ORDER BY
  `t0`.`user_id` ASC NULLS LAST,
  `t0`.`timestamp` ASC NULLS LAST,
  `t0`.`event_id` ASC NULLS LAST
