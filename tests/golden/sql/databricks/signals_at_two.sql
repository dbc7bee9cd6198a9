SELECT
  `t8`.`user_id`,
  `t8`.`as_of`,
  COALESCE(`t16`.`n_commitment_days_14`, 0.0) AS `n_commitment_days_14`,
  COALESCE(`t16`.`n_commitment_days_60`, 0.0) AS `n_commitment_days_60`,
  COALESCE(`t16`.`n_commitment_days_180`, 0.0) AS `n_commitment_days_180`,
  COALESCE(`t16`.`fading_days_7`, 0.0) AS `fading_days_7`,
  COALESCE(`t16`.`fading_days_14`, 0.0) AS `fading_days_14`,
  COALESCE(`t16`.`fading_days_30`, 0.0) AS `fading_days_30`,
  COALESCE(`t16`.`fading_days_60`, 0.0) AS `fading_days_60`,
  COALESCE(`t16`.`fading_rate_30`, 0.0) AS `fading_rate_30`,
  `t16`.`commitment_recency_2_days`,
  `t16`.`commitment_recency_3_days`,
  `t16`.`commitment_recency_5_days`,
  `t16`.`commitment_recency_8_days`,
  COALESCE(`t16`.`gap_max_90_days`, 0.0) AS `gap_max_90_days`,
  `t16`.`active_fortnight_share`,
  COALESCE(`t16`.`fortnight_streak`, 0.0) AS `fortnight_streak`,
  `t16`.`empty_share_30`,
  `t16`.`own_return_share`,
  COALESCE(`t16`.`fading_value_14`, 0.0) AS `fading_value_14`,
  COALESCE(`t16`.`fading_value_60`, 0.0) AS `fading_value_60`,
  `t16`.`value_last`,
  `t16`.`value_last_3`,
  COALESCE(`t16`.`fading_commitments_30`, 0.0) AS `fading_commitments_30`,
  `t16`.`weekday_concentration`
