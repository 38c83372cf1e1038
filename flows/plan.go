package flows

import "leat/connectors"

// CheckedKey is the key that a preview checks on real rows: the stream's unique columns,
// else the dataset's; none where rows that share it are not lost, or meant to be.
func (s Stream) CheckedKey(ofDataset []string) []string {
	switch {
	case !s.WriteMode.Collapses() || s.Duplicates == connectors.DuplicatesNewest:
		return nil
	case len(s.Unique) > 0:
		return s.Unique
	default:
		return ofDataset
	}
}

// StreamPlan is what a run would do with one table, found without writing.
type StreamPlan struct {
	// Stream is the index of the flow's stream.
	Stream int
	// Description is the source's answer; nil when it gave none.
	Description *connectors.Description
	// WriteMode is the stream's, or the proposal where it has none.
	WriteMode connectors.WriteMode
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
