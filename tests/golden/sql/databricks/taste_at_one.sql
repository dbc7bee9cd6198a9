WITH `t14` AS (
  SELECT
    `t7`.`user_id`,
    `t7`.`as_of`,
    `t7`.`item_id`,
    `t7`.`weight`,
    `t3`.`brand`,
    `t3`.`price`,
    `t3`.`category`,
    `t13`.`price_band`
  FROM (
    SELECT
      `t5`.`user_id`,
      `t5`.`as_of`,
      `t5`.`item_id`,
      SUM(`t5`.`decayed`) AS `weight`
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
        ) AS BIGINT) - 1 AS INT) AS `age_days`,
        `t0`.`weight` * (
          POWER(
            0.5,
            TRY_DIVIDE(
              TRY_DIVIDE(
                UNIX_TIMESTAMP(CAST(CAST('2024-06-01T12:00:00' AS TIMESTAMP) AS TIMESTAMP)) - UNIX_TIMESTAMP(CAST(`t0`.`timestamp` AS TIMESTAMP)),
                86400.0
              ),
              90.0
            )
          )
        ) AS `decayed`
      FROM `events` AS `t0`
      WHERE
        `t0`.`timestamp` < CAST('2024-06-01T12:00:00' AS TIMESTAMP)
        AND `t0`.`item_id` IS NOT NULL
    ) AS `t5`
    GROUP BY
      1,
      2,
      3
  ) AS `t7`
  INNER JOIN (
    SELECT
      `t1`.`item_id`,
      `t1`.`brand`,
      `t1`.`price`,
      IF(
        SIZE(`t1`.`categories`) >= 2,
        ELEMENT_AT(`t1`.`categories`, 1 + 1),
        IF(SIZE(`t1`.`categories`) >= 1, ELEMENT_AT(`t1`.`categories`, 0 + 1), NULL)
      ) AS `category`
    FROM `items` AS `t1`
  ) AS `t3`
    ON `t7`.`item_id` = `t3`.`item_id`
  LEFT OUTER JOIN (
    SELECT
      `t11`.`as_of`,
      `t11`.`item_id`,
      CASE CAST(CAST(FLOOR(
          TRY_DIVIDE(
            TRY_DIVIDE(
              RANK() OVER (
                PARTITION BY `t11`.`as_of`, `t11`.`category`
                ORDER BY `t11`.`unit_price` ASC NULLS LAST
              ) - 1,
              COUNT(*) OVER (
                PARTITION BY `t11`.`as_of`, `t11`.`category`
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
              )
            ) + CUME_DIST() OVER (
              PARTITION BY `t11`.`as_of`, `t11`.`category`
              ORDER BY `t11`.`unit_price` ASC NULLS LAST
            ),
            2
          ) * 5
        ) AS BIGINT) AS INT)
        WHEN 0
        THEN 'lowest'
        WHEN 1
        THEN 'low'
        WHEN 2
        THEN 'middle'
        WHEN 3
        THEN 'high'
        WHEN 4
        THEN 'highest'
        ELSE NULL
      END AS `price_band`
    FROM (
      SELECT
        `t10`.`as_of`,
        `t10`.`item_id`,
        `t10`.`paid`,
        `t10`.`quantity`,
        `t10`.`brand`,
        `t10`.`price`,
        `t10`.`category`,
        COALESCE(TRY_DIVIDE(`t10`.`paid`, `t10`.`quantity`), `t10`.`price`) AS `unit_price`
      FROM (
        SELECT
          `t9`.`as_of`,
          `t9`.`item_id`,
          `t9`.`paid`,
          `t9`.`quantity`,
          `t3`.`brand`,
          `t3`.`price`,
          `t3`.`category`
        FROM (
          SELECT
            `t4`.`as_of`,
            `t4`.`item_id`,
            SUM(
              IF(
                COALESCE(`t4`.`role` IN ('commitment'), FALSE)
                AND (
                  `t4`.`value` IS NOT NULL AND NOT ISNAN(`t4`.`value`)
                )
                AND (
                  COALESCE(`t4`.`quantity`, 1.0) > 0
                ),
                `t4`.`value`,
                NULL
              )
            ) AS `paid`,
            SUM(
              IF(
                COALESCE(`t4`.`role` IN ('commitment'), FALSE)
                AND (
                  `t4`.`value` IS NOT NULL AND NOT ISNAN(`t4`.`value`)
                )
                AND (
                  COALESCE(`t4`.`quantity`, 1.0) > 0
                ),
                COALESCE(`t4`.`quantity`, 1.0),
                NULL
              )
            ) AS `quantity`
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
              AND `t0`.`item_id` IS NOT NULL
          ) AS `t4`
          GROUP BY
            1,
            2
        ) AS `t9`
        INNER JOIN (
          SELECT
            `t1`.`item_id`,
            `t1`.`brand`,
            `t1`.`price`,
            IF(
              SIZE(`t1`.`categories`) >= 2,
              ELEMENT_AT(`t1`.`categories`, 1 + 1),
              IF(SIZE(`t1`.`categories`) >= 1, ELEMENT_AT(`t1`.`categories`, 0 + 1), NULL)
            ) AS `category`
          FROM `items` AS `t1`
        ) AS `t3`
          ON `t9`.`item_id` = `t3`.`item_id`
      ) AS `t10`
      WHERE
        (
          COALESCE(TRY_DIVIDE(`t10`.`paid`, `t10`.`quantity`), `t10`.`price`) IS NOT NULL
          AND NOT ISNAN(COALESCE(TRY_DIVIDE(`t10`.`paid`, `t10`.`quantity`), `t10`.`price`))
        )
        AND `t10`.`category` IS NOT NULL
    ) AS `t11`
  ) AS `t13`
    ON `t7`.`as_of` = `t13`.`as_of` AND `t7`.`item_id` = `t13`.`item_id`
), `t26` AS (
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t17`.`user_id`,
          `t17`.`as_of`,
          `t17`.`dimension`,
          `t17`.`name`,
          SUM(`t17`.`weight`) AS `weight`
        FROM (
          SELECT
            `t15`.`user_id`,
            `t15`.`as_of`,
            `t15`.`item_id`,
            `t15`.`weight`,
            `t15`.`brand`,
            `t15`.`price`,
            `t15`.`category`,
            `t15`.`price_band`,
            'category' AS `dimension`,
            `t15`.`category` AS `name`
          FROM `t14` AS `t15`
          WHERE
            `t15`.`category` IS NOT NULL
        ) AS `t17`
        GROUP BY
          1,
          2,
          3,
          4
      ) AS `t20`
      WHERE
        `t20`.`weight` > 0
    ) AS `t23`
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          `t16`.`user_id`,
          `t16`.`as_of`,
          `t16`.`dimension`,
          `t16`.`name`,
          SUM(`t16`.`weight`) AS `weight`
        FROM (
          SELECT
            `t15`.`user_id`,
            `t15`.`as_of`,
            `t15`.`item_id`,
            `t15`.`weight`,
            `t15`.`brand`,
            `t15`.`price`,
            `t15`.`category`,
            `t15`.`price_band`,
            'brand' AS `dimension`,
            `t15`.`brand` AS `name`
          FROM `t14` AS `t15`
          WHERE
            `t15`.`brand` IS NOT NULL
        ) AS `t16`
        GROUP BY
          1,
          2,
          3,
          4
      ) AS `t19`
      WHERE
        `t19`.`weight` > 0
    ) AS `t22`
  ) AS `t25`
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        `t18`.`user_id`,
        `t18`.`as_of`,
        `t18`.`dimension`,
        `t18`.`name`,
        SUM(`t18`.`weight`) AS `weight`
      FROM (
        SELECT
          `t15`.`user_id`,
          `t15`.`as_of`,
          `t15`.`item_id`,
          `t15`.`weight`,
          `t15`.`brand`,
          `t15`.`price`,
          `t15`.`category`,
          `t15`.`price_band`,
          'price_band' AS `dimension`,
          `t15`.`price_band` AS `name`
        FROM `t14` AS `t15`
        WHERE
          `t15`.`price_band` IS NOT NULL
      ) AS `t18`
      GROUP BY
        1,
        2,
        3,
        4
    ) AS `t21`
    WHERE
      `t21`.`weight` > 0
  ) AS `t24`
), `t29` AS (
  SELECT
    `t27`.`user_id`,
    `t27`.`as_of`,
    `t27`.`dimension`,
    SUM(`t27`.`weight`) AS `own`
  FROM `t26` AS `t27`
  GROUP BY
    1,
    2,
    3
)
SELECT
  `t40`.`user_id`,
  `t40`.`as_of`,
  `t40`.`dimension`,
  `t40`.`name`,
  `t40`.`weight`,
  `t40`.`share`,
  `t40`.`lift`
FROM (
  SELECT
    `t39`.`user_id`,
    `t39`.`as_of`,
    `t39`.`dimension`,
    `t39`.`name`,
    `t39`.`weight`,
    `t39`.`own`,
    `t39`.`mean`,
    `t39`.`usual`,
    `t39`.`share`,
    `t39`.`lift`,
    ROW_NUMBER() OVER (
      PARTITION BY `t39`.`user_id`, `t39`.`as_of`, `t39`.`dimension`
      ORDER BY `t39`.`weight` DESC, `t39`.`name` ASC NULLS LAST
    ) - 1 AS `place`
  FROM (
    SELECT
      `t38`.`user_id`,
      `t38`.`as_of`,
      `t38`.`dimension`,
      `t38`.`name`,
      `t38`.`weight`,
      `t38`.`own`,
      `t38`.`mean`,
      `t38`.`usual`,
      TRY_DIVIDE(`t38`.`weight`, `t38`.`own`) AS `share`,
      TRY_DIVIDE(
        TRY_DIVIDE(`t38`.`weight` + (
          `t38`.`mean` * `t38`.`usual`
        ), `t38`.`own` + `t38`.`mean`),
        `t38`.`usual`
      ) AS `lift`
    FROM (
      SELECT
        `t28`.`user_id`,
        `t28`.`as_of`,
        `t28`.`dimension`,
        `t28`.`name`,
        `t28`.`weight`,
        `t33`.`own`,
        `t37`.`mean`,
        `t37`.`usual`
      FROM `t26` AS `t28`
      INNER JOIN `t29` AS `t33`
        ON `t28`.`user_id` = `t33`.`user_id`
        AND `t28`.`as_of` = `t33`.`as_of`
        AND `t28`.`dimension` = `t33`.`dimension`
      INNER JOIN (
        SELECT
          `t32`.`as_of`,
          `t32`.`dimension`,
          `t32`.`name`,
          `t35`.`mean`,
          TRY_DIVIDE(`t32`.`named`, `t35`.`everyone`) AS `usual`
        FROM (
          SELECT
            `t27`.`as_of`,
            `t27`.`dimension`,
            `t27`.`name`,
            SUM(`t27`.`weight`) AS `named`
          FROM `t26` AS `t27`
          GROUP BY
            1,
            2,
            3
        ) AS `t32`
        INNER JOIN (
          SELECT
            `t31`.`as_of`,
            `t31`.`dimension`,
            AVG(`t31`.`own`) AS `mean`,
            SUM(`t31`.`own`) AS `everyone`
          FROM `t29` AS `t31`
          GROUP BY
            1,
            2
        ) AS `t35`
          ON `t32`.`as_of` = `t35`.`as_of` AND `t32`.`dimension` = `t35`.`dimension`
      ) AS `t37`
        ON `t28`.`as_of` = `t37`.`as_of`
        AND `t28`.`dimension` = `t37`.`dimension`
        AND `t28`.`name` = `t37`.`name`
    ) AS `t38`
  ) AS `t39`
) AS `t40`
WHERE
  `t40`.`place` < 20
