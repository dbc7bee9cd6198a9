SELECT DISTINCT
  *
FROM (
  SELECT
    `t3`.`basket`,
    `t6`.`thing`
  FROM (
    SELECT
      CONCAT(
        CONCAT(`t0`.`user_id`, ''),
        COALESCE(`t0`.`session_id`, DATE_FORMAT(`t0`.`timestamp`, 'yyyy-MM-dd'))
      ) AS `basket`,
      `t0`.`item_id`
    FROM `events` AS `t0`
    WHERE
      `t0`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
      AND COALESCE(`t0`.`role` IN ('commitment'), FALSE)
      AND `t0`.`item_id` IS NOT NULL
  ) AS `t3`
  INNER JOIN (
    SELECT
      *
    FROM (
      SELECT
        `t1`.`item_id`,
        IF(
          SIZE(`t1`.`categories`) >= 2,
          ELEMENT_AT(`t1`.`categories`, 1 + 1),
          IF(SIZE(`t1`.`categories`) >= 1, ELEMENT_AT(`t1`.`categories`, 0 + 1), NULL)
        ) AS `thing`
      FROM `items` AS `t1`
    ) AS `t4`
    WHERE
      `t4`.`thing` IS NOT NULL
  ) AS `t6`
    ON `t3`.`item_id` = `t6`.`item_id`
) AS `t7`
