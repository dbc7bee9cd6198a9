SELECT DISTINCT
  CONCAT(
    CONCAT(`t0`.`user_id`, ''),
    COALESCE(`t0`.`session_id`, DATE_FORMAT(`t0`.`timestamp`, 'yyyy-MM-dd'))
  ) AS `basket`,
  `t0`.`item_id` AS `thing`
FROM `events` AS `t0`
WHERE
  `t0`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
  AND COALESCE(`t0`.`role` IN ('commitment'), FALSE)
  AND `t0`.`item_id` IS NOT NULL
