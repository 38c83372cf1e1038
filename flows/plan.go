package flows

import "leat/connectors"

// StreamPlan is what a run would do with one table, found without writing.
type StreamPlan struct {
	// Dataset is the name of what is read.
	Dataset string
	Table   connectors.Table
	// Unique are the columns in use: the stream's, else the dataset's key.
	Unique []string
	// Plan is the destination's answer; set when Checked.
	Plan    connectors.Plan
	Checked bool
	// Problem is what stands in the way. A problem of a stream that is not Checked is no
	// reason to refuse saving it: an end did not answer in time.
	Problem *connectors.Error
}
