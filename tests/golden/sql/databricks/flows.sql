SELECT
  *
FROM (
  SELECT
    `t7`.`from_as_of`,
    `t5`.`to_as_of`,
    `t5`.`from_stage`,
    `t5`.`to_stage`,
    `t5`.`n_users`
  FROM (
    SELECT
      `t2`.`to_as_of`,
      `t2`.`from_stage`,
      `t2`.`to_stage`,
      COUNT(*) AS `n_users`
    FROM (
      SELECT
        `t0`.`user_id`,
        COALESCE(
          LAG(`t0`.`stage`) OVER (PARTITION BY `t0`.`user_id` ORDER BY `t0`.`as_of` ASC NULLS LAST),
          'unseen'
        ) AS `from_stage`,
        `t0`.`stage` AS `to_stage`,
        `t0`.`as_of` AS `to_as_of`
      FROM `history` AS `t0`
    ) AS `t2`
    GROUP BY
      1,
      2,
      3
  ) AS `t5`
  INNER JOIN (
    SELECT
      *
    FROM (
      SELECT
        `t1`.`as_of` AS `to_as_of`,
        LAG(`t1`.`as_of`) OVER (ORDER BY `t1`.`as_of` ASC NULLS LAST) AS `from_as_of`
      FROM (
        SELECT DISTINCT
          `t0`.`as_of`
        FROM `history` AS `t0`
      ) AS `t1`
    ) AS `t3`
    WHERE
      `t3`.`from_as_of` IS NOT NULL
  ) AS `t7`
    ON `t5`.`to_as_of` = `t7`.`to_as_of`
) AS `t8`
ORDER BY
  `t8`.`to_as_of` ASC NULLS LAST,
  `t8`.`from_stage` ASC NULLS LAST,
  `t8`.`to_stage` ASC NULLS LAST
