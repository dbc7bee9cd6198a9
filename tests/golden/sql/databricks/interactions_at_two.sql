SELECT
  `t4`.`user_id`,
  `t4`.`item_id`,
  `t4`.`as_of`,
  SUM(`t4`.`strength` * EXP(`t4`.`age_days` * -0.007701635339554948)) AS `weight`,
  SUM(`t4`.`is_commitment`) AS `n_commitments`,
  MAX(IF(`t4`.`is_commitment` = 1, `t4`.`age_days`, NULL)) AS `first_days`,
  MIN(IF(`t4`.`is_commitment` = 1, `t4`.`age_days`, NULL)) AS `last_days`,
  MIN(`t4`.`age_days`) AS `seen_days`
FROM (
  SELECT
    `t3`.`user_id`,
    `t3`.`item_id`,
    `t3`.`as_of`,
    DATE_TRUNC('day', `t3`.`timestamp`) AS `day`,
    MAX(`t3`.`weight`) AS `strength`,
    MIN(`t3`.`age_days`) AS `age_days`,
    MAX(`t3`.`is_commitment`) AS `is_commitment`
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
      `t2`.`as_of`,
      CAST(CAST(CEIL(
        TRY_DIVIDE(
          UNIX_TIMESTAMP(CAST(`t2`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t2`.`timestamp` AS TIMESTAMP)),
          86400.0
        )
      ) AS BIGINT) - 1 AS INT) AS `age_days`,
      CAST(COALESCE(`t2`.`role` IN ('commitment'), FALSE) AS BIGINT) AS `is_commitment`
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
          `t0`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
      ) AS `t1`
    ) AS `t2`
    WHERE
      `t2`.`timestamp` < `t2`.`as_of`
      AND `t2`.`item_id` IS NOT NULL
      AND `t2`.`weight` > 0
  ) AS `t3`
  GROUP BY
    1,
    2,
    3,
    4
) AS `t4`
GROUP BY
  1,
  2,
  3
