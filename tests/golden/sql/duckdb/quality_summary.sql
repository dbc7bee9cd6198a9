SELECT
  "t8"."n_events",
  "t8"."n_users",
  "t8"."n_items",
  "t8"."first",
  "t8"."last",
  "t8"."n_midnight",
  "t8"."n_commitments",
  "t8"."n_commitments_with_item",
  "t8"."n_commitments_with_value",
  "t8"."n_reversals",
  "t8"."n_exposures",
  "t8"."n_exposures_joined",
  "t8"."has_event_id",
  "t8"."has_user_id",
  "t8"."has_item_id",
  "t8"."has_event_type",
  "t8"."has_timestamp",
  "t8"."has_value",
  "t8"."has_quantity",
  "t8"."has_discount",
  "t8"."has_duration_seconds",
  "t8"."has_session_id",
  "t8"."has_recommendation_id",
  "t8"."has_properties",
  "t13"."n_orphans",
  "t11"."n_committed",
  "t11"."n_repeaters"
FROM (
  SELECT
    COUNT(*) AS "n_events",
    COUNT(DISTINCT "t0"."user_id") AS "n_users",
    COUNT(DISTINCT "t0"."item_id") AS "n_items",
    MIN("t0"."timestamp") AS "first",
    MAX("t0"."timestamp") AS "last",
    COUNT(*) FILTER(WHERE
      "t0"."timestamp" = DATE_TRUNC('DAY', "t0"."timestamp")) AS "n_midnight",
    COUNT(*) FILTER(WHERE
      COALESCE("t0"."role" IN ('commitment'), FALSE)) AS "n_commitments",
    COUNT(*) FILTER(WHERE
      COALESCE("t0"."role" IN ('commitment'), FALSE)
      AND (
        "t0"."item_id" IS NOT NULL
      )) AS "n_commitments_with_item",
    COUNT(*) FILTER(WHERE
      COALESCE("t0"."role" IN ('commitment'), FALSE) AND (
        "t0"."value" IS NOT NULL
      )) AS "n_commitments_with_value",
    COUNT(*) FILTER(WHERE
      COALESCE("t0"."role" IN ('reversal'), FALSE)) AS "n_reversals",
    COUNT(*) FILTER(WHERE
      COALESCE("t0"."role" IN ('exposure'), FALSE)) AS "n_exposures",
    COUNT(*) FILTER(WHERE
      COALESCE("t0"."role" IN ('exposure'), FALSE)
      AND (
        "t0"."recommendation_id" IS NOT NULL
      )) AS "n_exposures_joined",
    COUNT("t0"."event_id") AS "has_event_id",
    COUNT("t0"."user_id") AS "has_user_id",
    COUNT("t0"."item_id") AS "has_item_id",
    COUNT("t0"."event_type") AS "has_event_type",
    COUNT("t0"."timestamp") AS "has_timestamp",
    COUNT("t0"."value") AS "has_value",
    COUNT("t0"."quantity") AS "has_quantity",
    COUNT("t0"."discount") AS "has_discount",
    COUNT("t0"."duration_seconds") AS "has_duration_seconds",
    COUNT("t0"."session_id") AS "has_session_id",
    COUNT("t0"."recommendation_id") AS "has_recommendation_id",
    COUNT("t0"."properties") AS "has_properties"
  FROM "events" AS "t0"
) AS "t8"
CROSS JOIN (
  SELECT
    COUNT(*) FILTER(WHERE
      (
        "t9"."item_id" IS NOT NULL
      ) AND (
        "t9"."known_item" IS NULL
      )) AS "n_orphans"
  FROM (
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
      "t4"."known_item"
    FROM "events" AS "t2"
    LEFT OUTER JOIN (
      SELECT
        "t1"."item_id" AS "known_item"
      FROM "items" AS "t1"
    ) AS "t4"
      ON "t2"."item_id" = "t4"."known_item"
  ) AS "t9"
) AS "t13"
CROSS JOIN (
  SELECT
    COUNT(*) AS "n_committed",
    COUNT(*) FILTER(WHERE
      "t6"."n" > 1) AS "n_repeaters"
  FROM (
    SELECT
      "t5"."user_id",
      COUNT(*) AS "n"
    FROM (
      SELECT DISTINCT
        "t0"."user_id",
        "t0"."timestamp"
      FROM "events" AS "t0"
      WHERE
        COALESCE("t0"."role" IN ('commitment'), FALSE)
    ) AS "t5"
    GROUP BY
      1
  ) AS "t6"
) AS "t11"
