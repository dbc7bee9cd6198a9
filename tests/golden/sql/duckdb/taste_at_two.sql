WITH "t3" AS (
  SELECT
    "t2"."event_id",
    "t2"."user_id",
    "t2"."item_id",
    "t2"."event_type",
    "t2"."timestamp",
    "t2"."value",
    "t2"."quantity",
    "t2"."discount",
    "t2"."duration_seconds",
    "t2"."session_id",
    "t2"."recommendation_id",
    "t2"."properties",
    "t2"."role",
    "t2"."weight",
    UNNEST(
      CAST([MAKE_TIMESTAMP(2024, 5, 2, 12, 0, 0.0), MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)] AS TIMESTAMP(6)[])
    ) AS "as_of"
  FROM (
    SELECT
      *
    FROM "events" AS "t1"
    WHERE
      "t1"."timestamp" < MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0)
  ) AS "t2"
), "t17" AS (
  SELECT
    "t10"."user_id",
    "t10"."as_of",
    "t10"."item_id",
    "t10"."weight",
    "t6"."brand",
    "t6"."price",
    "t6"."category",
    "t16"."price_band"
  FROM (
    SELECT
      "t8"."user_id",
      "t8"."as_of",
      "t8"."item_id",
      SUM("t8"."decayed") AS "weight"
    FROM (
      SELECT
        "t5"."event_id",
        "t5"."user_id",
        "t5"."item_id",
        "t5"."event_type",
        "t5"."timestamp",
        "t5"."value",
        "t5"."quantity",
        "t5"."discount",
        "t5"."duration_seconds",
        "t5"."session_id",
        "t5"."recommendation_id",
        "t5"."properties",
        "t5"."role",
        "t5"."weight",
        "t5"."as_of",
        CAST(CAST(CEIL(
          (
            EPOCH(CAST("t5"."as_of" AS TIMESTAMP)) - EPOCH(CAST("t5"."timestamp" AS TIMESTAMP))
          ) / 86400.0
        ) AS BIGINT) - 1 AS INT) AS "age_days",
        "t5"."weight" * (
          POWER(
            0.5,
            (
              (
                (
                  EPOCH(CAST("t5"."as_of" AS TIMESTAMP)) - EPOCH(CAST("t5"."timestamp" AS TIMESTAMP))
                ) / 86400.0
              ) / 90.0
            )
          )
        ) AS "decayed"
      FROM "t3" AS "t5"
      WHERE
        "t5"."timestamp" < "t5"."as_of" AND "t5"."item_id" IS NOT NULL
    ) AS "t8"
    GROUP BY
      1,
      2,
      3
  ) AS "t10"
  INNER JOIN (
    SELECT
      "t0"."item_id",
      "t0"."brand",
      "t0"."price",
      CASE
        WHEN ARRAY_LENGTH("t0"."categories") >= 2
        THEN LIST_EXTRACT("t0"."categories", 2)
        ELSE CASE
          WHEN ARRAY_LENGTH("t0"."categories") >= 1
          THEN LIST_EXTRACT("t0"."categories", 1)
          ELSE NULL
        END
      END AS "category"
    FROM "items" AS "t0"
  ) AS "t6"
    ON "t10"."item_id" = "t6"."item_id"
  LEFT OUTER JOIN (
    SELECT
      "t14"."as_of",
      "t14"."item_id",
      CASE CAST(CAST(FLOOR(
          (
            (
              (
                (
                  RANK() OVER (
                    PARTITION BY "t14"."as_of", "t14"."category"
                    ORDER BY "t14"."unit_price" ASC
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
                  ) - 1
                ) / COUNT(*) OVER (
                  PARTITION BY "t14"."as_of", "t14"."category"
                  ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
                )
              ) + CUME_DIST() OVER (
                PARTITION BY "t14"."as_of", "t14"."category"
                ORDER BY "t14"."unit_price" ASC
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
              )
            ) / 2
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
      END AS "price_band"
    FROM (
      SELECT
        "t13"."as_of",
        "t13"."item_id",
        "t13"."paid",
        "t13"."quantity",
        "t13"."brand",
        "t13"."price",
        "t13"."category",
        COALESCE("t13"."paid" / "t13"."quantity", "t13"."price") AS "unit_price"
      FROM (
        SELECT
          "t12"."as_of",
          "t12"."item_id",
          "t12"."paid",
          "t12"."quantity",
          "t6"."brand",
          "t6"."price",
          "t6"."category"
        FROM (
          SELECT
            "t7"."as_of",
            "t7"."item_id",
            SUM("t7"."value") FILTER(WHERE
              COALESCE("t7"."role" IN ('commitment'), FALSE)
              AND (
                "t7"."value" IS NOT NULL
              )
              AND (
                COALESCE("t7"."quantity", 1.0) > 0
              )) AS "paid",
            SUM(COALESCE("t7"."quantity", 1.0)) FILTER(WHERE
              COALESCE("t7"."role" IN ('commitment'), FALSE)
              AND (
                "t7"."value" IS NOT NULL
              )
              AND (
                COALESCE("t7"."quantity", 1.0) > 0
              )) AS "quantity"
          FROM (
            SELECT
              "t5"."event_id",
              "t5"."user_id",
              "t5"."item_id",
              "t5"."event_type",
              "t5"."timestamp",
              "t5"."value",
              "t5"."quantity",
              "t5"."discount",
              "t5"."duration_seconds",
              "t5"."session_id",
              "t5"."recommendation_id",
              "t5"."properties",
              "t5"."role",
              "t5"."weight",
              "t5"."as_of",
              CAST(CAST(CEIL(
                (
                  EPOCH(CAST("t5"."as_of" AS TIMESTAMP)) - EPOCH(CAST("t5"."timestamp" AS TIMESTAMP))
                ) / 86400.0
              ) AS BIGINT) - 1 AS INT) AS "age_days"
            FROM "t3" AS "t5"
            WHERE
              "t5"."timestamp" < "t5"."as_of" AND "t5"."item_id" IS NOT NULL
          ) AS "t7"
          GROUP BY
            1,
            2
        ) AS "t12"
        INNER JOIN (
          SELECT
            "t0"."item_id",
            "t0"."brand",
            "t0"."price",
            CASE
              WHEN ARRAY_LENGTH("t0"."categories") >= 2
              THEN LIST_EXTRACT("t0"."categories", 2)
              ELSE CASE
                WHEN ARRAY_LENGTH("t0"."categories") >= 1
                THEN LIST_EXTRACT("t0"."categories", 1)
                ELSE NULL
              END
            END AS "category"
          FROM "items" AS "t0"
        ) AS "t6"
          ON "t12"."item_id" = "t6"."item_id"
      ) AS "t13"
      WHERE
        COALESCE("t13"."paid" / "t13"."quantity", "t13"."price") IS NOT NULL
        AND "t13"."category" IS NOT NULL
    ) AS "t14"
  ) AS "t16"
    ON "t10"."as_of" = "t16"."as_of" AND "t10"."item_id" = "t16"."item_id"
), "t29" AS (
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
          "t20"."user_id",
          "t20"."as_of",
          "t20"."dimension",
          "t20"."name",
          SUM("t20"."weight") AS "weight"
        FROM (
          SELECT
            "t18"."user_id",
            "t18"."as_of",
            "t18"."item_id",
            "t18"."weight",
            "t18"."brand",
            "t18"."price",
            "t18"."category",
            "t18"."price_band",
            'category' AS "dimension",
            "t18"."category" AS "name"
          FROM "t17" AS "t18"
          WHERE
            "t18"."category" IS NOT NULL
        ) AS "t20"
        GROUP BY
          1,
          2,
          3,
          4
      ) AS "t23"
      WHERE
        "t23"."weight" > 0
    ) AS "t26"
    UNION ALL
    SELECT
      *
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t19"."user_id",
          "t19"."as_of",
          "t19"."dimension",
          "t19"."name",
          SUM("t19"."weight") AS "weight"
        FROM (
          SELECT
            "t18"."user_id",
            "t18"."as_of",
            "t18"."item_id",
            "t18"."weight",
            "t18"."brand",
            "t18"."price",
            "t18"."category",
            "t18"."price_band",
            'brand' AS "dimension",
            "t18"."brand" AS "name"
          FROM "t17" AS "t18"
          WHERE
            "t18"."brand" IS NOT NULL
        ) AS "t19"
        GROUP BY
          1,
          2,
          3,
          4
      ) AS "t22"
      WHERE
        "t22"."weight" > 0
    ) AS "t25"
  ) AS "t28"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t21"."user_id",
        "t21"."as_of",
        "t21"."dimension",
        "t21"."name",
        SUM("t21"."weight") AS "weight"
      FROM (
        SELECT
          "t18"."user_id",
          "t18"."as_of",
          "t18"."item_id",
          "t18"."weight",
          "t18"."brand",
          "t18"."price",
          "t18"."category",
          "t18"."price_band",
          'price_band' AS "dimension",
          "t18"."price_band" AS "name"
        FROM "t17" AS "t18"
        WHERE
          "t18"."price_band" IS NOT NULL
      ) AS "t21"
      GROUP BY
        1,
        2,
        3,
        4
    ) AS "t24"
    WHERE
      "t24"."weight" > 0
  ) AS "t27"
), "t32" AS (
  SELECT
    "t30"."user_id",
    "t30"."as_of",
    "t30"."dimension",
    SUM("t30"."weight") AS "own"
  FROM "t29" AS "t30"
  GROUP BY
    1,
    2,
    3
)
SELECT
  "t43"."user_id",
  "t43"."as_of",
  "t43"."dimension",
  "t43"."name",
  "t43"."weight",
  "t43"."share",
  "t43"."lift"
