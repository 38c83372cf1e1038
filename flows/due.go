package flows

// DueRunError refuses a second run for one due time of a flow.
type DueRunError struct{ RunID string }

// Error names the run.
func (e *DueRunError) Error() string { return "the due time already has a run: run " + e.RunID }
