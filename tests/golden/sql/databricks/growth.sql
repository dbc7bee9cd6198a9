SELECT
  *
FROM (
  SELECT
    CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
      `t12`.`period` * 7
    ) - 3, ' days') AS INTERVAL) AS `period_start`,
    COALESCE(`t12`.`n_active`, 0) AS `n_active`,
    COALESCE(`t12`.`n_new`, 0) AS `n_new`,
    COALESCE(`t12`.`n_returning`, 0) AS `n_returning`,
    COALESCE(`t12`.`n_resurrecting`, 0) AS `n_resurrecting`,
    -(
      COALESCE(`t7`.`n_lost`, 0)
    ) AS `n_dormant`,
    TRY_DIVIDE(
      COALESCE(`t12`.`n_new`, 0) + COALESCE(`t12`.`n_resurrecting`, 0),
      NULLIF(COALESCE(`t7`.`n_lost`, 0), 0)
    ) AS `quick_ratio`,
    `t12`.`period` <= 2838 AS `is_complete`
  FROM (
    SELECT
      `t10`.`period`,
      `t10`.`n_active`,
      `t10`.`n_new`,
      `t10`.`n_returning`,
      `t10`.`n_resurrecting`
    FROM (
      SELECT
        `t5`.`period`,
        `t9`.`period` AS `period_right`,
        `t9`.`n_active`,
        `t9`.`n_new`,
        `t9`.`n_returning`,
        `t9`.`n_resurrecting`
      FROM (
        SELECT
          EXPLODE(
            IF(
              (
                1 <> 0
              ) AND (
                SIGN(1) = SIGN(2840 - `t1`.`first`)
              ),
              IF(
                ELEMENT_AT(SEQUENCE(`t1`.`first`, 2840, 1), SIZE(SEQUENCE(`t1`.`first`, 2840, 1))) = 2840,
                SLICE(SEQUENCE(`t1`.`first`, 2840, 1), 1, SIZE(SEQUENCE(`t1`.`first`, 2840, 1)) - 1),
                SEQUENCE(`t1`.`first`, 2840, 1)
              ),
              ARRAY()
            )
          ) AS `period`
        FROM (
          SELECT
            MIN(`t0`.`period`) AS `first`
          FROM `active` AS `t0`
        ) AS `t1`
      ) AS `t5`
      LEFT OUTER JOIN (
        SELECT
          `t3`.`period`,
          COUNT(*) AS `n_active`,
          SUM(CAST(`t3`.`kind` = 'new' AS BIGINT)) AS `n_new`,
          SUM(CAST(`t3`.`kind` = 'returning' AS BIGINT)) AS `n_returning`,
          SUM(CAST(`t3`.`kind` = 'resurrecting' AS BIGINT)) AS `n_resurrecting`
        FROM (
          SELECT
            `t0`.`period`,
            CASE
              WHEN COALESCE(`t0`.`previous_period` = (
                `t0`.`period` - 1
              ), FALSE)
              THEN 'returning'
              WHEN `t0`.`previous_period` IS NULL
              THEN 'new'
              ELSE 'resurrecting'
            END AS `kind`
          FROM `active` AS `t0`
        ) AS `t3`
        GROUP BY
          1
      ) AS `t9`
        ON `t5`.`period` = `t9`.`period`
    ) AS `t10`
  ) AS `t12`
  LEFT OUTER JOIN (
    SELECT
      `t2`.`period` + 1 AS `period`,
      COUNT(*) AS `n_lost`
    FROM (
      SELECT
        *
      FROM `active` AS `t0`
      WHERE
        (
          `t0`.`next_period` IS NULL
        )
        OR (
          `t0`.`next_period` > (
            `t0`.`period` + 1
          )
        )
    ) AS `t2`
    GROUP BY
      1
  ) AS `t7`
    ON `t12`.`period` = `t7`.`period`
) AS `t13`
ORDER BY
  `t13`.`period_start` ASC NULLS LAST
