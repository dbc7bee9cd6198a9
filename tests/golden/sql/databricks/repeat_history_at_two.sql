WITH `t4` AS (
  SELECT
    `t3`.`user_id`,
    `t3`.`as_of`,
    CAST(FLOOR((
      UNIX_TIMESTAMP(CAST(`t3`.`timestamp` AS TIMESTAMP))
    ) / (
      86400
    )) AS BIGINT) AS `day`,
    BOOL_OR(COALESCE(`t3`.`role` IN ('commitment'), FALSE)) AS `is_occasion`,
    SUM(IF(COALESCE(`t3`.`role` IN ('commitment'), FALSE), `t3`.`value`, NULL)) AS `paid`,
    SUM(IF(NOT (
      COALESCE(`t3`.`role` IN ('commitment'), FALSE)
    ), `t3`.`value`, NULL)) AS `reversed`
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
      ) AS BIGINT) - 1 AS INT) AS `age_days`
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
      AND COALESCE(`t2`.`role` IN ('commitment', 'reversal'), FALSE)
  ) AS `t3`
  GROUP BY
    1,
    2,
    3
)
SELECT
  `t11`.`user_id`,
  `t11`.`as_of`,
  `t11`.`first_day`,
  `t11`.`x`,
  `t11`.`last_day` - `t11`.`first_day` AS `t_x_days`,
  CAST(FLOOR((
    UNIX_TIMESTAMP(CAST(`t11`.`as_of` AS TIMESTAMP)) - 1
  ) / (
    86400
  )) AS BIGINT) - `t11`.`first_day` AS `T_days`,
  `t11`.`first_paid` * GREATEST(
    1.0 - COALESCE(TRY_DIVIDE(-(
      `t11`.`reversed`
    ), NULLIF(`t11`.`paid`, 0.0)), 0.0),
    0.0
  ) AS `first_value`,
  IF(
    (
      `t11`.`n_paid` > 0
    )
    AND (
      GREATEST(
        1.0 - COALESCE(TRY_DIVIDE(-(
          `t11`.`reversed`
        ), NULLIF(`t11`.`paid`, 0.0)), 0.0),
        0.0
      ) > 0
    ),
    `t11`.`n_paid`,
    0
  ) AS `n_valued`,
  IF(
    (
      `t11`.`n_paid` > 0
    )
    AND (
      GREATEST(
        1.0 - COALESCE(TRY_DIVIDE(-(
          `t11`.`reversed`
        ), NULLIF(`t11`.`paid`, 0.0)), 0.0),
        0.0
      ) > 0
    ),
    `t11`.`mean_paid` * GREATEST(
      1.0 - COALESCE(TRY_DIVIDE(-(
        `t11`.`reversed`
      ), NULLIF(`t11`.`paid`, 0.0)), 0.0),
      0.0
    ),
    NULL
  ) AS `mean_value`
FROM (
  SELECT
    `t10`.`user_id`,
    `t10`.`as_of`,
    `t10`.`first_day`,
    SUM(CAST(`t10`.`is_occasion` AND (
      `t10`.`day` > `t10`.`first_day`
    ) AS BIGINT)) AS `x`,
    MAX(IF(`t10`.`is_occasion`, `t10`.`day`, NULL)) AS `last_day`,
    SUM(IF(`t10`.`day` = `t10`.`first_day`, `t10`.`paid`, NULL)) AS `first_paid`,
    SUM(
      CAST(`t10`.`is_occasion`
      AND (
        `t10`.`day` > `t10`.`first_day`
      )
      AND COALESCE(`t10`.`paid` > 0, FALSE) AS BIGINT)
    ) AS `n_paid`,
    AVG(
      IF(
        `t10`.`is_occasion`
        AND (
          `t10`.`day` > `t10`.`first_day`
        )
        AND COALESCE(`t10`.`paid` > 0, FALSE),
        `t10`.`paid`,
        NULL
      )
    ) AS `mean_paid`,
    SUM(`t10`.`paid`) AS `paid`,
    SUM(`t10`.`reversed`) AS `reversed`
  FROM (
    SELECT
      `t6`.`user_id`,
      `t6`.`as_of`,
      `t6`.`day`,
      `t6`.`is_occasion`,
      `t6`.`paid`,
      `t6`.`reversed`,
      `t9`.`first_day`
    FROM `t4` AS `t6`
    INNER JOIN (
      SELECT
        *
      FROM (
        SELECT
          `t5`.`user_id`,
          `t5`.`as_of`,
          MIN(IF(`t5`.`is_occasion`, `t5`.`day`, NULL)) AS `first_day`
        FROM `t4` AS `t5`
        GROUP BY
          1,
          2
      ) AS `t7`
      WHERE
        `t7`.`first_day` IS NOT NULL
    ) AS `t9`
      ON `t6`.`user_id` = `t9`.`user_id` AND `t6`.`as_of` = `t9`.`as_of`
  ) AS `t10`
  GROUP BY
    1,
    2,
    3
) AS `t11`
