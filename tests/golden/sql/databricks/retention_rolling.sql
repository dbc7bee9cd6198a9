WITH `t3` AS (
  SELECT DISTINCT
    `t2`.`user_id`,
    CAST(FLOOR(
      (
        CAST(FLOOR((
          UNIX_TIMESTAMP(CAST(`t2`.`first` AS TIMESTAMP))
        ) / (
          86400
        )) AS BIGINT) + 3
      ) / (
        7
      )
    ) AS BIGINT) AS `cohort`,
    CAST(FLOOR(
      (
        UNIX_TIMESTAMP(CAST(`t2`.`timestamp` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t2`.`first` AS TIMESTAMP))
      ) / (
        604800
      )
    ) AS BIGINT) AS `age`
  FROM (
    SELECT
      `t1`.`user_id`,
      `t1`.`timestamp`,
      MIN(`t1`.`timestamp`) OVER (
        PARTITION BY `t1`.`user_id`
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS `first`
    FROM (
      SELECT
        `t0`.`user_id`,
        `t0`.`timestamp`
      FROM `events` AS `t0`
      WHERE
        `t0`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
        AND (
          (
            `t0`.`role` IS NULL
          )
          OR `t0`.`role` IN ('interest', 'intent', 'commitment', 'satisfaction', 'referral')
        )
    ) AS `t1`
  ) AS `t2`
)
SELECT
  CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
    `t10`.`cohort` * 7
  ) - 3, ' days') AS INTERVAL) AS `cohort_start`,
  `t10`.`age`,
  `t10`.`n_users`,
  COALESCE(`t10`.`n_retained`, 0) AS `n_retained`,
  IF(
    (
      UNIX_TIMESTAMP(
        CAST(CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
          (
            `t10`.`cohort` + 1
          ) * 7
        ) - 3, ' days') AS INTERVAL) AS TIMESTAMP)
      ) + (
        (
          `t10`.`age` + 1
        ) * 604800
      )
    ) <= 1717243200,
    TRY_DIVIDE(COALESCE(`t10`.`n_retained`, 0), `t10`.`n_users`),
    NULL
  ) AS `rate`,
  (
    UNIX_TIMESTAMP(
      CAST(CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
        (
          `t10`.`cohort` + 1
        ) * 7
      ) - 3, ' days') AS INTERVAL) AS TIMESTAMP)
    ) + (
      (
        `t10`.`age` + 1
      ) * 604800
    )
  ) <= 1717243200 AS `is_complete`
FROM (
  SELECT
    `t9`.`cohort`,
    `t9`.`n_users`,
    `t9`.`age`,
    `t6`.`cohort` AS `cohort_right`,
    `t6`.`age` AS `age_right`,
    `t6`.`n_retained`
  FROM (
    SELECT
      `t7`.`cohort`,
      `t7`.`n_users`,
      EXPLODE(
        IF(
          (
            1 <> 0
          )
          AND (
            SIGN(1) = SIGN(
              (
                CAST(FLOOR(
                  (
                    1717243200 - UNIX_TIMESTAMP(
                      CAST(CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
                        `t7`.`cohort` * 7
                      ) - 3, ' days') AS INTERVAL) AS TIMESTAMP)
                    )
                  ) / (
                    604800
                  )
                ) AS BIGINT) + 1
              ) - 0
            )
          ),
          IF(
            ELEMENT_AT(
              SEQUENCE(
                0,
                CAST(FLOOR(
                  (
                    1717243200 - UNIX_TIMESTAMP(
                      CAST(CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
                        `t7`.`cohort` * 7
                      ) - 3, ' days') AS INTERVAL) AS TIMESTAMP)
                    )
                  ) / (
                    604800
                  )
                ) AS BIGINT) + 1,
                1
              ),
              SIZE(
                SEQUENCE(
                  0,
                  CAST(FLOOR(
                    (
                      1717243200 - UNIX_TIMESTAMP(
                        CAST(CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
                          `t7`.`cohort` * 7
                        ) - 3, ' days') AS INTERVAL) AS TIMESTAMP)
                      )
                    ) / (
                      604800
                    )
                  ) AS BIGINT) + 1,
                  1
                )
              )
            ) = (
              CAST(FLOOR(
                (
                  1717243200 - UNIX_TIMESTAMP(
                    CAST(CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
                      `t7`.`cohort` * 7
                    ) - 3, ' days') AS INTERVAL) AS TIMESTAMP)
                  )
                ) / (
                  604800
                )
              ) AS BIGINT) + 1
            ),
            SLICE(
              SEQUENCE(
                0,
                CAST(FLOOR(
                  (
                    1717243200 - UNIX_TIMESTAMP(
                      CAST(CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
                        `t7`.`cohort` * 7
                      ) - 3, ' days') AS INTERVAL) AS TIMESTAMP)
                    )
                  ) / (
                    604800
                  )
                ) AS BIGINT) + 1,
                1
              ),
              1,
              SIZE(
                SEQUENCE(
                  0,
                  CAST(FLOOR(
                    (
                      1717243200 - UNIX_TIMESTAMP(
                        CAST(CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
                          `t7`.`cohort` * 7
                        ) - 3, ' days') AS INTERVAL) AS TIMESTAMP)
                      )
                    ) / (
                      604800
                    )
                  ) AS BIGINT) + 1,
                  1
                )
              ) - 1
            ),
            SEQUENCE(
              0,
              CAST(FLOOR(
                (
                  1717243200 - UNIX_TIMESTAMP(
                    CAST(CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
                      `t7`.`cohort` * 7
                    ) - 3, ' days') AS INTERVAL) AS TIMESTAMP)
                  )
                ) / (
                  604800
                )
              ) AS BIGINT) + 1,
              1
            )
          ),
          ARRAY()
        )
      ) AS `age`
    FROM (
      SELECT
        `t4`.`cohort`,
        SUM(CAST(`t4`.`age` = 0 AS BIGINT)) AS `n_users`
      FROM `t3` AS `t4`
      GROUP BY
        1
    ) AS `t7`
  ) AS `t9`
  LEFT OUTER JOIN (
    SELECT
      `t4`.`cohort`,
      `t4`.`age`,
      COUNT(*) AS `n_retained`
    FROM `t3` AS `t4`
    GROUP BY
      1,
      2
  ) AS `t6`
    ON `t9`.`cohort` = `t6`.`cohort` AND `t9`.`age` = `t6`.`age`
) AS `t10`
ORDER BY
  CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT((
    `t10`.`cohort` * 7
  ) - 3, ' days') AS INTERVAL) ASC NULLS LAST,
  `t10`.`age` ASC NULLS LAST
