package accounts

import (
	"net/netip"
	"sync"
	"time"
)

// The limits of logins.
const (
	loginWindow     = time.Minute
	loginsByAccount = 5 // of one account from one address
	loginsByAddress = 20
	// maxLimited bounds the memory: a guesser may name any number of accounts.
	maxLimited = 10_000
)

// LoginLimiter bounds the tries to log in: 5 a minute for an account from one address,
// and 20 a minute from that address. Wrong tries elsewhere do not count, so that nobody
// can lock another person out. An address of IPv6 is the network of a subscriber (/64).
// It is safe for concurrent use.
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
	from := "address " + subscriber(address)
	account := accountFrom(email, address)
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

// Succeeded forgets the tries of an account from an address where the password was
// right.
func (l *LoginLimiter) Succeeded(email, address string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	delete(l.tries, accountFrom(email, address))
}

func accountFrom(email, address string) string {
	return "account " + NormalEmail(email) + " from " + subscriber(address)
}

// subscriber is the part of an address that one person has: all of an IPv4 address, and
// the network of an IPv6 address.
func subscriber(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	parsed = parsed.Unmap().WithZone("")
	if parsed.Is4() {
		return parsed.String()
	}
	return netip.PrefixFrom(parsed, 64).Masked().String()
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
