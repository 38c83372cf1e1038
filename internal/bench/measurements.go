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
			leat: flow("insert"), hand: copyPipe("public.big"),
		},
	}
}

// flow runs a flow with leat, from the start of the process to its exit.
func flow(name string) func(ctx context.Context, b *bench) (usage, error) {
	return func(ctx context.Context, b *bench) (usage, error) {
		return timed(b.command(ctx, "run", name, "--wait", "--json"))
	}
}

// copyPipe is psql … COPY (binary) | psql … COPY (binary).
func copyPipe(table string) func(ctx context.Context, b *bench) (usage, error) {
	return func(ctx context.Context, b *bench) (usage, error) {
		return piped(
			b.psql(ctx, sourceDatabase, "-c", "COPY (SELECT * FROM public.big) TO STDOUT (FORMAT binary)"),
			b.psql(ctx, targetDatabase, "-c", "COPY "+table+" FROM STDIN (FORMAT binary)"),
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
// two halves of each row's MD5. Unlike EXCEPT it sees doubled rows.
func targetDigest(ctx context.Context, b *bench) (string, error) {
	var digest string
	err := b.target.QueryRow(ctx, `SELECT count(*) || ' rows, ' ||
		coalesce(sum(('x' || left(h, 15))::bit(60)::bigint), 0) || ' ' || coalesce(sum(('x' || right(h, 15))::bit(60)::bigint), 0)
		FROM (SELECT md5(t::text) h FROM public.big t) d`).Scan(&digest)
	if err != nil {
		return "", fmt.Errorf("read the digest: %w", err)
	}
	return digest, nil
}
