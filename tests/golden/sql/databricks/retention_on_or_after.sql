WITH `t1` AS (
  SELECT
    `t0`.`user_id`,
    `t0`.`first_period` AS `cohort`,
    `t0`.`period` - `t0`.`first_period` AS `age`
  FROM `active` AS `t0`
)
SELECT
  CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
    `t12`.`cohort` * 7
  ) - 3, ' days') AS INTERVAL) AS `cohort_start`,
  `t12`.`age`,
  `t12`.`n_users`,
  COALESCE(`t12`.`n_retained`, 0) AS `n_retained`,
  IF(
    (
      `t12`.`cohort` + `t12`.`age`
    ) <= 2838,
    TRY_DIVIDE(COALESCE(`t12`.`n_retained`, 0), `t12`.`n_users`),
    NULL
  ) AS `rate`,
  (
    `t12`.`cohort` + `t12`.`age`
  ) <= 2838 AS `is_complete`
FROM (
  SELECT
    `t8`.`cohort`,
    `t8`.`n_users`,
    `t8`.`age`,
    `t11`.`cohort` AS `cohort_right`,
    `t11`.`age` AS `age_right`,
    `t11`.`n_retained`
  FROM (
    SELECT
      `t4`.`cohort`,
      `t4`.`n_users`,
      EXPLODE(
        IF(
          (
            1 <> 0
          )
          AND (
            SIGN(1) = SIGN((
              (
                2839 - `t4`.`cohort`
              ) + 1
            ) - 0)
          ),
          IF(
            ELEMENT_AT(
              SEQUENCE(0, (
                2839 - `t4`.`cohort`
              ) + 1, 1),
              SIZE(SEQUENCE(0, (
                2839 - `t4`.`cohort`
              ) + 1, 1))
            ) = (
              (
                2839 - `t4`.`cohort`
              ) + 1
            ),
            SLICE(
              SEQUENCE(0, (
                2839 - `t4`.`cohort`
              ) + 1, 1),
              1,
              SIZE(SEQUENCE(0, (
                2839 - `t4`.`cohort`
              ) + 1, 1)) - 1
            ),
            SEQUENCE(0, (
              2839 - `t4`.`cohort`
            ) + 1, 1)
          ),
          ARRAY()
        )
      ) AS `age`
    FROM (
      SELECT
        `t2`.`cohort`,
        SUM(CAST(`t2`.`age` = 0 AS BIGINT)) AS `n_users`
      FROM `t1` AS `t2`
      GROUP BY
        1
    ) AS `t4`
  ) AS `t8`
  LEFT OUTER JOIN (
    SELECT
      `t9`.`cohort`,
      `t9`.`age`,
      CAST(SUM(CAST(`t9`.`n_last` AS DOUBLE)) OVER (
        PARTITION BY `t9`.`cohort`
        ORDER BY `t9`.`age` DESC
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS BIGINT) AS `n_retained`
    FROM (
      SELECT
        `t8`.`cohort`,
        `t8`.`age`,
        COALESCE(`t6`.`n_last`, 0) AS `n_last`
      FROM (
        SELECT
          `t4`.`cohort`,
          `t4`.`n_users`,
          EXPLODE(
            IF(
              (
                1 <> 0
              )
              AND (
                SIGN(1) = SIGN((
                  (
                    2839 - `t4`.`cohort`
                  ) + 1
                ) - 0)
              ),
              IF(
                ELEMENT_AT(
                  SEQUENCE(0, (
                    2839 - `t4`.`cohort`
                  ) + 1, 1),
                  SIZE(SEQUENCE(0, (
                    2839 - `t4`.`cohort`
                  ) + 1, 1))
                ) = (
                  (
                    2839 - `t4`.`cohort`
                  ) + 1
                ),
                SLICE(
                  SEQUENCE(0, (
                    2839 - `t4`.`cohort`
                  ) + 1, 1),
                  1,
                  SIZE(SEQUENCE(0, (
                    2839 - `t4`.`cohort`
                  ) + 1, 1)) - 1
                ),
                SEQUENCE(0, (
                  2839 - `t4`.`cohort`
                ) + 1, 1)
              ),
              ARRAY()
            )
          ) AS `age`
        FROM (
          SELECT
            `t2`.`cohort`,
            SUM(CAST(`t2`.`age` = 0 AS BIGINT)) AS `n_users`
          FROM `t1` AS `t2`
          GROUP BY
            1
        ) AS `t4`
      ) AS `t8`
      LEFT OUTER JOIN (
        SELECT
          `t3`.`cohort`,
          `t3`.`age`,
          COUNT(*) AS `n_last`
        FROM (
          SELECT
            `t2`.`user_id`,
            `t2`.`cohort`,
            MAX(`t2`.`age`) AS `age`
          FROM `t1` AS `t2`
          GROUP BY
            1,
            2
        ) AS `t3`
        GROUP BY
          1,
          2
      ) AS `t6`
        ON `t8`.`cohort` = `t6`.`cohort` AND `t8`.`age` = `t6`.`age`
    ) AS `t9`
  ) AS `t11`
    ON `t8`.`cohort` = `t11`.`cohort` AND `t8`.`age` = `t11`.`age`
) AS `t12`
ORDER BY
  CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
    `t12`.`cohort` * 7
  ) - 3, ' days') AS INTERVAL) ASC NULLS LAST,
  `t12`.`age` ASC NULLS LAST
