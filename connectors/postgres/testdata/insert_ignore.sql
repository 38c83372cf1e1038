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
DELETE FROM "dwh"."orders" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s.ctid DESC) AS place FROM "dwh"."orders" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
CREATE UNIQUE INDEX ON "dwh"."orders" ("id", "Region")

-- existing table without index, whole
-- recipe stage+insert: no usable unique index stands on exactly the unique columns
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
ANALYZE pg_temp."_leat_stage";
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s WHERE NOT EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- inserted; expect missing

-- existing table with index, whole
-- recipe stage+on-conflict: a unique index stands on exactly the unique columns
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s ON CONFLICT ("id", "Region") DO NOTHING -- inserted

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
DELETE FROM "dwh"."orders" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s."at" DESC NULLS LAST, s.ctid DESC) AS place FROM "dwh"."orders" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
CREATE UNIQUE INDEX ON "dwh"."orders" ("id", "Region")

-- existing table without index, incremental
-- recipe stage+insert: no usable unique index stands on exactly the unique columns
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s."at" DESC NULLS LAST, s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
ANALYZE pg_temp."_leat_stage";
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s WHERE NOT EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- inserted; expect missing

-- existing table with index, incremental
-- recipe stage+on-conflict: a unique index stands on exactly the unique columns
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s."at" DESC NULLS LAST, s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s ON CONFLICT ("id", "Region") DO NOTHING -- inserted

