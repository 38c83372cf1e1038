package accounts

import "time"

// The keys under which a session says whose it is. The store reads them, so that the
// sessions of a user can be found and end when the user's generation rises.
const (
	// SessionUserID holds the user's id, a string.
	SessionUserID = "user_id"
	// SessionGeneration holds the user's generation at login, an int64.
	SessionGeneration = "generation"
)

// How long a session lasts.
const (
	// SessionLifetime ends a session, however busy it is.
	SessionLifetime = 30 * 24 * time.Hour
	// SessionIdle ends a session that nobody used.
	SessionIdle = 3 * 24 * time.Hour
)
