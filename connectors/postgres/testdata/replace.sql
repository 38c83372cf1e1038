-- replace: merge
-- recipe stage+merge: it was asked for
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT CAST(coalesce(sum(g.n), 0) AS bigint), CAST(coalesce(sum(CASE WHEN g.ka IS NULL OR g.kb IS NULL THEN g.n END), 0) AS bigint), CAST(coalesce(sum(g.n - 1), 0) AS bigint) FROM (SELECT s."id", s."Region", count(*) FROM pg_temp."_leat_stage" s GROUP BY s."id", s."Region") g(ka, kb, n) -- figures staged, nulls, doubled;
ANALYZE pg_temp."_leat_stage";
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 100001) r -- foreign; unless the rows are the stream's own;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 1) p -- figures previous;
DELETE FROM "dwh"."orders" AS t WHERE NOT EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" = s."id" AND t."Region" = s."Region") -- deleted;
SELECT count(*) FROM "dwh"."orders" AS t WHERE NOT EXISTS (SELECT 1 FROM pg_temp."_leat_stage" s WHERE t."id" = s."id" AND t."Region" = s."Region") -- kept; figures kept; must be zero;
INSERT INTO "dwh"."orders" AS t ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s ON CONFLICT ("id", "Region") DO UPDATE SET "total" = EXCLUDED."total", "at" = EXCLUDED."at", "period" = EXCLUDED."period" WHERE CAST(ROW(t."total", t."at", t."period") AS record) *<> CAST(ROW(EXCLUDED."total", EXCLUDED."at", EXCLUDED."period") AS record) -- upserted

-- replace: delete_insert
-- recipe stage+delete+insert: it was asked for
CREATE TEMPORARY TABLE "_leat_stage" ON COMMIT DROP AS SELECT "id", "Region", "total", "at", CAST(NULL AS text) AS "period" FROM "dwh"."orders" WITH NO DATA;
-- copy into the staging pg_temp."_leat_stage", freeze false;
SELECT count(*) FROM pg_temp."_leat_stage" -- figures staged;
LOCK TABLE "dwh"."orders" IN SHARE ROW EXCLUSIVE MODE;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 100001) r -- foreign; unless the rows are the stream's own;
SELECT count(*) FROM (SELECT 1 FROM "dwh"."orders" LIMIT 1) p -- figures previous;
DELETE FROM "dwh"."orders" -- deleted;
SELECT count(*) FROM "dwh"."orders" -- kept; figures kept; must be zero;
INSERT INTO "dwh"."orders" ("id", "Region", "total", "at", "period") SELECT s."id", s."Region", s."total", s."at", CAST(s."period" AS tsrange) FROM pg_temp."_leat_stage" s -- inserted; expect staged

-- replace: swap
-- refused: The table dwh.orders cannot be replaced by swapping: this system replaces rows in place. Use replace: auto.

