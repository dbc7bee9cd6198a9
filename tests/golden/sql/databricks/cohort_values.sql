WITH `t2` AS (
  SELECT
    `t1`.`user_id`,
    CAST(FLOOR((
      UNIX_TIMESTAMP(CAST(`t1`.`timestamp` AS TIMESTAMP))
    ) / (
      86400
    )) AS BIGINT) AS `day`,
    BOOL_OR(COALESCE(`t1`.`role` IN ('commitment'), FALSE)) AS `is_occasion`,
    COALESCE(SUM(`t1`.`value`), 0.0) AS `value`
  FROM (
    SELECT
      `t0`.`event_id`,
      `t0`.`user_id`,
      `t0`.`item_id`,
      `t0`.`event_type`,
      `t0`.`timestamp`,
      `t0`.`value`,
      `t0`.`quantity`,
      `t0`.`discount`,
      `t0`.`duration_seconds`,
      `t0`.`session_id`,
      `t0`.`recommendation_id`,
      `t0`.`properties`,
      `t0`.`role`,
      `t0`.`weight`,
      CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS `as_of`,
      CAST(CAST(CEIL(
        TRY_DIVIDE(
          UNIX_TIMESTAMP(CAST(CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t0`.`timestamp` AS TIMESTAMP)),
          86400.0
        )
      ) AS BIGINT) - 1 AS INT) AS `age_days`
    FROM `events` AS `t0`
    WHERE
      `t0`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
      AND COALESCE(`t0`.`role` IN ('commitment', 'reversal'), FALSE)
  ) AS `t1`
  GROUP BY
    1,
    2
), `t6` AS (
  SELECT
    `t5`.`user_id`,
    `t5`.`first_day`,
    (
      (
        (
          EXTRACT(year FROM CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT(`t5`.`first_day`, ' days') AS INTERVAL)) - 1970
        ) * 12
      ) + EXTRACT(month FROM CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT(`t5`.`first_day`, ' days') AS INTERVAL))
    ) - 1 AS `cohort`
  FROM (
    SELECT
      `t3`.`user_id`,
      MIN(IF(`t3`.`is_occasion`, `t3`.`day`, NULL)) AS `first_day`
    FROM `t2` AS `t3`
    GROUP BY
      1
  ) AS `t5`
  WHERE
    `t5`.`first_day` IS NOT NULL
)
SELECT
  *
FROM (
  SELECT
    CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT(`t16`.`cohort`, ' months') AS INTERVAL) AS `cohort_start`,
    `t16`.`age`,
    `t16`.`n_users`,
    SUM(`t16`.`first_value`) OVER (
      PARTITION BY `t16`.`cohort`
      ORDER BY `t16`.`age` ASC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS `first_value`,
    SUM(`t16`.`brought`) OVER (
      PARTITION BY `t16`.`cohort`
      ORDER BY `t16`.`age` ASC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS `value`,
    (
      (
        (
          CAST(FLOOR(
            (
              UNIX_TIMESTAMP(
                CAST(CAST('1970-01-01T00:00:00' AS TIMESTAMP) + CAST(CONCAT(`t16`.`cohort` + 1, ' months') AS INTERVAL) AS TIMESTAMP)
              )
            ) / (
              86400
            )
          ) AS BIGINT) - 1
        ) + (
          (
            `t16`.`age` + 1
          ) * 30
        )
      ) - 1
    ) <= 19875 AS `is_complete`
  FROM (
    SELECT
      `t13`.`cohort`,
      `t13`.`age`,
      `t13`.`n_users`,
      COALESCE(`t15`.`brought`, 0.0) AS `brought`,
      COALESCE(`t15`.`first_value`, 0.0) AS `first_value`
    FROM (
      SELECT
        `t9`.`cohort`,
        `t9`.`n_users`,
        `t9`.`oldest_day`,
        EXPLODE(
          IF(
            (
              1 <> 0
            )
            AND (
              SIGN(1) = SIGN(
                (
                  CAST(FLOOR((
                    19875 - `t9`.`oldest_day`
                  ) / (
                    30
                  )) AS BIGINT) + 1
                ) - 0
              )
            ),
            IF(
              ELEMENT_AT(
                SEQUENCE(0, CAST(FLOOR((
                  19875 - `t9`.`oldest_day`
                ) / (
                  30
                )) AS BIGINT) + 1, 1),
                SIZE(
                  SEQUENCE(0, CAST(FLOOR((
                    19875 - `t9`.`oldest_day`
                  ) / (
                    30
                  )) AS BIGINT) + 1, 1)
                )
              ) = (
                CAST(FLOOR((
                  19875 - `t9`.`oldest_day`
                ) / (
                  30
                )) AS BIGINT) + 1
              ),
              SLICE(
                SEQUENCE(0, CAST(FLOOR((
                  19875 - `t9`.`oldest_day`
                ) / (
                  30
                )) AS BIGINT) + 1, 1),
                1,
                SIZE(
                  SEQUENCE(0, CAST(FLOOR((
                    19875 - `t9`.`oldest_day`
                  ) / (
                    30
                  )) AS BIGINT) + 1, 1)
                ) - 1
              ),
              SEQUENCE(0, CAST(FLOOR((
                19875 - `t9`.`oldest_day`
              ) / (
                30
              )) AS BIGINT) + 1, 1)
            ),
            ARRAY()
          )
        ) AS `age`
      FROM (
        SELECT
          `t7`.`cohort`,
          COUNT(*) AS `n_users`,
          MIN(`t7`.`first_day`) AS `oldest_day`
        FROM `t6` AS `t7`
        GROUP BY
          1
      ) AS `t9`
    ) AS `t13`
    LEFT OUTER JOIN (
      SELECT
        `t11`.`cohort`,
        `t11`.`age`,
        SUM(`t11`.`value`) AS `brought`,
        SUM(IF(`t11`.`day` = `t11`.`first_day`, `t11`.`value`, NULL)) AS `first_value`
      FROM (
        SELECT
          `t10`.`day`,
          `t10`.`value`,
          `t10`.`first_day`,
          `t10`.`cohort`,
          CAST(FLOOR((
            `t10`.`day` - `t10`.`first_day`
          ) / (
            30
          )) AS BIGINT) AS `age`
        FROM (
          SELECT
            `t4`.`day`,
            `t4`.`value`,
            `t8`.`first_day`,
            `t8`.`cohort`
          FROM `t2` AS `t4`
          INNER JOIN `t6` AS `t8`
            ON `t4`.`user_id` = `t8`.`user_id`
        ) AS `t10`
        WHERE
          `t10`.`day` >= `t10`.`first_day`
      ) AS `t11`
      GROUP BY
        1,
        2
    ) AS `t15`
      ON `t13`.`cohort` = `t15`.`cohort` AND `t13`.`age` = `t15`.`age`
  ) AS `t16`
) AS `t17`
ORDER BY
  `t17`.`cohort_start` ASC NULLS LAST,
  `t17`.`age` ASC NULLS LAST
