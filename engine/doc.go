// Package engine is the only thing that moves data. It opens authorizers and checks,
// discovers, describes and previews what lies behind them, and it executes runs.
//
//	flows, sources, destinations, authorizers      (stores)
//	        │ resolve: patterns, defaults, targets
//	        ▼
//	 one run ──┬── load ── targets, selections
//	 (lease,   │     1 describe the source            Discoverer
//	  progress,│     2 Begin: fence, positions        Loader     ── applied already: report
//	  log)     │     3 Read: one snapshot             Extractor
//	           │          │ schema, batch, checkpoint
//	           │          ▼
//	           │     producer ──[one batch waits]──▶ Announce, Write
//	           │     4 io.EOF and checkpoints: the counts are compared
//	           │     5 Commit ── answer lost: Resolve over a new connection
//	           │       any error: exactly one Abort
//	           └── load …   (Options.Parallelism of them at once)
//
// The producer is a goroutine that pulls the reader. At most three batches of a load
// are alive: one that the writer works on, one that waits, and one that the producer
// holds while the other two are busy. A slow writer so slows the reader down, and
// memory does not depend on the size of a table.
//
// A load is one atomic write: one stream, or all streams of a flow with AtomicFlow.
// The run is executed under a lease of the run store. Its keeper renews the lease,
// sees a request to cancel and saves progress. Who loses the lease stops and writes
// nothing more; the fence at the destination keeps it from committing.
package engine
