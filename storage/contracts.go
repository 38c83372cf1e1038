package storage

import (
	"leat/accounts"
	"leat/authorizers"
	"leat/flows"
)

// The store keeps every aggregate.
var (
	_ authorizers.Store       = (*Store)(nil)
	_ accounts.Store          = (*Store)(nil)
	_ flows.SourceStore       = (*Store)(nil)
	_ flows.DestinationStore  = (*Store)(nil)
	_ flows.FlowStore         = (*Store)(nil)
	_ flows.RunStore          = (*Store)(nil)
	_ flows.InstallationStore = (*Store)(nil)
)
