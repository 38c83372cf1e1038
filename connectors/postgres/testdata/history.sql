-- new table, whole
-- recipe stage+versions: one row per version
CREATE TABLE "dwh"."orders" (
  "id" bigint NOT NULL,
  "Region" text NOT NULL,
  "total" numeric(12,2),
  "at" timestamp with time zone,
  "period" tsrange,
  "valid_from" timestamp with time zone NOT NULL,
  "valid_to" timestamp with time zone
);
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" WHERE "valid_to" IS NULL LIMIT 1) p -- figures previous; whole reads only;
ANALYZE pg_temp."_leat_stage";
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(CAST($1 AS timestamp with time zone), t."valid_from") WHERE t."valid_to" IS NULL AND NOT EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- absent; whole reads only; $1 = snapshot;
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", s."period") AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(CAST($1 AS timestamp with time zone), t."valid_from") FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", s."period") AS record) -- closed; if touched; $1 = snapshot; expect touched;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period", "valid_from") SELECT s."id", s."Region", s."total", s."at", s."period", greatest(CAST($1 AS timestamp with time zone), l."valid_to") FROM pg_temp."_leat_stage" s LEFT JOIN (SELECT t."id", t."Region", max(t."valid_to") AS "valid_to" FROM "dwh"."orders" t GROUP BY t."id", t."Region") l ON l."id" OPERATOR(pg_catalog.=) s."id" AND l."Region" OPERATOR(pg_catalog.=) s."Region" WHERE NOT EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL) -- inserted; $1 = snapshot; expect missing + differing;
CREATE UNIQUE INDEX ON "dwh"."orders" ("id", "Region") WHERE "valid_to" IS NULL

-- existing table without index, whole
-- recipe stage+versions: one row per version
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 100001) r -- foreign; whole reads only; unless the rows are the stream's own;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" WHERE "valid_to" IS NULL LIMIT 1) p -- figures previous; whole reads only;
ANALYZE pg_temp."_leat_stage";
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(CAST($1 AS timestamp with time zone), t."valid_from") WHERE t."valid_to" IS NULL AND NOT EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- absent; whole reads only; $1 = snapshot;
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(CAST($1 AS timestamp with time zone), t."valid_from") FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) -- closed; if touched; $1 = snapshot; expect touched;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period", "valid_from") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange), greatest(CAST($1 AS timestamp with time zone), l."valid_to") FROM pg_temp."_leat_stage" s LEFT JOIN (SELECT t."id", t."Region", max(t."valid_to") AS "valid_to" FROM "dwh"."orders" t GROUP BY t."id", t."Region") l ON l."id" OPERATOR(pg_catalog.=) s."id" AND l."Region" OPERATOR(pg_catalog.=) s."Region" WHERE NOT EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL) -- inserted; $1 = snapshot; expect missing + differing

-- existing table with index, whole
-- recipe stage+versions: one row per version
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 100001) r -- foreign; whole reads only; unless the rows are the stream's own;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" WHERE "valid_to" IS NULL LIMIT 1) p -- figures previous; whole reads only;
ANALYZE pg_temp."_leat_stage";
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(CAST($1 AS timestamp with time zone), t."valid_from") WHERE t."valid_to" IS NULL AND NOT EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- absent; whole reads only; $1 = snapshot;
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(CAST($1 AS timestamp with time zone), t."valid_from") FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) -- closed; if touched; $1 = snapshot; expect touched;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period", "valid_from") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange), greatest(CAST($1 AS timestamp with time zone), l."valid_to") FROM pg_temp."_leat_stage" s LEFT JOIN (SELECT t."id", t."Region", max(t."valid_to") AS "valid_to" FROM "dwh"."orders" t GROUP BY t."id", t."Region") l ON l."id" OPERATOR(pg_catalog.=) s."id" AND l."Region" OPERATOR(pg_catalog.=) s."Region" WHERE NOT EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL) -- inserted; $1 = snapshot; expect missing + differing

-- new table, incremental
-- recipe stage+versions: one row per version
CREATE TABLE "dwh"."orders" (
  "id" bigint NOT NULL,
  "Region" text NOT NULL,
  "total" numeric(12,2),
  "at" timestamp with time zone,
  "period" tsrange,
  "valid_from" timestamp with time zone NOT NULL,
  "valid_to" timestamp with time zone
);
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s."at" DESC NULLS LAST, s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" WHERE "valid_to" IS NULL LIMIT 1) p -- figures previous; whole reads only;
ANALYZE pg_temp."_leat_stage";
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(CAST($1 AS timestamp with time zone), t."valid_from") WHERE t."valid_to" IS NULL AND NOT EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- absent; whole reads only; $1 = snapshot;
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", s."period") AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(coalesce(CAST(s."at" AS timestamp with time zone), now()), t."valid_from") FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", s."period") AS record) -- closed; if touched; expect touched;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period", "valid_from") SELECT s."id", s."Region", s."total", s."at", s."period", greatest(coalesce(CAST(s."at" AS timestamp with time zone), now()), l."valid_to") FROM pg_temp."_leat_stage" s LEFT JOIN (SELECT t."id", t."Region", max(t."valid_to") AS "valid_to" FROM "dwh"."orders" t GROUP BY t."id", t."Region") l ON l."id" OPERATOR(pg_catalog.=) s."id" AND l."Region" OPERATOR(pg_catalog.=) s."Region" WHERE NOT EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL) -- inserted; expect missing + differing;
CREATE UNIQUE INDEX ON "dwh"."orders" ("id", "Region") WHERE "valid_to" IS NULL

