SELECT
  "t2"."event_id",
  "t2"."first_row"
FROM (
  SELECT
    "t1"."event_id",
    MIN("t1"."row") AS "first_row",
    COUNT(*) AS "n"
  FROM (
    SELECT
      *
    FROM "staged" AS "t0"
    WHERE
      "t0"."reason" IS NULL
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
WHERE
  "t2"."n" > 1
