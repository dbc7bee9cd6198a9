WITH `t1` AS (
  SELECT
    `t0`.`user_id`,
    `t0`.`first_period` AS `cohort`,
    `t0`.`period` - `t0`.`first_period` AS `age`
  FROM `active` AS `t0`
)
SELECT
  CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
    `t8`.`cohort` * 7
  ) - 3, ' days') AS INTERVAL) AS `cohort_start`,
  `t8`.`age`,
  `t8`.`n_users`,
  COALESCE(`t8`.`n_retained`, 0) AS `n_retained`,
  IF(
    (
      `t8`.`cohort` + `t8`.`age`
    ) <= 2838,
    TRY_DIVIDE(COALESCE(`t8`.`n_retained`, 0), `t8`.`n_users`),
    NULL
  ) AS `rate`,
  (
    `t8`.`cohort` + `t8`.`age`
  ) <= 2838 AS `is_complete`
FROM (
  SELECT
    `t7`.`cohort`,
    `t7`.`n_users`,
    `t7`.`age`,
    `t4`.`cohort` AS `cohort_right`,
    `t4`.`age` AS `age_right`,
    `t4`.`n_retained`
  FROM (
    SELECT
      `t5`.`cohort`,
      `t5`.`n_users`,
      EXPLODE(
        IF(
          (
            1 <> 0
          )
          AND (
            SIGN(1) = SIGN((
              (
                2839 - `t5`.`cohort`
              ) + 1
            ) - 0)
          ),
          IF(
            ELEMENT_AT(
              SEQUENCE(0, (
                2839 - `t5`.`cohort`
              ) + 1, 1),
              SIZE(SEQUENCE(0, (
                2839 - `t5`.`cohort`
              ) + 1, 1))
            ) = (
              (
                2839 - `t5`.`cohort`
              ) + 1
            ),
            SLICE(
              SEQUENCE(0, (
                2839 - `t5`.`cohort`
              ) + 1, 1),
              1,
              SIZE(SEQUENCE(0, (
                2839 - `t5`.`cohort`
              ) + 1, 1)) - 1
            ),
            SEQUENCE(0, (
              2839 - `t5`.`cohort`
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
    ) AS `t5`
  ) AS `t7`
  LEFT OUTER JOIN (
    SELECT
      `t2`.`cohort`,
      `t2`.`age`,
      COUNT(*) AS `n_retained`
    FROM `t1` AS `t2`
    GROUP BY
      1,
      2
  ) AS `t4`
    ON `t7`.`cohort` = `t4`.`cohort` AND `t7`.`age` = `t4`.`age`
) AS `t8`
ORDER BY
  CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
    `t8`.`cohort` * 7
  ) - 3, ' days') AS INTERVAL) ASC NULLS LAST,
  `t8`.`age` ASC NULLS LAST
