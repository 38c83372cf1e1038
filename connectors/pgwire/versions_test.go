package pgwire

import (
	"strings"
	"testing"
	"time"
)

// TestOldSessions leaves out the settings that a server does not know.
func TestOldSessions(t *testing.T) {
	s := Session{Statement: time.Second, Lock: time.Second, Idle: time.Second}
	for version, unknown := range map[int][]string{
		90_400:  {"row_security", "idle_in_transaction_session_timeout"},
		90_500:  {"idle_in_transaction_session_timeout"},
		100_023: nil,
		0:       {"idle_in_transaction_session_timeout"}, // an unknown server may be one of a relative
	} {
		set := s.statements(version, "UTF8")
		for _, name := range []string{"row_security", "idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout"} {
			known := true
			for _, u := range unknown {
				known = known && u != name
			}
			if strings.Contains(set, name) != known {
				t.Errorf("the session of %d sets %s: %v, want %v", version, name, !known, known)
			}
		}
	}
}
