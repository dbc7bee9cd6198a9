SELECT
  `t0`.`user_id`,
  `t0`.`as_of`,
  `t0`.`stage`
FROM `placed` AS `t0`
ORDER BY
  `t0`.`user_id` ASC NULLS LAST,
  `t0`.`as_of` ASC NULLS LAST
