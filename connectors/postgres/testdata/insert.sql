-- new table, whole
-- recipe create+copy: the table did not exist
CREATE TABLE "dwh"."orders" (
  "id" bigint,
  "Region" text,
  "total" numeric(12,2),
  "at" timestamp with time zone,
  "period" tsrange
);
-- copy into the target "dwh"."orders", freeze true

-- existing table without index, whole
-- recipe stage+insert: some columns are converted from text by the database
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT count(*) FROM pg_temp."_leat_stage" -- figures staged;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s -- inserted; expect staged

-- existing table with index, whole
-- recipe stage+insert: some columns are converted from text by the database
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT count(*) FROM pg_temp."_leat_stage" -- figures staged;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s -- inserted; expect staged

-- new table, incremental
-- recipe create+copy: the table did not exist
CREATE TABLE "dwh"."orders" (
  "id" bigint,
  "Region" text,
  "total" numeric(12,2),
  "at" timestamp with time zone,
  "period" tsrange
);
-- copy into the target "dwh"."orders", freeze true

-- existing table without index, incremental
-- recipe stage+insert: rows of an incremental read may come twice
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT count(*), count(*) FILTER (WHERE (s."id" IS NULL OR s."Region" IS NULL)) FROM pg_temp."_leat_stage" s -- figures staged, nulls;
ANALYZE pg_temp."_leat_stage";
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s WHERE NOT EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND (t."at" OPERATOR(pg_catalog.=) s."at" OR t."at" IS NULL AND s."at" IS NULL)) -- inserted

-- existing table with index, incremental
-- recipe stage+insert: rows of an incremental read may come twice
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT count(*), count(*) FILTER (WHERE (s."id" IS NULL OR s."Region" IS NULL)) FROM pg_temp."_leat_stage" s -- figures staged, nulls;
ANALYZE pg_temp."_leat_stage";
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s WHERE NOT EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND (t."at" OPERATOR(pg_catalog.=) s."at" OR t."at" IS NULL AND s."at" IS NULL)) -- inserted

