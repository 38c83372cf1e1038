package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/crashpoint"
)

// leaveTime is how long older sessions of a stream may take to end.
const leaveTime = 15 * time.Second

// claim takes the fence of every target in one short transaction, in the order of their
// keys, and then ends the sessions of older loads. Whoever holds a state row's lock may
// still commit; we wait for it here, so that afterwards no lower fence can.
func (l *load) claim(ctx context.Context) error {
	if err := l.endHolders(ctx); err != nil {
		return err
	}
	var older []string
	name := ""
	err := l.s.inTransaction(ctx, func(ctx context.Context) error {
		for _, i := range l.claimOrder() {
			it := l.items[i]
			claimed, err := l.stores[it.stream.Table.Schema].Claim(ctx, l.s, it.stream, func(fence int64) string {
				if name == "" {
					name = l.sessionName(it, fence)
				}
				return name
			})
			if err != nil {
				return err
			}
			it.state.Fence = claimed.Fence
			if claimed.OldSession != "" {
				older = append(older, claimed.OldSession)
			}
		}
		// The name is set under the locks: the next claimer will find it.
		_, err := l.s.Query(ctx, "SELECT set_config('application_name', $1, false)", name)
		return err
	})
	if err != nil {
		return err
	}
	crashpoint.Reach("load.fence_raised")
	return l.endOlder(ctx, older)
}

// endHolders terminates the sessions that made the last claims. One that stands still
// between its last step and its COMMIT holds the lock that the claim needs, and it would
// never let go.
func (l *load) endHolders(ctx context.Context) error {
	var holders []string
	for _, it := range l.items {
		holder, err := l.stores[it.stream.Table.Schema].Holder(ctx, l.s, it.stream)
		if err != nil {
			return err
		}
		if holder != "" {
			holders = append(holders, holder)
		}
	}
	if len(holders) == 0 {
		return nil
	}
	return l.endOlder(ctx, holders)
}

// sessionName is "leat/<hash of installation, schema and stream>/<fence>".
func (l *load) sessionName(it *item, fence int64) string {
	return l.sessionPrefix(it) + strconv.FormatInt(fence, 10)
}

func (l *load) sessionPrefix(it *item) string {
	return "leat/" + sqlload.Hash(24, l.id.Installation, it.stream.Table.Schema, it.target.StateKey) + "/"
}

// endOlder terminates sessions of lower fences and waits until they are gone.
func (l *load) endOlder(ctx context.Context, named []string) error {
	ctx, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		pids, err := l.olderSessions(ctx, named)
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			if _, err := l.s.Query(ctx, "SELECT pg_terminate_backend($1)", pid); err != nil {
				return cannotEnd(pid, l.items[0], err)
			}
		}
		select {
		case <-ctx.Done():
			return cannotEnd(pids[0], l.items[0], ctx.Err())
		case <-time.After(pause):
		}
	}
}

// olderSessions lists the process ids of other sessions that load our streams.
func (l *load) olderSessions(ctx context.Context, named []string) ([]string, error) {
	rows, err := l.s.Query(ctx, `SELECT pid, application_name FROM pg_stat_activity
		WHERE pid <> pg_backend_pid() AND datname = current_database() AND application_name LIKE 'leat/%'`)
	if err != nil {
		return nil, err
	}
	var pids []string
	for _, row := range rows {
		if slices.Contains(named, row[1].Text) || l.isOlder(row[1].Text) {
			pids = append(pids, row[0].Text)
		}
	}
	return pids, nil
}

func (l *load) isOlder(name string) bool {
	for _, it := range l.items {
		if text, ok := strings.CutPrefix(name, l.sessionPrefix(it)); ok {
			fence, err := strconv.ParseInt(text, 10, 64)
			return err == nil && fence < it.state.Fence
		}
	}
	return false
}

func cannotEnd(pid string, it *item, cause error) error {
	return &connectors.Error{
		Kind: connectors.Conflict, Retryable: true, Cause: cause,
		Message: fmt.Sprintf("an older load of %s (server process %s) is still connected and cannot be ended", it.stream.Table, pid),
		Fix:     fmt.Sprintf("End it as a superuser: SELECT pg_terminate_backend(%s); or use the role that started it.", pid),
	}
}

// claimOrder lists the targets in the order in which their state rows are locked.
func (l *load) claimOrder() []int {
	order := make([]int, len(l.items))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(l.items[a].lockKey(), l.items[b].lockKey()) })
	return order
}

func (it *item) lockKey() string { return it.stream.Table.Schema + "\x00" + it.target.StateKey }
