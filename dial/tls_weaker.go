package dial

import (
	"fmt"
	"slices"
	"strings"
)

// Weaker says in words why t protects a secret less than old did, so that a secret kept
// for old must not be sent under t; empty when it protects as much. Two trusted
// authorities, or two names, cannot be compared: another one counts as weaker.
func (t TLS) Weaker(old TLS) string {
	switch {
	case rank(t.Mode) < rank(old.Mode):
		return fmt.Sprintf("the TLS mode was lowered from %s to %s", old.Mode, t.Mode)
	case old.Verifies() && strings.TrimSpace(t.CA) != strings.TrimSpace(old.CA):
		return "another CA certificate is trusted"
	case old.Mode == TLSVerifyFull && t.ServerName != old.ServerName:
		return "another server name is accepted"
	case t.AllowCleartextPassword && !old.AllowCleartextPassword:
		return "a password in clear text was allowed"
	default:
		return ""
	}
}

// rank orders the modes from weak to strong. No mode at all is the weakest.
func rank(mode TLSMode) int { return slices.Index(TLSModes(), mode) }
