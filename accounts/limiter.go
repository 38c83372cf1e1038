package accounts

import (
	"sync"
	"time"
)

// The limits of logins.
const (
	loginWindow     = time.Minute
	loginsByAccount = 5
	loginsByAddress = 20
	// maxLimited bounds the memory: a guesser may name any number of accounts.
	maxLimited = 10_000
)

// LoginLimiter bounds the tries to log in: 5 a minute for each account and 20 a minute
// from each address. It is safe for concurrent use.
type LoginLimiter struct {
	mutex sync.Mutex
	tries map[string][]time.Time
}

// NewLoginLimiter makes a limiter that has seen nobody.
func NewLoginLimiter() *LoginLimiter { return &LoginLimiter{tries: map[string][]time.Time{}} }

// Allow counts a try and returns 0 when it may go on, else how long to wait. A refused
// try does not count, so that waiting helps.
func (l *LoginLimiter) Allow(email, address string, now time.Time) (wait time.Duration) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	account, from := "account "+NormalEmail(email), "address "+address
	wait = max(l.wait(account, loginsByAccount, now), l.wait(from, loginsByAddress, now))
	if wait > 0 {
		return wait
	}
	if len(l.tries) >= maxLimited {
		l.forget(now)
	}
	l.tries[account] = append(l.tries[account], now)
	l.tries[from] = append(l.tries[from], now)
	return 0
}

// Succeeded forgets the tries of an account whose password was right.
func (l *LoginLimiter) Succeeded(email string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	delete(l.tries, "account "+NormalEmail(email))
}

// wait drops the tries that are over and says how long until there is room for one.
func (l *LoginLimiter) wait(key string, limit int, now time.Time) time.Duration {
	tries := l.tries[key]
	for len(tries) > 0 && now.Sub(tries[0]) >= loginWindow {
		tries = tries[1:]
	}
	if len(tries) == 0 {
		delete(l.tries, key)
		return 0
	}
	l.tries[key] = tries
	if len(tries) < limit {
		return 0
	}
	return loginWindow - now.Sub(tries[len(tries)-limit])
}

// forget drops everything that is over; when that is not enough, everything.
func (l *LoginLimiter) forget(now time.Time) {
	for key, tries := range l.tries {
		if now.Sub(tries[len(tries)-1]) >= loginWindow {
			delete(l.tries, key)
		}
	}
	if len(l.tries) >= maxLimited {
		clear(l.tries)
	}
}
