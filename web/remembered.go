package web

import (
	"sync"
	"time"
)

// remembered keeps a figure that is shown on many pages and costs more than it is
// worth to find again each time. An error is not kept.
type remembered[T any] struct {
	mu    sync.Mutex
	until time.Time
	value T
}

// get returns the figure, found again when it is older than life.
func (r *remembered[T]) get(now time.Time, life time.Duration, find func() (T, error)) (T, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Before(r.until) {
		return r.value, nil
	}
	value, err := find()
	if err == nil {
		r.value, r.until = value, now.Add(life)
	}
	return value, err
}
