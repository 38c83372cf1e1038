-- new table, whole
-- recipe create+copy: the table did not exist
CREATE TABLE "dwh"."orders" (
  "id" bigint NOT NULL,
  "Region" text NOT NULL,
  "total" numeric(12,2),
  "at" timestamp with time zone,
  "period" tsrange
);
-- copy into the target "dwh"."orders", freeze true;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM "dwh"."orders" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
CREATE INDEX ON "dwh"."orders" ("id", "Region")

-- existing table without index, whole
-- recipe stage+delete+insert: rows with the same key's values are replaced
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
ANALYZE pg_temp."_leat_stage";
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 100001) r -- foreign; unless the rows are the stream's own;
DELETE FROM "dwh"."orders" AS t WHERE EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- deleted;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s -- inserted; expect staged

-- existing table with index, whole
-- recipe stage+delete+insert: rows with the same key's values are replaced
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
ANALYZE pg_temp."_leat_stage";
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 100001) r -- foreign; unless the rows are the stream's own;
DELETE FROM "dwh"."orders" AS t WHERE EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- deleted;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s -- inserted; expect staged

-- new table, incremental
-- recipe create+copy: the table did not exist
CREATE TABLE "dwh"."orders" (
  "id" bigint NOT NULL,
  "Region" text NOT NULL,
  "total" numeric(12,2),
  "at" timestamp with time zone,
  "period" tsrange
);
-- copy into the target "dwh"."orders", freeze true;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM "dwh"."orders" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
CREATE INDEX ON "dwh"."orders" ("id", "Region")

-- existing table without index, incremental
-- recipe stage+delete+insert: rows with the same key's values are replaced
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
ANALYZE pg_temp."_leat_stage";
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 100001) r -- foreign; unless the rows are the stream's own;
DELETE FROM "dwh"."orders" AS t WHERE EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- deleted;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s -- inserted; expect staged

-- existing table with index, incremental
-- recipe stage+delete+insert: rows with the same key's values are replaced
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
ANALYZE pg_temp."_leat_stage";
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 100001) r -- foreign; unless the rows are the stream's own;
DELETE FROM "dwh"."orders" AS t WHERE EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- deleted;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s -- inserted; expect staged

