package testdb

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// account is the user that the server runs as; nil means the present one.
type account struct {
	uid, gid uint32
}

// serverAccount returns the account of the distribution's PostgreSQL, or
// nobody's, when the tests run as root, which PostgreSQL refuses.
func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if errors.As(err, new(user.UnknownUserError)) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look up the user %s: %w", name, err)
		}
		return parseAccount(u)
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody")
}

func parseAccount(u *user.User) (*account, error) {
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(errUID, errGID); err != nil {
		return nil, fmt.Errorf("read the ids of the user %s: %w", u.Username, err)
	}
	return &account{uid: uint32(uid), gid: uint32(gid)}, nil
}

// own gives a path to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	if err := os.Chown(path, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("give the path to the server's user: %w", err)
	}
	return nil
}