FROM (
  SELECT
    `t5`.`user_id`,
    `t5`.`as_of`
  FROM (
    SELECT
      `t3`.`user_id`,
      `t3`.`timestamp`,
      EXPLODE(
        ARRAY(CAST('2024-05-02T12:00:00' AS TIMESTAMP), CAST('2024-06-01T12:00:00' AS TIMESTAMP))
      ) AS `as_of`
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t0`.`user_id`,
          MIN(`t0`.`timestamp`) AS `timestamp`
        FROM `events` AS `t0`
        GROUP BY
          1
      ) AS `t1`
      WHERE
        `t1`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
    ) AS `t3`
  ) AS `t5`
  WHERE
    `t5`.`timestamp` < `t5`.`as_of`
) AS `t8`
LEFT OUTER JOIN (
  SELECT
    `t14`.`user_id`,
    `t14`.`as_of`,
    CAST(SUM(CAST(`t14`.`age_days` < 14 AS BIGINT)) AS DOUBLE) AS `n_commitment_days_14`,
    CAST(SUM(CAST(`t14`.`age_days` < 60 AS BIGINT)) AS DOUBLE) AS `n_commitment_days_60`,
    CAST(SUM(CAST(`t14`.`age_days` < 180 AS BIGINT)) AS DOUBLE) AS `n_commitment_days_180`,
    SUM(EXP(CAST(`t14`.`age_days` AS DOUBLE) * -0.09902102579427789)) AS `fading_days_7`,
    SUM(EXP(CAST(`t14`.`age_days` AS DOUBLE) * -0.049510512897138946)) AS `fading_days_14`,
    SUM(EXP(CAST(`t14`.`age_days` AS DOUBLE) * -0.023104906018664842)) AS `fading_days_30`,
    SUM(EXP(CAST(`t14`.`age_days` AS DOUBLE) * -0.011552453009332421)) AS `fading_days_60`,
    TRY_DIVIDE(
      SUM(EXP(CAST(`t14`.`age_days` AS DOUBLE) * -0.023104906018664842)) * 0.6931471805599453,
      1.0 - EXP(CAST(MAX(`t14`.`age_days`) + 1 AS DOUBLE) * -0.023104906018664842)
    ) AS `fading_rate_30`,
    CAST(MAX(IF(`t14`.`place` = 1, `t14`.`age_days`, NULL)) AS DOUBLE) AS `commitment_recency_2_days`,
    CAST(MAX(IF(`t14`.`place` = 2, `t14`.`age_days`, NULL)) AS DOUBLE) AS `commitment_recency_3_days`,
    CAST(MAX(IF(`t14`.`place` = 4, `t14`.`age_days`, NULL)) AS DOUBLE) AS `commitment_recency_5_days`,
    CAST(MAX(IF(`t14`.`place` = 7, `t14`.`age_days`, NULL)) AS DOUBLE) AS `commitment_recency_8_days`,
    CAST(COALESCE(MAX(IF(`t14`.`age_days` < 90, `t14`.`gap_days`, NULL)), 0) AS DOUBLE) AS `gap_max_90_days`,
    TRY_DIVIDE(
      SUM(CAST(`t14`.`opens_fortnight` AND (
        `t14`.`fortnight` < 13
      ) AS BIGINT)),
      IF(
        (
          CAST(FLOOR((
            MAX(`t14`.`age_days`)
          ) / (
            14
          )) AS BIGINT) + 1
        ) IS NULL,
        CAST(FLOOR((
          MAX(`t14`.`age_days`)
        ) / (
          14
        )) AS BIGINT) + 1,
        LEAST(13, CAST(FLOOR((
          MAX(`t14`.`age_days`)
        ) / (
          14
        )) AS BIGINT) + 1)
      )
    ) AS `active_fortnight_share`,
    CAST(SUM(
      CAST(`t14`.`opens_fortnight` AND (
        `t14`.`nth_fortnight` = `t14`.`fortnight`
      ) AS BIGINT)
    ) AS DOUBLE) AS `fortnight_streak`,
    TRY_DIVIDE(
      COALESCE(
        SUM(
          IF(
            (
              `t14`.`gap_days` - 30
            ) IS NULL,
            `t14`.`gap_days` - 30,
            GREATEST(0, `t14`.`gap_days` - 30)
          )
        ),
        0
      ) + IF(
        (
          (
            MIN(`t14`.`age_days`) + 1
          ) - 30
        ) IS NULL,
        (
          MIN(`t14`.`age_days`) + 1
        ) - 30,
        GREATEST(0, (
          MIN(`t14`.`age_days`) + 1
        ) - 30)
      ),
      MAX(`t14`.`age_days`) + 1
    ) AS `empty_share_30`,
    TRY_DIVIDE(
      SUM(
        CAST((
          `t14`.`gap_days` > `t14`.`recency`
        )
        AND (
          `t14`.`gap_days` <= (
            `t14`.`recency` + 30
          )
        ) AS BIGINT)
      ) + 1,
      SUM(CAST(`t14`.`gap_days` > `t14`.`recency` AS BIGINT)) + 2
    ) AS `own_return_share`,
    SUM(EXP(CAST(`t14`.`age_days` AS DOUBLE) * -0.049510512897138946) * `t14`.`value`) AS `fading_value_14`,
    SUM(EXP(CAST(`t14`.`age_days` AS DOUBLE) * -0.011552453009332421) * `t14`.`value`) AS `fading_value_60`,
    MAX(IF(`t14`.`place` = 0, `t14`.`value`, NULL)) AS `value_last`,
    AVG(IF(`t14`.`place` < 3, `t14`.`value`, NULL)) AS `value_last_3`,
    SUM(EXP(CAST(`t14`.`age_days` AS DOUBLE) * -0.023104906018664842) * `t14`.`n`) AS `fading_commitments_30`,
    TRY_DIVIDE(
      (
        SUM(CAST(`t14`.`weekday` = 0 AS BIGINT)) * SUM(CAST(`t14`.`weekday` = 0 AS BIGINT))
      ) + (
        SUM(CAST(`t14`.`weekday` = 1 AS BIGINT)) * SUM(CAST(`t14`.`weekday` = 1 AS BIGINT))
      ) + (
        SUM(CAST(`t14`.`weekday` = 2 AS BIGINT)) * SUM(CAST(`t14`.`weekday` = 2 AS BIGINT))
      ) + (
        SUM(CAST(`t14`.`weekday` = 3 AS BIGINT)) * SUM(CAST(`t14`.`weekday` = 3 AS BIGINT))
      ) + (
        SUM(CAST(`t14`.`weekday` = 4 AS BIGINT)) * SUM(CAST(`t14`.`weekday` = 4 AS BIGINT))
      ) + (
        SUM(CAST(`t14`.`weekday` = 5 AS BIGINT)) * SUM(CAST(`t14`.`weekday` = 5 AS BIGINT))
      ) + (
        SUM(CAST(`t14`.`weekday` = 6 AS BIGINT)) * SUM(CAST(`t14`.`weekday` = 6 AS BIGINT))
      ),
      COUNT(*) * COUNT(*)
    ) AS `weekday_concentration`
  FROM (
    SELECT
      `t13`.`user_id`,
      `t13`.`as_of`,
      `t13`.`age_days`,
      `t13`.`n`,
      `t13`.`value`,
      `t13`.`fortnight`,
      `t13`.`place`,
      `t13`.`gap_days`,
      `t13`.`recency`,
      `t13`.`newer`,
      `t13`.`nth_fortnight`,
      (
        `t13`.`newer` IS NULL
      ) OR (
        `t13`.`newer` <> `t13`.`fortnight`
      ) AS `opens_fortnight`,
      `t13`.`age_days` % 7 AS `weekday`
    FROM (
      SELECT
        `t12`.`user_id`,
        `t12`.`as_of`,
        `t12`.`age_days`,
        `t12`.`n`,
        `t12`.`value`,
        `t12`.`fortnight`,
        ROW_NUMBER() OVER (
          PARTITION BY `t12`.`user_id`, `t12`.`as_of`
          ORDER BY `t12`.`age_days` ASC NULLS LAST
        ) - 1 AS `place`,
        LEAD(`t12`.`age_days`) OVER (
          PARTITION BY `t12`.`user_id`, `t12`.`as_of`
          ORDER BY `t12`.`age_days` ASC NULLS LAST
        ) - `t12`.`age_days` AS `gap_days`,
        MIN(`t12`.`age_days`) OVER (
          PARTITION BY `t12`.`user_id`, `t12`.`as_of`
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS `recency`,
        LAG(`t12`.`fortnight`) OVER (
          PARTITION BY `t12`.`user_id`, `t12`.`as_of`
          ORDER BY `t12`.`age_days` ASC NULLS LAST
        ) AS `newer`,
        DENSE_RANK() OVER (
          PARTITION BY `t12`.`user_id`, `t12`.`as_of`
          ORDER BY `t12`.`fortnight` ASC NULLS LAST
        ) - 1 AS `nth_fortnight`
      FROM (
        SELECT
          `t11`.`user_id`,
          `t11`.`as_of`,
          `t11`.`age_days`,
          `t11`.`n`,
          `t11`.`value`,
          CAST(FLOOR((
            `t11`.`age_days`
          ) / (
            14
          )) AS BIGINT) AS `fortnight`
        FROM (
          SELECT
            `t10`.`user_id`,
            `t10`.`as_of`,
            `t10`.`age_days`,
            SUM(`t10`.`n`) AS `n`,
            COALESCE(SUM(`t10`.`value`), 0.0) AS `value`
          FROM (
            SELECT
              `t9`.`user_id`,
              `t9`.`timestamp`,
              `t9`.`n`,
              `t9`.`value`,
              `t9`.`as_of`,
              CAST(CAST(CEIL(
                TRY_DIVIDE(
                  UNIX_TIMESTAMP(CAST(`t9`.`as_of` AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t9`.`timestamp` AS TIMESTAMP)),
                  86400.0
                )
              ) AS BIGINT) - 1 AS INT) AS `age_days`
            FROM (
              SELECT
                `t6`.`user_id`,
                `t6`.`timestamp`,
                `t6`.`n`,
                `t6`.`value`,
                EXPLODE(
                  ARRAY(CAST('2024-05-02T12:00:00' AS TIMESTAMP), CAST('2024-06-01T12:00:00' AS TIMESTAMP))
                ) AS `as_of`
              FROM (
                SELECT
                  *
                FROM (
                  SELECT
                    `t2`.`user_id`,
                    `t2`.`timestamp`,
                    COUNT(*) AS `n`,
                    SUM(`t2`.`value`) AS `value`
                  FROM (
                    SELECT
                      *
                    FROM `events` AS `t0`
                    WHERE
                      COALESCE(`t0`.`role` IN ('commitment'), FALSE)
                  ) AS `t2`
                  GROUP BY
                    1,
                    2
                ) AS `t4`
                WHERE
                  `t4`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
              ) AS `t6`
            ) AS `t9`
            WHERE
              `t9`.`timestamp` < `t9`.`as_of`
          ) AS `t10`
          GROUP BY
            1,
            2,
            3
        ) AS `t11`
      ) AS `t12`
    ) AS `t13`
  ) AS `t14`
  GROUP BY
    1,
    2
) AS `t16`
  ON `t8`.`user_id` = `t16`.`user_id` AND `t8`.`as_of` = `t16`.`as_of`
