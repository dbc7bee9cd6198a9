SELECT
  *
FROM (
  SELECT
    *
  FROM `events` AS `t0`
  WHERE
    `t0`.`session_id` IS NOT NULL
) AS `t1`
UNION ALL
SELECT
  *
FROM (
  SELECT
    `t4`.`event_id`,
    `t4`.`user_id`,
    `t4`.`item_id`,
    `t4`.`event_type`,
    `t4`.`timestamp`,
    `t4`.`value`,
    `t4`.`quantity`,
    `t4`.`discount`,
    `t4`.`duration_seconds`,
    `t4`.`session_id`,
    `t4`.`recommendation_id`,
    `t4`.`properties`,
    `t4`.`role`,
    `t4`.`weight`
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
      CONCAT(
        `t3`.`user_id`,
        '@',
        CAST(CAST(FLOOR(
          TRY_DIVIDE(
            UNIX_TIMESTAMP(
              CAST(MAX(`t3`.`began`) OVER (
                PARTITION BY `t3`.`user_id`
                ORDER BY `t3`.`timestamp` ASC NULLS LAST
                RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
              ) AS TIMESTAMP)
            ),
            1.0
          )
        ) AS BIGINT) AS STRING)
      ) AS `session_id`,
      `t3`.`recommendation_id`,
      `t3`.`properties`,
      `t3`.`role`,
      `t3`.`weight`,
      `t3`.`began`
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
        IF(
          (
            LAG(`t2`.`timestamp`) OVER (PARTITION BY `t2`.`user_id` ORDER BY `t2`.`timestamp` ASC NULLS LAST) IS NULL
          )
          OR (
            `t2`.`timestamp` > (
              LAG(`t2`.`timestamp`) OVER (PARTITION BY `t2`.`user_id` ORDER BY `t2`.`timestamp` ASC NULLS LAST) + INTERVAL '1800' SECOND
            )
          ),
          `t2`.`timestamp`,
          NULL
        ) AS `began`
      FROM (
        SELECT
          *
        FROM `events` AS `t0`
        WHERE
          `t0`.`session_id` IS NULL
      ) AS `t2`
    ) AS `t3`
  ) AS `t4`
) AS `t5`
