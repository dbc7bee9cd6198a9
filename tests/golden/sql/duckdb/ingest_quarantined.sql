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
            CASE WHEN "t12"."has_own_id" THEN "t12"."event_id" ELSE CAST(NULL AS TEXT) END,
            CASE
              WHEN (
                0 + 1
              ) >= 1
              THEN 0 + 1
              ELSE 0 + 1 + LENGTH(CASE WHEN "t12"."has_own_id" THEN "t12"."event_id" ELSE CAST(NULL AS TEXT) END)
            END,
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
      ) || ', ' || '"quantity": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."quantity_text",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t12"."quantity_text") END,
            300
          )
        ),
        'null'
      ) || ', ' || '"discount": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."discount_text",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t12"."discount_text") END,
            300
          )
        ),
        'null'
      ) || ', ' || '"duration_seconds": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."duration_seconds_text",
            CASE
              WHEN (
                0 + 1
              ) >= 1
              THEN 0 + 1
              ELSE 0 + 1 + LENGTH("t12"."duration_seconds_text")
            END,
            300
          )
        ),
        'null'
      ) || ', ' || '"session_id": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."session_id",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t12"."session_id") END,
            300
          )
        ),
        'null'
      ) || ', ' || '"recommendation_id": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."recommendation_id",
            CASE
              WHEN (
                0 + 1
              ) >= 1
              THEN 0 + 1
              ELSE 0 + 1 + LENGTH("t12"."recommendation_id")
            END,
            300
          )
        ),
        'null'
      ) || ', ' || '"properties": ' || COALESCE(
        '' || TO_JSON(
          SUBSTRING(
            "t12"."properties",
            CASE WHEN (
              0 + 1
            ) >= 1 THEN 0 + 1 ELSE 0 + 1 + LENGTH("t12"."properties") END,
            300
          )
        ),
        'null'
      ) || '}'
    ) AS "record"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t10"."row",
        "t10"."source",
        "t10"."line",
        "t10"."fault",
        "t10"."record",
        CASE
          WHEN COALESCE(
            (
              "t10"."reason" IS NULL
            )
            AND (
              "t10"."first_row" IS NOT NULL
            )
            AND (
              "t10"."row" <> "t10"."first_row"
            ),
            FALSE
          )
          AND NOT (
            "t10"."has_own_id"
          )
          AND FALSE
          THEN "t10"."event_id" || '#' || CAST("t10"."row" - "t10"."first_row" AS TEXT)
          ELSE "t10"."event_id"
        END AS "event_id",
        "t10"."user_id",
        "t10"."item_id",
        "t10"."event_type",
        "t10"."timestamp",
        "t10"."value",
        "t10"."quantity",
        "t10"."discount",
        "t10"."duration_seconds",
        "t10"."session_id",
        "t10"."recommendation_id",
        "t10"."properties",
        "t10"."value_text",
        "t10"."quantity_text",
        "t10"."discount_text",
        "t10"."duration_seconds_text",
        "t10"."time_text",
        "t10"."has_own_id",
        "t10"."role",
        "t10"."weight",
        CASE
          WHEN "t10"."reason" IS NOT NULL
          THEN "t10"."reason"
          WHEN COALESCE(
            (
              "t10"."reason" IS NULL
            )
            AND (
              "t10"."first_row" IS NOT NULL
            )
            AND (
              "t10"."row" <> "t10"."first_row"
            ),
            FALSE
          )
          AND NOT (
            COALESCE(
              (
                "t10"."reason" IS NULL
              )
              AND (
                "t10"."first_row" IS NOT NULL
              )
              AND (
                "t10"."row" <> "t10"."first_row"
              ),
              FALSE
            )
            AND NOT (
              "t10"."has_own_id"
            )
            AND FALSE
          )
          THEN 'duplicate'
          WHEN COALESCE("t10"."timestamp" >= "t10"."since", FALSE)
          THEN 'inhuman_rate'
          ELSE CAST(NULL AS TEXT)
        END AS "reason",
        "t10"."detail",
        "t10"."first_row",
        "t10"."since"
      FROM (
        SELECT
          "t9".*
          EXCLUDE ("user_id_right")
        FROM (
          SELECT
            "t8"."row",
            "t8"."source",
            "t8"."line",
            "t8"."fault",
            "t8"."record",
            "t8"."event_id",
            "t8"."user_id",
            "t8"."item_id",
            "t8"."event_type",
            "t8"."timestamp",
            "t8"."value",
            "t8"."quantity",
            "t8"."discount",
            "t8"."duration_seconds",
            "t8"."session_id",
            "t8"."recommendation_id",
            "t8"."properties",
            "t8"."value_text",
            "t8"."quantity_text",
            "t8"."discount_text",
            "t8"."duration_seconds_text",
            "t8"."time_text",
            "t8"."has_own_id",
            "t8"."role",
            "t8"."weight",
            "t8"."reason",
            "t8"."detail",
            "t8"."first_row",
            "t3"."user_id" AS "user_id_right",
            "t3"."since"
          FROM (
            SELECT
              "t6".*
              EXCLUDE ("event_id_right")
            FROM (
              SELECT
                "t4"."row",
                "t4"."source",
                "t4"."line",
                "t4"."fault",
                "t4"."record",
                "t4"."event_id",
                "t4"."user_id",
                "t4"."item_id",
                "t4"."event_type",
                "t4"."timestamp",
                "t4"."value",
                "t4"."quantity",
                "t4"."discount",
                "t4"."duration_seconds",
                "t4"."session_id",
                "t4"."recommendation_id",
                "t4"."properties",
                "t4"."value_text",
                "t4"."quantity_text",
                "t4"."discount_text",
                "t4"."duration_seconds_text",
                "t4"."time_text",
                "t4"."has_own_id",
                "t4"."role",
                "t4"."weight",
                "t4"."reason",
                "t4"."detail",
                "t5"."event_id" AS "event_id_right",
                "t5"."first_row"
              FROM "staged" AS "t4"
              LEFT OUTER JOIN "repeated" AS "t5"
                ON "t4"."event_id" = "t5"."event_id"
            ) AS "t6"
          ) AS "t8"
          LEFT OUTER JOIN "inhuman" AS "t3"
            ON "t8"."user_id" = "t3"."user_id"
        ) AS "t9"
      ) AS "t10"
    ) AS "t11"
    WHERE
      "t11"."reason" IS NOT NULL
  ) AS "t12"
) AS "t13"
ORDER BY
  "t13"."source" ASC,
  "t13"."line" ASC
