SELECT
  "t6"."row",
  "t6"."source",
  "t6"."line",
  "t6"."fault",
  "t6"."record",
  "t6"."event_id",
  "t6"."user_id",
  "t6"."item_id",
  "t6"."event_type",
  "t6"."timestamp",
  "t6"."value",
  "t6"."quantity",
  "t6"."discount",
  "t6"."duration_seconds",
  "t6"."session_id",
  "t6"."recommendation_id",
  "t6"."properties",
  "t6"."value_text",
  "t6"."quantity_text",
  "t6"."discount_text",
  "t6"."duration_seconds_text",
  "t6"."time_text",
  "t6"."has_own_id",
  "t6"."role",
  "t6"."weight",
  "t6"."reason",
  SUBSTRING(
    CASE
      WHEN "t6"."reason" IN ('unparsable_time', 'absurd_time', 'future_time')
      THEN "t6"."time_text"
      WHEN "t6"."reason" = 'unparsable_number'
      THEN CASE
        WHEN (
          "t6"."value" IS NULL
        ) AND (
          "t6"."value_text" IS NOT NULL
        )
        THEN "t6"."value_text"
        WHEN (
          "t6"."quantity" IS NULL
        ) AND (
          "t6"."quantity_text" IS NOT NULL
        )
        THEN "t6"."quantity_text"
        WHEN (
          "t6"."discount" IS NULL
        ) AND (
          "t6"."discount_text" IS NOT NULL
        )
        THEN "t6"."discount_text"
        WHEN (
          "t6"."duration_seconds" IS NULL
        )
        AND (
          "t6"."duration_seconds_text" IS NOT NULL
        )
        THEN "t6"."duration_seconds_text"
        ELSE CAST(NULL AS TEXT)
      END
      WHEN "t6"."reason" = 'absurd_value'
      THEN CASE
        WHEN ISNAN("t6"."value") OR ISINF("t6"."value")
        THEN "t6"."value_text"
        WHEN ISNAN("t6"."quantity") OR ISINF("t6"."quantity")
        THEN "t6"."quantity_text"
        WHEN ISNAN("t6"."discount") OR ISINF("t6"."discount")
        THEN "t6"."discount_text"
        WHEN ISNAN("t6"."duration_seconds") OR ISINF("t6"."duration_seconds")
        THEN "t6"."duration_seconds_text"
        ELSE "t6"."value_text"
      END
      WHEN "t6"."reason" = 'negative_duration'
      THEN "t6"."duration_seconds_text"
      WHEN "t6"."reason" = 'bad_id'
      THEN CASE
        WHEN COALESCE(
          (
            LENGTH("t6"."user_id") > 1000
          )
          OR REGEXP_MATCHES("t6"."user_id", '[\x00-\x1f\x7f]'),
          FALSE
        )
        THEN "t6"."user_id"
        WHEN COALESCE(
          (
            LENGTH("t6"."item_id") > 1000
          )
          OR REGEXP_MATCHES("t6"."item_id", '[\x00-\x1f\x7f]'),
          FALSE
        )
        THEN "t6"."item_id"
        WHEN COALESCE(
          (
            LENGTH("t6"."event_type") > 1000
          )
          OR REGEXP_MATCHES("t6"."event_type", '[\x00-\x1f\x7f]'),
          FALSE
        )
        THEN "t6"."event_type"
        ELSE CAST(NULL AS TEXT)
      END
      ELSE CAST(NULL AS TEXT)
    END,
    CASE
      WHEN (
        0 + 1
      ) >= 1
      THEN 0 + 1
      ELSE 0 + 1 + LENGTH(
        CASE
          WHEN "t6"."reason" IN ('unparsable_time', 'absurd_time', 'future_time')
          THEN "t6"."time_text"
          WHEN "t6"."reason" = 'unparsable_number'
          THEN CASE
            WHEN (
              "t6"."value" IS NULL
            ) AND (
              "t6"."value_text" IS NOT NULL
            )
            THEN "t6"."value_text"
            WHEN (
              "t6"."quantity" IS NULL
            ) AND (
              "t6"."quantity_text" IS NOT NULL
            )
            THEN "t6"."quantity_text"
            WHEN (
              "t6"."discount" IS NULL
            ) AND (
              "t6"."discount_text" IS NOT NULL
            )
            THEN "t6"."discount_text"
            WHEN (
              "t6"."duration_seconds" IS NULL
            )
            AND (
              "t6"."duration_seconds_text" IS NOT NULL
            )
            THEN "t6"."duration_seconds_text"
            ELSE CAST(NULL AS TEXT)
          END
          WHEN "t6"."reason" = 'absurd_value'
          THEN CASE
            WHEN ISNAN("t6"."value") OR ISINF("t6"."value")
            THEN "t6"."value_text"
            WHEN ISNAN("t6"."quantity") OR ISINF("t6"."quantity")
            THEN "t6"."quantity_text"
            WHEN ISNAN("t6"."discount") OR ISINF("t6"."discount")
            THEN "t6"."discount_text"
            WHEN ISNAN("t6"."duration_seconds") OR ISINF("t6"."duration_seconds")
            THEN "t6"."duration_seconds_text"
            ELSE "t6"."value_text"
          END
          WHEN "t6"."reason" = 'negative_duration'
          THEN "t6"."duration_seconds_text"
          WHEN "t6"."reason" = 'bad_id'
          THEN CASE
            WHEN COALESCE(
              (
                LENGTH("t6"."user_id") > 1000
              )
              OR REGEXP_MATCHES("t6"."user_id", '[\x00-\x1f\x7f]'),
              FALSE
            )
            THEN "t6"."user_id"
            WHEN COALESCE(
              (
                LENGTH("t6"."item_id") > 1000
              )
              OR REGEXP_MATCHES("t6"."item_id", '[\x00-\x1f\x7f]'),
              FALSE
            )
            THEN "t6"."item_id"
            WHEN COALESCE(
              (
                LENGTH("t6"."event_type") > 1000
              )
              OR REGEXP_MATCHES("t6"."event_type", '[\x00-\x1f\x7f]'),
              FALSE
            )
            THEN "t6"."event_type"
            ELSE CAST(NULL AS TEXT)
          END
          ELSE CAST(NULL AS TEXT)
        END
      )
    END,
    200
  ) AS "detail"
