package main

import (
	"context"
	"fmt"
)

// measurements lists what is compared, each with the best script we know.
func measurements() []measurement {
	return []measurement{
		{
			name: "insert", goal: 1.10, cpu: true,
			reset: emptyTarget, content: targetDigest,
			leat: flow("insert"), hand: script("public.big", "COPY public.big FROM STDIN (FORMAT binary)"),
		},
		{
			name: "truncate_insert", goal: 1.10,
			reset: filledTarget, content: targetDigest,
			leat: flow("truncate_insert"), hand: script("public.part", swapScript...),
		},
		{
			name: "upsert", goal: 1.25,
			reset: filledTarget, content: targetDigest,
			leat: flow("upsert"), hand: script("public.changes", upsertScript("")...),
		},
		{
			name: "replay", goal: 1.25,
			reset: replayedTarget, content: targetDigest,
			leat: flow("upsert"), hand: script("public.changes", upsertScript(" WHERE (t.*) IS DISTINCT FROM (excluded.*)")...),
		},
		{
			name: "duckdb", goal: 1.50, ownMemory: true,
			reset: emptyFolder, content: func(context.Context, *bench) (string, error) { return "compared after each run", nil },
			leat: intoDuckDB, hand: halves,
		},
	}
}

// swapScript replaces a table that nothing depends on: the new rows are loaded frozen
// beside it, the key is built afterwards, and the names change in one transaction. Like
// the old table the new one has statistics, which PostgreSQL's manual asks for after a
// bulk load ("Populating a Database").
var swapScript = []string{
	"BEGIN",
	"CREATE TABLE public.big_new (" + columns + ")",
	"COPY public.big_new FROM STDIN (FORMAT binary, FREEZE)",
	"ALTER TABLE public.big_new ADD PRIMARY KEY (id)",
	"ANALYZE public.big_new",
	"DROP TABLE public.big",
	"ALTER TABLE public.big_new RENAME TO big",
	"COMMIT",
}

// upsertScript stages the rows in a temporary table and merges them by key.
func upsertScript(where string) []string {
	return []string{
		"BEGIN",
		"CREATE TEMP TABLE staged (LIKE public.big) ON COMMIT DROP",
		"COPY staged FROM STDIN (FORMAT binary)",
		`INSERT INTO public.big AS t SELECT * FROM staged ON CONFLICT (id) DO UPDATE SET customer = excluded.customer,
			product = excluded.product, note = excluded.note, amount = excluded.amount, quantity = excluded.quantity,
			paid = excluded.paid, updated_at = excluded.updated_at, day = excluded.day` + where,
		"COMMIT",
	}
}

// flow runs a flow with leat, from the start of the process to its exit.
func flow(name string) func(ctx context.Context, b *bench) (usage, error) {
	return func(ctx context.Context, b *bench) (usage, error) {
		return timed(b.command(ctx, "run", name, "--wait", "--json"))
	}
}

// script is psql … COPY (binary) of a source table | psql with statements, one of which
// reads the rows from its input.
func script(table string, statements ...string) func(ctx context.Context, b *bench) (usage, error) {
	return func(ctx context.Context, b *bench) (usage, error) {
		var args []string
		for _, statement := range statements {
			args = append(args, "-c", statement)
		}
		return piped(
			b.psql(ctx, sourceDatabase, "-c", "COPY (SELECT * FROM "+table+") TO STDOUT (FORMAT binary)"),
			b.psql(ctx, targetDatabase, args...),
		)
	}
}

// emptyTarget makes an empty table with the same columns and key as the source.
func emptyTarget(ctx context.Context, b *bench) error {
	return b.onTarget(ctx,
		"DROP TABLE IF EXISTS public.big",
		"CREATE TABLE public.big ("+columns+", PRIMARY KEY (id))",
		"CHECKPOINT",
	)
}

// filledTarget makes the target with a million rows of its own.
func filledTarget(ctx context.Context, b *bench) error {
	if err := b.onTarget(ctx,
		"CREATE TABLE IF NOT EXISTS public.filled ("+columns+", PRIMARY KEY (id))",
		fmt.Sprintf("INSERT INTO public.filled SELECT "+seedRow+" FROM generate_series(1::bigint, %[2]d) n WHERE NOT EXISTS (SELECT FROM public.filled)", 0, existingRows),
	); err != nil {
		return err
	}
	if err := emptyTarget(ctx, b); err != nil {
		return err
	}
	return b.onTarget(ctx, "INSERT INTO public.big SELECT * FROM public.filled", "VACUUM (FREEZE, ANALYZE) public.big", "CHECKPOINT")
}

// replayedTarget is the filled target with the changes in it already.
func replayedTarget(ctx context.Context, b *bench) error {
	if err := filledTarget(ctx, b); err != nil {
		return err
	}
	if _, err := script("public.changes", upsertScript("")...)(ctx, b); err != nil {
		return err
	}
	return b.onTarget(ctx, "VACUUM (FREEZE, ANALYZE) public.big", "CHECKPOINT")
}

// onTarget runs statements on the target database.
func (b *bench) onTarget(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := b.target.Exec(ctx, statement); err != nil {
			return fmt.Errorf("prepare the target: %w", err)
		}
	}
	return nil
}

// targetDigest is the count and an order-free digest of the rows as text: the sums of
// two halves of each row's MD5. Unlike EXCEPT it sees doubled rows. The number of columns
// with statistics belongs to it: a table without them is slow to read.
func targetDigest(ctx context.Context, b *bench) (string, error) {
	var digest string
	err := b.target.QueryRow(ctx, `SELECT count(*) || ' rows, ' ||
		coalesce(sum(('x' || left(h, 15))::bit(60)::bigint), 0) || ' ' || coalesce(sum(('x' || right(h, 15))::bit(60)::bigint), 0) ||
		', statistics of ' || (SELECT count(*) FROM pg_stats WHERE schemaname = 'public' AND tablename = 'big') || ' columns'
		FROM (SELECT md5(t::text) h FROM public.big t) d`).Scan(&digest)
	if err != nil {
		return "", fmt.Errorf("read the digest: %w", err)
	}
	return digest, nil
}
