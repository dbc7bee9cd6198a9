WITH `t2` AS (
  SELECT
    `t0`.`item_id`,
    IF(
      SIZE(`t0`.`categories`) >= 2,
      ELEMENT_AT(`t0`.`categories`, 1 + 1),
      IF(SIZE(`t0`.`categories`) >= 1, ELEMENT_AT(`t0`.`categories`, 0 + 1), NULL)
    ) AS `category`
  FROM `items` AS `t0`
)
SELECT
  `t8`.`n_items`,
  `t8`.`n_categories`,
  `t11`.`n_items_touched`,
  `t11`.`n_categories_touched`
FROM (
  SELECT
    COUNT(*) AS `n_items`,
    COUNT(DISTINCT `t3`.`category`) AS `n_categories`
  FROM `t2` AS `t3`
) AS `t8`
CROSS JOIN (
  SELECT
    COUNT(*) AS `n_items_touched`,
    COUNT(DISTINCT `t9`.`category`) AS `n_categories_touched`
  FROM (
    SELECT
      `t4`.`item_id`,
      `t4`.`category`
    FROM `t2` AS `t4`
    LEFT SEMI JOIN (
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
        CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS `as_of`,
        CAST(CAST(CEIL(
          TRY_DIVIDE(
            UNIX_TIMESTAMP(CAST(CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t1`.`timestamp` AS TIMESTAMP)),
            86400.0
          )
        ) AS BIGINT) - 1 AS INT) AS `age_days`
      FROM `events` AS `t1`
      WHERE
        `t1`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
    ) AS `t6`
      ON `t4`.`item_id` = `t6`.`item_id`
  ) AS `t9`
) AS `t11`
