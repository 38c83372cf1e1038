-- new table, whole
-- recipe stage+update: only rows whose key exists are changed
CREATE TABLE "dwh"."orders" (
  "id" bigint NOT NULL,
  "Region" text NOT NULL,
  "total" numeric(12,2),
  "at" timestamp with time zone,
  "period" tsrange
);
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
ANALYZE pg_temp."_leat_stage";
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", s."period") AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "total" = s."total", "at" = s."at", "period" = s."period" FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", s."period") AS record) -- updated; if touched; expect touched;
CREATE UNIQUE INDEX ON "dwh"."orders" ("id", "Region")

-- existing table without index, whole
-- recipe stage+update: only rows whose key exists are changed
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
ANALYZE pg_temp."_leat_stage";
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "total" = s."total", "at" = s."at", "period" = CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) -- updated; if touched; expect touched

-- existing table with index, whole
-- recipe stage+update: only rows whose key exists are changed
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
ANALYZE pg_temp."_leat_stage";
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "total" = s."total", "at" = s."at", "period" = CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) -- updated; if touched; expect touched

-- new table, incremental
-- recipe stage+update: only rows whose key exists are changed
CREATE TABLE "dwh"."orders" (
  "id" bigint NOT NULL,
  "Region" text NOT NULL,
  "total" numeric(12,2),
  "at" timestamp with time zone,
  "period" tsrange
);
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s."at" DESC NULLS LAST, s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
ANALYZE pg_temp."_leat_stage";
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", s."period") AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "total" = s."total", "at" = s."at", "period" = s."period" FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", s."period") AS record) -- updated; if touched; expect touched;
CREATE UNIQUE INDEX ON "dwh"."orders" ("id", "Region")

-- existing table without index, incremental
-- recipe stage+update: only rows whose key exists are changed
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s."at" DESC NULLS LAST, s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
ANALYZE pg_temp."_leat_stage";
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
DELETE FROM pg_temp."_leat_stage" AS s WHERE EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."at" IS NOT NULL AND (s."at" IS NULL OR s."at" OPERATOR(pg_catalog.<) t."at")) -- older;
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "total" = s."total", "at" = s."at", "period" = CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) -- updated; if touched; expect touched

-- existing table with index, incremental
-- recipe stage+update: only rows whose key exists are changed
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s."at" DESC NULLS LAST, s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
ANALYZE pg_temp."_leat_stage";
DELETE FROM pg_temp."_leat_stage" AS s WHERE EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."at" IS NOT NULL AND (s."at" IS NULL OR s."at" OPERATOR(pg_catalog.<) t."at")) -- older;
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "total" = s."total", "at" = s."at", "period" = CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) -- updated; if touched; expect touched

