package engine

import (
	"context"
	"fmt"
	"net"
	"sync"

	"leat/authorizers"
	"leat/connectors"
	"leat/dial"
)

// StageSettings and StageOpen are the stages that the engine adds to those of dial and
// of the connector.
const (
	StageSettings = "settings"
	StageOpen     = "open"
)

// The stages that connectors with a network share, in their order.
const (
	stageAuth     = "auth"
	stageDatabase = "database"
)

// Check opens an authorizer, saved or not, and proves that it is usable. It changes and
// saves nothing and ends within eight seconds.
func (e *Engine) Check(ctx context.Context, a authorizers.Authorizer) authorizers.CheckReport {
	start := e.Now()
	var stages stageList
	ctx, cancel := context.WithTimeout(dial.WithTrace(ctx, stages.add), e.timing.check)
	defer cancel()
	err := e.check(ctx, a)
	if err != nil && ctx.Err() != nil {
		err = e.outOfTime(ctx, err)
	}
	report := authorizers.CheckReport{At: start, OK: err == nil, Duration: e.Now().Sub(start)}
	report.Stages = stages.arrange(e.expectedStages(a), err)
	if err != nil {
		report.Message, report.Fix = explain(err)
	}
	return report
}

func (e *Engine) check(ctx context.Context, a authorizers.Authorizer) (err error) {
	defer connectors.Caught(e.Log, &err)
	s, err := e.open(ctx, a, noFlow, e.dialQuickly)
	if err != nil {
		return err
	}
	defer e.shut(ctx, s)
	return s.Check(ctx)
}

// outOfTime replaces an error that only says that the time was over.
func (e *Engine) outOfTime(ctx context.Context, err error) error {
	if ctx.Err() != context.DeadlineExceeded {
		return err
	}
	return &connectors.Error{
		Kind: connectors.Unreachable, Retryable: true, Cause: err,
		Message: fmt.Sprintf("the system did not answer within %s", e.timing.check),
		Fix:     "Check host and port, and that no firewall drops the connection; a busy system may need a second try.",
	}
}

// dialQuickly gives one connection less time than the whole check has.
func (e *Engine) dialQuickly(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timing.dial)
	defer cancel()
	return e.Dialer.DialContext(ctx, network, address)
}

// expectedStages lists what a check of a will go through.
func (e *Engine) expectedStages(a authorizers.Authorizer) []string {
	connector, ok := e.Connectors.Connector(a.Connector)
	if !ok {
		return []string{StageSettings}
	}
	if !connector.Descriptor().Capabilities.Networked {
		return []string{StageSettings, StageOpen}
	}
	if a.TLS.Mode == dial.TLSDisable {
		return []string{StageSettings, dial.StageDNS, dial.StageTCP, stageAuth, stageDatabase}
	}
	return []string{StageSettings, dial.StageDNS, dial.StageTCP, dial.StageTLS, stageAuth, stageDatabase}
}

// stageList gathers the stages that a check reports.
type stageList struct {
	mu     sync.Mutex
	stages []dial.Stage
}

// add takes a stage. A second stage of one name (the next address of a host) replaces
// the outcome of the first and adds its time.
func (l *stageList) add(s dial.Stage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.stages {
		if l.stages[i].Name == s.Name {
			s.Duration += l.stages[i].Duration
			l.stages[i] = s
			return
		}
	}
	l.stages = append(l.stages, s)
}
