SELECT
  *
FROM (
  SELECT
    "t12"."source",
    "t12"."line",
    "t12"."reason",
    "t12"."detail",
    COALESCE(
      "t12"."record",
      '{' || '"event_id": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."event_id",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t12"."event_id") END,
            300
          )
        ),
        'null'
      ) || ', ' || '"user_id": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."user_id",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t12"."user_id") END,
            300
          )
        ),
        'null'
      ) || ', ' || '"item_id": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."item_id",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t12"."item_id") END,
            300
          )
        ),
        'null'
      ) || ', ' || '"event_type": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."event_type",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t12"."event_type") END,
            300
          )
        ),
        'null'
      ) || ', ' || '"timestamp": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."time_text",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t12"."time_text") END,
            300
          )
        ),
        'null'
      ) || ', ' || '"value": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."value_text",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t12"."value_text") END,
            300
          )
        ),
        'null'
      ) || '}'
    ) AS "record"
  FROM (
    SELECT
      "t11"."row",
      "t11"."source",
      "t11"."line",
      "t11"."fault",
      "t11"."record",
      CASE
        WHEN FALSE
        THEN "t11"."event_id" || '#' || CAST("t11"."row" - "t11"."first_row" AS TEXT)
        ELSE "t11"."event_id"
      END AS "event_id",
      "t11"."user_id",
      "t11"."item_id",
      "t11"."event_type",
      "t11"."timestamp",
      "t11"."value",
      "t11"."quantity",
      "t11"."discount",
      "t11"."duration_seconds",
      "t11"."session_id",
      "t11"."recommendation_id",
      "t11"."properties",
      "t11"."value_text",
      "t11"."quantity_text",
      "t11"."discount_text",
      "t11"."duration_seconds_text",
      "t11"."time_text",
      "t11"."has_own_id",
      "t11"."role",
      "t11"."weight",
      CASE
        WHEN "t11"."reason" IS NOT NULL
        THEN "t11"."reason"
        WHEN COALESCE(
          (
            "t11"."reason" IS NULL
          )
          AND (
            "t11"."first_row" IS NOT NULL
          )
          AND (
            "t11"."row" <> "t11"."first_row"
          ),
          FALSE
        )
        AND NOT (
          FALSE
        )
        THEN 'duplicate'
        WHEN COALESCE("t11"."is_inhuman", FALSE)
        THEN 'inhuman_rate'
        ELSE CAST(NULL AS TEXT)
      END AS "reason",
      "t11"."detail",
      "t11"."first_row",
      "t11"."is_inhuman"
    FROM (
      SELECT
        "t10".*
        EXCLUDE ("user_id_right")
      FROM (
        SELECT
          "t9"."row",
          "t9"."source",
          "t9"."line",
          "t9"."fault",
          "t9"."record",
          "t9"."event_id",
          "t9"."user_id",
          "t9"."item_id",
          "t9"."event_type",
          "t9"."timestamp",
          "t9"."value",
          "t9"."quantity",
          "t9"."discount",
          "t9"."duration_seconds",
          "t9"."session_id",
          "t9"."recommendation_id",
          "t9"."properties",
          "t9"."value_text",
          "t9"."quantity_text",
          "t9"."discount_text",
          "t9"."duration_seconds_text",
          "t9"."time_text",
          "t9"."has_own_id",
          "t9"."role",
          "t9"."weight",
          "t9"."reason",
          "t9"."detail",
          "t9"."first_row",
          "t6"."user_id" AS "user_id_right",
          "t6"."is_inhuman"
        FROM (
          SELECT
            "t7".*
            EXCLUDE ("event_id_right")
          FROM (
            SELECT
              "t3"."row",
              "t3"."source",
              "t3"."line",
              "t3"."fault",
              "t3"."record",
              "t3"."event_id",
              "t3"."user_id",
              "t3"."item_id",
              "t3"."event_type",
              "t3"."timestamp",
              "t3"."value",
              "t3"."quantity",
              "t3"."discount",
              "t3"."duration_seconds",
              "t3"."session_id",
              "t3"."recommendation_id",
              "t3"."properties",
              "t3"."value_text",
              "t3"."quantity_text",
              "t3"."discount_text",
              "t3"."duration_seconds_text",
              "t3"."time_text",
              "t3"."has_own_id",
              "t3"."role",
              "t3"."weight",
              "t3"."reason",
              "t3"."detail",
              "t4"."event_id" AS "event_id_right",
              "t4"."first_row"
            FROM "staged" AS "t3"
            LEFT OUTER JOIN "repeated" AS "t4"
              ON "t3"."event_id" = "t4"."event_id"
          ) AS "t7"
        ) AS "t9"
        LEFT OUTER JOIN (
          SELECT
            "t0"."user_id",
            TRUE AS "is_inhuman"
          FROM "inhuman" AS "t0"
        ) AS "t6"
          ON "t9"."user_id" = "t6"."user_id"
      ) AS "t10"
    ) AS "t11"
    WHERE
      CASE
        WHEN "t11"."reason" IS NOT NULL
        THEN "t11"."reason"
        WHEN COALESCE(
          (
            "t11"."reason" IS NULL
          )
          AND (
            "t11"."first_row" IS NOT NULL
          )
          AND (
            "t11"."row" <> "t11"."first_row"
          ),
          FALSE
        )
        AND NOT (
          FALSE
        )
        THEN 'duplicate'
        WHEN COALESCE("t11"."is_inhuman", FALSE)
        THEN 'inhuman_rate'
        ELSE CAST(NULL AS TEXT)
      END IS NOT NULL
  ) AS "t12"
) AS "t13"
ORDER BY
  "t13"."source" ASC,
  "t13"."line" ASC