-- existing table without index, incremental
-- recipe stage+versions: one row per version
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s."at" DESC NULLS LAST, s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 100001) r -- foreign; whole reads only; unless the rows are the stream's own;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" WHERE "valid_to" IS NULL LIMIT 1) p -- figures previous; whole reads only;
ANALYZE pg_temp."_leat_stage";
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(CAST($1 AS timestamp with time zone), t."valid_from") WHERE t."valid_to" IS NULL AND NOT EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- absent; whole reads only; $1 = snapshot;
DELETE FROM pg_temp."_leat_stage" AS s WHERE EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL AND t."at" IS NOT NULL AND (s."at" IS NULL OR s."at" OPERATOR(pg_catalog.<) t."at")) -- older;
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(coalesce(CAST(s."at" AS timestamp with time zone), now()), t."valid_from") FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) -- closed; if touched; expect touched;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period", "valid_from") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange), greatest(coalesce(CAST(s."at" AS timestamp with time zone), now()), l."valid_to") FROM pg_temp."_leat_stage" s LEFT JOIN (SELECT t."id", t."Region", max(t."valid_to") AS "valid_to" FROM "dwh"."orders" t GROUP BY t."id", t."Region") l ON l."id" OPERATOR(pg_catalog.=) s."id" AND l."Region" OPERATOR(pg_catalog.=) s."Region" WHERE NOT EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL) -- inserted; expect missing + differing

-- existing table with index, incremental
-- recipe stage+versions: one row per version
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
DELETE FROM pg_temp."_leat_stage" AS d USING (SELECT s.ctid AS o, row_number() OVER (PARTITION BY s."id", s."Region" ORDER BY s."at" DESC NULLS LAST, s.ctid DESC) AS place FROM pg_temp."_leat_stage" s) r WHERE d.ctid = r.o AND r.place > 1 -- duplicates; if doubled; expect doubled;
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 100001) r -- foreign; whole reads only; unless the rows are the stream's own;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" WHERE "valid_to" IS NULL LIMIT 1) p -- figures previous; whole reads only;
ANALYZE pg_temp."_leat_stage";
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(CAST($1 AS timestamp with time zone), t."valid_from") WHERE t."valid_to" IS NULL AND NOT EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region") -- absent; whole reads only; $1 = snapshot;
DELETE FROM pg_temp."_leat_stage" AS s WHERE EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL AND t."at" IS NOT NULL AND (s."at" IS NULL OR s."at" OPERATOR(pg_catalog.<) t."at")) -- older;
SELECT count(*) FILTER (WHERE m.matches = 0), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) FILTER (WHERE t."id" IS NOT NULL) AS matches FROM pg_temp."_leat_stage" s LEFT JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL GROUP BY s.ctid) m -- figures missing, matched;
SELECT count(*), CAST(coalesce(sum(m.matches), 0) AS bigint) FROM (SELECT count(*) AS matches FROM pg_temp."_leat_stage" s JOIN "dwh"."orders" t ON t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) GROUP BY s.ctid) m -- figures differing, touched; if matched;
UPDATE "dwh"."orders" AS t SET "valid_to" = greatest(coalesce(CAST(s."at" AS timestamp with time zone), now()), t."valid_from") FROM pg_temp."_leat_stage" s WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL AND CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(s."total", s."at", CAST(s."period" AS tsrange)) AS record) -- closed; if touched; expect touched;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period", "valid_from") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange), greatest(coalesce(CAST(s."at" AS timestamp with time zone), now()), l."valid_to") FROM pg_temp."_leat_stage" s LEFT JOIN (SELECT t."id", t."Region", max(t."valid_to") AS "valid_to" FROM "dwh"."orders" t GROUP BY t."id", t."Region") l ON l."id" OPERATOR(pg_catalog.=) s."id" AND l."Region" OPERATOR(pg_catalog.=) s."Region" WHERE NOT EXISTS (SELECT 1 FROM "dwh"."orders" t WHERE t."id" OPERATOR(pg_catalog.=) s."id" AND t."Region" OPERATOR(pg_catalog.=) s."Region" AND t."valid_to" IS NULL) -- inserted; expect missing + differing

