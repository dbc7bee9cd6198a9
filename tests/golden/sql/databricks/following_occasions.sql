SELECT
  `t13`.`user_id`,
  `t13`.`as_of`,
  `t13`.`day`,
  `t13`.`value`
FROM (
  SELECT
    `t12`.`user_id`,
    `t12`.`as_of`,
    `t12`.`calendar_day`,
    `t12`.`value`,
    `t12`.`calendar_day` - CAST(FLOOR((
      UNIX_TIMESTAMP(CAST(`t12`.`as_of` AS TIMESTAMP)) - 1
    ) / (
      86400
    )) AS BIGINT) AS `day`
  FROM (
    SELECT
      `t9`.`user_id`,
      `t9`.`as_of`,
      `t9`.`calendar_day`,
      `t9`.`value`
    FROM (
      SELECT
        `t5`.`user_id`,
        `t5`.`as_of`,
        CAST(FLOOR((
          UNIX_TIMESTAMP(CAST(`t5`.`timestamp` AS TIMESTAMP))
        ) / (
          86400
        )) AS BIGINT) AS `calendar_day`,
        SUM(`t5`.`value`) AS `value`
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
            EXPLODE(
              ARRAY(CAST('2024-05-02T12:00:00' AS TIMESTAMP), CAST('2024-06-01T12:00:00' AS TIMESTAMP))
            ) AS `as_of`
          FROM (
            SELECT
              *
            FROM `events` AS `t0`
            WHERE
              COALESCE(`t0`.`role` IN ('commitment'), FALSE)
              AND `t0`.`timestamp` >= CAST('2024-05-02T12:00:00' AS TIMESTAMP)
          ) AS `t1`
        ) AS `t3`
        WHERE
          `t3`.`timestamp` >= `t3`.`as_of`
          AND `t3`.`timestamp` < (
            `t3`.`as_of` + INTERVAL '30' DAY
          )
      ) AS `t5`
      GROUP BY
        1,
        2,
        3
    ) AS `t9`
    INNER JOIN (
      SELECT
        `t7`.`user_id`,
        `t7`.`as_of`
      FROM (
        SELECT
          `t6`.`user_id`,
          `t6`.`timestamp`,
          EXPLODE(
            ARRAY(CAST('2024-05-02T12:00:00' AS TIMESTAMP), CAST('2024-06-01T12:00:00' AS TIMESTAMP))
          ) AS `as_of`
        FROM (
          SELECT
            *
          FROM (
            SELECT
              `t2`.`user_id`,
              MIN(`t2`.`timestamp`) AS `timestamp`
            FROM (
              SELECT
                *
              FROM `events` AS `t0`
              WHERE
                COALESCE(`t0`.`role` IN ('commitment'), FALSE)
            ) AS `t2`
            GROUP BY
              1
          ) AS `t4`
          WHERE
            `t4`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
        ) AS `t6`
      ) AS `t7`
      WHERE
        `t7`.`timestamp` < `t7`.`as_of`
    ) AS `t11`
      ON `t9`.`user_id` = `t11`.`user_id` AND `t9`.`as_of` = `t11`.`as_of`
  ) AS `t12`
) AS `t13`
WHERE
  `t13`.`day` > 0