FROM (
  SELECT
    "t42"."user_id",
    "t42"."as_of",
    "t42"."dimension",
    "t42"."name",
    "t42"."weight",
    "t42"."own",
    "t42"."mean",
    "t42"."usual",
    "t42"."share",
    "t42"."lift",
    ROW_NUMBER() OVER (
      PARTITION BY "t42"."user_id", "t42"."as_of", "t42"."dimension"
      ORDER BY "t42"."weight" DESC, "t42"."name" ASC
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) - 1 AS "place"
  FROM (
    SELECT
      "t41"."user_id",
      "t41"."as_of",
      "t41"."dimension",
      "t41"."name",
      "t41"."weight",
      "t41"."own",
      "t41"."mean",
      "t41"."usual",
      "t41"."weight" / "t41"."own" AS "share",
      (
        (
          "t41"."weight" + (
            "t41"."mean" * "t41"."usual"
          )
        ) / (
          "t41"."own" + "t41"."mean"
        )
      ) / "t41"."usual" AS "lift"
    FROM (
      SELECT
        "t31"."user_id",
        "t31"."as_of",
        "t31"."dimension",
        "t31"."name",
        "t31"."weight",
        "t36"."own",
        "t40"."mean",
        "t40"."usual"
      FROM "t29" AS "t31"
      INNER JOIN "t32" AS "t36"
        ON "t31"."user_id" = "t36"."user_id"
        AND "t31"."as_of" = "t36"."as_of"
        AND "t31"."dimension" = "t36"."dimension"
      INNER JOIN (
        SELECT
          "t35"."as_of",
          "t35"."dimension",
          "t35"."name",
          "t38"."mean",
          "t35"."named" / "t38"."everyone" AS "usual"
        FROM (
          SELECT
            "t30"."as_of",
            "t30"."dimension",
            "t30"."name",
            SUM("t30"."weight") AS "named"
          FROM "t29" AS "t30"
          GROUP BY
            1,
            2,
            3
        ) AS "t35"
        INNER JOIN (
          SELECT
            "t34"."as_of",
            "t34"."dimension",
            AVG("t34"."own") AS "mean",
            SUM("t34"."own") AS "everyone"
          FROM "t32" AS "t34"
          GROUP BY
            1,
            2
        ) AS "t38"
          ON "t35"."as_of" = "t38"."as_of" AND "t35"."dimension" = "t38"."dimension"
      ) AS "t40"
        ON "t31"."as_of" = "t40"."as_of"
        AND "t31"."dimension" = "t40"."dimension"
        AND "t31"."name" = "t40"."name"
    ) AS "t41"
  ) AS "t42"
) AS "t43"
WHERE
  "t43"."place" < 20