FROM (
  SELECT
    "t5"."row",
    "t5"."source",
    "t5"."line",
    "t5"."fault",
    "t5"."record",
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
    "t5"."value_text",
    "t5"."quantity_text",
    "t5"."discount_text",
    "t5"."duration_seconds_text",
    "t5"."time_text",
    "t5"."has_own_id",
    "t5"."role",
    "t5"."weight",
    CASE
      WHEN "t5"."fault" IS NOT NULL
      THEN "t5"."fault"
      WHEN "t5"."user_id" IS NULL
      THEN 'missing_user'
      WHEN COALESCE(
        (
          LENGTH("t5"."user_id") > 1000
        )
        OR REGEXP_MATCHES("t5"."user_id", '[\x00-\x1f\x7f]'),
        FALSE
      )
      OR COALESCE(
        (
          LENGTH("t5"."item_id") > 1000
        )
        OR REGEXP_MATCHES("t5"."item_id", '[\x00-\x1f\x7f]'),
        FALSE
      )
      OR COALESCE(
        (
          LENGTH("t5"."event_type") > 1000
        )
        OR REGEXP_MATCHES("t5"."event_type", '[\x00-\x1f\x7f]'),
        FALSE
      )
      THEN 'bad_id'
      WHEN "t5"."time_text" IS NULL
      THEN 'missing_time'
      WHEN "t5"."timestamp" IS NULL
      THEN 'unparsable_time'
      WHEN "t5"."timestamp" < MAKE_TIMESTAMP(1990, 1, 1, 0, 0, 0.0)
      THEN 'absurd_time'
      WHEN "t5"."timestamp" > (
        MAKE_TIMESTAMP(2024, 6, 1, 12, 0, 0.0) + INTERVAL '1' DAY
      )
      THEN 'future_time'
      WHEN "t5"."event_type" IS NULL
      THEN 'missing_type'
      WHEN (
        (
          "t5"."value" IS NULL
        ) AND (
          "t5"."value_text" IS NOT NULL
        )
      )
      OR (
        (
          "t5"."quantity" IS NULL
        ) AND (
          "t5"."quantity_text" IS NOT NULL
        )
      )
      OR (
        (
          "t5"."discount" IS NULL
        ) AND (
          "t5"."discount_text" IS NOT NULL
        )
      )
      OR (
        (
          "t5"."duration_seconds" IS NULL
        )
        AND (
          "t5"."duration_seconds_text" IS NOT NULL
        )
      )
      THEN 'unparsable_number'
      WHEN ABS("t5"."value") > 10000000.0
      THEN 'absurd_value'
      WHEN ISNAN("t5"."value")
      OR ISINF("t5"."value")
      OR (
        ISNAN("t5"."quantity") OR ISINF("t5"."quantity")
      )
      OR (
        ISNAN("t5"."discount") OR ISINF("t5"."discount")
      )
      OR (
        ISNAN("t5"."duration_seconds") OR ISINF("t5"."duration_seconds")
      )
      THEN 'absurd_value'
      WHEN "t5"."duration_seconds" < 0
      THEN 'negative_duration'
      ELSE CAST(NULL AS TEXT)
    END AS "reason"
  FROM (
    SELECT
      "t4".*
      EXCLUDE ("number_of_time")
    FROM (
      SELECT
        "t3".*
        EXCLUDE ("spelling")
      FROM (
        SELECT
          "t2"."row",
          "t2"."source",
          "t2"."line",
          "t2"."fault",
          "t2"."record",
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
          "t2"."spelling",
          "t2"."number_of_time",
          "t2"."value_text",
          "t2"."quantity_text",
          "t2"."discount_text",
          "t2"."duration_seconds_text",
          "t2"."time_text",
          "t2"."has_own_id",
          CASE
            WHEN COALESCE(
              (
                CASE
                  WHEN "t2"."spelling" = 'check_in'
                  THEN 'commitment'
                  WHEN "t2"."spelling" = 'browse'
                  THEN 'interest'
                  ELSE NULL
                END = 'commitment'
              )
              AND (
                (
                  "t2"."value" < 0
                ) OR (
                  "t2"."quantity" < 0
                )
              ),
              FALSE
            )
            THEN 'reversal'
            ELSE CASE
              WHEN "t2"."spelling" = 'check_in'
              THEN 'commitment'
              WHEN "t2"."spelling" = 'browse'
              THEN 'interest'
              ELSE NULL
            END
          END AS "role",
          CASE
            WHEN "t2"."spelling" = 'check_in'
            THEN 5.0
            WHEN "t2"."spelling" = 'browse'
            THEN 1.0
            ELSE 0.0
          END * CAST(CASE
            WHEN COALESCE(
              (
                CASE
                  WHEN "t2"."spelling" = 'check_in'
                  THEN 'commitment'
                  WHEN "t2"."spelling" = 'browse'
                  THEN 'interest'
                  ELSE NULL
                END = 'commitment'
              )
              AND (
                (
                  "t2"."value" < 0
                ) OR (
                  "t2"."quantity" < 0
                )
              ),
              FALSE
            )
            THEN -1
            ELSE 1
          END AS DOUBLE) AS "weight"
        FROM (
          SELECT
            "t1"."row",
            "t1"."source",
            "t1"."line",
            "t1"."fault",
            "t1"."record",
            COALESCE(
              "t1"."event_id",
              SUBSTRING(
                MD5(
                  COALESCE("t1"."user_id", '') || '' || COALESCE("t1"."item_id", '') || '' || COALESCE("t1"."event_type", '') || '' || COALESCE("t1"."timestamp", '') || '' || COALESCE("t1"."value", '') || '' || COALESCE("t1"."quantity", '') || '' || COALESCE("t1"."discount", '') || '' || COALESCE("t1"."duration_seconds", '') || '' || COALESCE("t1"."session_id", '') || '' || COALESCE("t1"."recommendation_id", '') || '' || COALESCE("t1"."properties", '')
                ),
                CASE
                  WHEN (
                    0 + 1
                  ) >= 1
                  THEN 0 + 1
                  ELSE 0 + 1 + LENGTH(
                    MD5(
                      COALESCE("t1"."user_id", '') || '' || COALESCE("t1"."item_id", '') || '' || COALESCE("t1"."event_type", '') || '' || COALESCE("t1"."timestamp", '') || '' || COALESCE("t1"."value", '') || '' || COALESCE("t1"."quantity", '') || '' || COALESCE("t1"."discount", '') || '' || COALESCE("t1"."duration_seconds", '') || '' || COALESCE("t1"."session_id", '') || '' || COALESCE("t1"."recommendation_id", '') || '' || COALESCE("t1"."properties", '')
                    )
                  )
                END,
                20
              )
            ) AS "event_id",
            "t1"."user_id",
            "t1"."item_id",
            "t1"."event_type",
            CASE
              WHEN REGEXP_MATCHES("t1"."timestamp", '^(19|20)\d{6}$')
              THEN TIMEZONE('UTC', CAST(TRY_STRPTIME("t1"."timestamp", '%Y%m%d') AS TIMESTAMPTZ))
              WHEN REGEXP_MATCHES("t1"."timestamp", '^[-+]?\d+(\.\d*)?([eE][-+]?\d+)?$')
              AND NOT (
                ISNAN("t1"."number_of_time") OR ISINF("t1"."number_of_time")
              )
              AND (
                ABS("t1"."number_of_time") < 1e+20
              )
              THEN MAKE_TIMESTAMP(
                CAST(ROUND(
                  "t1"."number_of_time" * CASE
                    WHEN ABS("t1"."number_of_time") < 100000000000.0
                    THEN 1000000.0
                    WHEN ABS("t1"."number_of_time") < 100000000000000.0
                    THEN 1000.0
                    WHEN ABS("t1"."number_of_time") < 1e+17
                    THEN 1.0
                    ELSE 0.001
                  END,
                  0
                ) AS BIGINT)
              )
              ELSE CASE
                WHEN REGEXP_MATCHES("t1"."timestamp", '^\d{4}')
                THEN TIMEZONE('UTC', TRY_CAST("t1"."timestamp" AS TIMESTAMPTZ))
                ELSE CAST(NULL AS TIMESTAMP(6))
              END
            END AS "timestamp",
            TRY_CAST("t1"."value" AS DOUBLE) AS "value",
            TRY_CAST("t1"."quantity" AS DOUBLE) AS "quantity",
            TRY_CAST("t1"."discount" AS DOUBLE) AS "discount",
            TRY_CAST("t1"."duration_seconds" AS DOUBLE) AS "duration_seconds",
            "t1"."session_id",
            "t1"."recommendation_id",
            "t1"."properties",
            "t1"."spelling",
            "t1"."number_of_time",
            "t1"."value" AS "value_text",
            "t1"."quantity" AS "quantity_text",
            "t1"."discount" AS "discount_text",
            "t1"."duration_seconds" AS "duration_seconds_text",
            "t1"."timestamp" AS "time_text",
            "t1"."event_id" IS NOT NULL AS "has_own_id"
          FROM (
            SELECT
              "t0"."row",
              "t0"."source",
              "t0"."line",
              "t0"."fault",
              "t0"."record",
              "t0"."event_id",
              "t0"."user_id",
              "t0"."item_id",
              "t0"."event_type",
              "t0"."timestamp",
              "t0"."value",
              "t0"."quantity",
              "t0"."discount",
              "t0"."duration_seconds",
              "t0"."session_id",
              "t0"."recommendation_id",
              "t0"."properties",
              REGEXP_REPLACE(LOWER("t0"."event_type"), '[-_\s]+', '_', 'g') AS "spelling",
              TRY_CAST("t0"."timestamp" AS DOUBLE) AS "number_of_time"
            FROM "raw" AS "t0"
          ) AS "t1"
        ) AS "t2"
      ) AS "t3"
    ) AS "t4"
  ) AS "t5"
) AS "t6"
