package main

// mutant is one change that makes the program unsafe.
type mutant struct {
	// name says what the program no longer does.
	name string
	// file holds old exactly once, below the root of the module.
	file, old, new string
	// suites must go red, tried in this order.
	suites []suite
}

// suite is the tests of one package.
type suite struct {
	folder string
	// run narrows them, as go test -run does; empty means all.
	run string
}

// The suites. A mutant names the tests that should notice it first, which takes seconds,
// and then everything that could.
var (
	protocol = suite{folder: "./connectors/postgres", run: "Zombie|FenceIs|LostCommit|EmptyRead|DroppingTrigger|NullKeys|IncrementalInsert|Overlap|PositionNever|CursorTypes|OtherInstallation"}
	contract = suite{folder: "./connectors/postgres", run: "TestSuite"}
	loading  = suite{folder: "./connectors/postgres"}
	reading  = suite{folder: "./connectors/postgres", run: "TestParts"}
	duckdb   = suite{folder: "./connectors/duckdb"}
	store    = suite{folder: "./storage"}
	planning = suite{folder: "./connectors/sqlload"}
	engine   = suite{folder: "./engine"}
	owners   = suite{folder: "./connectors/postgres", run: "Owner|Owned|Others|Children|Parent|Hypertables"}
	halfOpen = suite{folder: "./connectors/postgres", run: "NoCursorOrders|WithoutAnyCursor|NotAppended|AppendKnown"}
	older    = suite{folder: "./connectors/postgres", run: "Older|Corrected"}
	swaps    = suite{folder: "./connectors/postgres", run: "TestSwap|TestChanges|TestAnotherChange|TestASwap"}
	triggers = suite{folder: "./connectors/postgres", run: "Trigger|CompareWithout"}
	narrow   = suite{folder: "./record/pgbinary", run: "Narrow"}
	cases    = suite{folder: "./cmd/leat", run: "TestTies|TestRows|TestNoNew|TestNewest|TestAnEmpty|TestASource|TestATrigger"}
	faults   = suite{folder: "./internal/faults", run: "TestFaults/cells"}
)

const (
	storeFile     = "connectors/sqlload/store.go"
	countsFile    = "connectors/sqlload/counts.go"
	transferFile  = "engine/transfer.go"
	ownershipFile = "connectors/sqlload/ownership.go"
	partsFile     = "connectors/postgres/parts.go"
)

var mutants = []mutant{
	{
		name: "an overtaken load may commit", file: storeFile,
		old: "if !found || fence != own {", new: "if !found || fence < 0 {",
		suites: []suite{planning, protocol, contract, faults, loading},
	},
	{
		name: "a claim does not raise the fence", file: storeFile,
		old: "\tfence++\n", new: "",
		suites: []suite{planning, protocol, contract, faults, loading},
	},
	{
		name: "a load leaves no load row", file: storeFile,
		old: "if err := s.insertLoad(ctx, db, done); err != nil {", new: "if err := ctx.Err(); err != nil {",
		suites: []suite{planning, protocol, contract, faults, loading},
	},
	{
		name: "a run that was applied is not recognised", file: "connectors/sqlload/begin.go",
		old:    "if state.Applied, err = s.Applied(ctx, db, stream, run); err != nil || state.Applied != nil {",
		new:    "if _, err = s.Applied(ctx, db, stream, run); err != nil {",
		suites: []suite{contract, faults, loading},
	},
	{
		name: "a load does not store the position", file: storeFile,
		old: "installation, key, string(done.Close.Position), done.Stream", new: "installation, key, \"\", done.Stream",
		suites: []suite{planning, protocol, cases, loading},
	},
	{
		name: "any end of the read counts as its proven end", file: transferFile,
		old: "if item.err == io.EOF {", new: "if item.err == io.EOF || item.err != nil {",
		suites: []suite{engine},
	},
	{
		name: "rows that got lost on the way are not missed", file: transferFile,
		old: "case own.checkpoint.Rows != own.rows:", new: "case own.checkpoint.Rows < 0:",
		suites: []suite{engine},
	},
	{
		name: "the destination's counts are taken as they are", file: transferFile,
		old: "if report.Read != closes[i].RowsRead || !report.Balanced() {", new: "if report.Read < 0 {",
		suites: []suite{engine},
	},
	{
		name: "rows equal to the position are not read again", file: "connectors/postgres/incremental.go",
		old: `inside = c.column + " OPERATOR(pg_catalog.>=) " + lower`, new: `inside = c.column + " OPERATOR(pg_catalog.>) " + lower`,
		suites: []suite{protocol, cases, loading},
	},
	{
		name: "counts need not add up", file: countsFile,
		old: "if !counts.Balanced() || counts.Written < 0 || counts.Unchanged < 0 || counts.Skipped < 0 {", new: "if counts.Read < 0 {",
		suites: []suite{planning, protocol, cases, loading},
	},
	{
		name: "rows that the server dropped are not missed", file: countsFile,
		old: "if in.Copied != in.Sent {", new: "if in.Copied < 0 {",
		suites: []suite{planning, protocol, cases, loading},
	},
	{
		name: "a statement may touch another number of rows than foretold", file: "connectors/sqlload/run.go",
		old: "if seen[s.Name] != want {", new: "if seen[s.Name] < 0 {",
		suites: []suite{planning, protocol, cases, loading},
	},
	{
		name: "an empty read replaces rows", file: countsFile,
		old: "if in.Close.RowsRead == 0 && last > 0 {", new: "if in.Close.RowsRead < 0 {",
		suites: []suite{planning, protocol, cases, loading},
	},
	{
		name: "rows with NULL in the key are stored", file: "connectors/sqlload/run.go",
		old: `if nulls := seen["nulls"]; nulls > 0 {`, new: `if nulls := seen["nulls"]; nulls < 0 {`,
		suites: []suite{planning, protocol, cases, loading},
	},
	{
		name: "a table of another installation is loaded", file: storeFile,
		old: "if err := s.refuseOthers(ctx, db, stream); err != nil {", new: "if err := ctx.Err(); err != nil {",
		suites: []suite{duckdb, protocol, loading},
	},
	{
		name: "a much smaller read replaces rows", file: countsFile,
		old: "if ratio > 0 && float64(in.Close.RowsRead) < ratio*float64(last) {", new: "if ratio > 0 && in.Close.RowsRead < 0 {",
		suites: []suite{planning, contract, cases, loading},
	},
	{
		name: "a run that was applied is read again", file: transferFile,
		old: "if err != nil || applied != nil {", new: "if err != nil {",
		suites: []suite{engine},
	},
	{
		name: "a run is taken over without a question", file: "engine/execute.go",
		old: "!j.doubtful() {", new: "(j.run.Streams == nil || !j.doubtful()) {",
		suites: []suite{engine},
	},
	{
		name: "a process that lost its lease ends the run", file: "storage/run_claims.go",
		old: "id = ? AND lease_node = ? AND attempt = ? AND status", new: "id = ? AND (lease_node = ? OR attempt >= ?) AND status",
		suites: []suite{store, engine},
	},
	{
		name: "ranges of blocks overlap", file: partsFile,
		old: "if part < p.parts-1 {", new: "if part < p.parts-2 {",
		suites: []suite{reading},
	},
	{
		name: "a part that failed counts as read", file: partsFile,
		old: "if err == io.EOF {", new: "if err != nil {",
		suites: []suite{reading},
	},
	{
		name: "parts are read without the shared snapshot", file: partsFile,
		old: "READ ONLY; SET TRANSACTION SNAPSHOT '", new: "READ ONLY; SET application_name = '",
		suites: []suite{reading, cases},
	},
	{
		name: "a load into PostgreSQL stores neither position nor load row", file: "connectors/postgres/load_commit.go",
		old: "if err := l.finish(ctx, closes, reports); err != nil {", new: "if err := ctx.Err(); err != nil {",
		suites: []suite{contract, protocol},
	},
	{
		name: "a load into DuckDB stores neither position nor load row", file: "connectors/duckdb/load_commit.go",
		old: "if err := l.finish(ctx, it, closes[i], reports[i]); err != nil {", new: "if err := ctx.Err(); err != nil && it == l.items[i] {",
		suites: []suite{duckdb},
	},
	{
		name: "a load into DuckDB does not claim its tables", file: "connectors/duckdb/load.go",
		old: "if err := l.s.inTransaction(ctx, func() error { return l.claim(ctx) }); err != nil {", new: "if err := ctx.Err(); err != nil {",
		suites: []suite{duckdb},
	},
	{
		name: "a run that DuckDB applied is not recognised", file: "connectors/duckdb/load.go",
		old: "l.id.Run, &it.state); err != nil || it.state.Applied != nil {", new: "\"\", &it.state); err != nil || it.state.Applied != nil {",
		suites: []suite{duckdb},
	},
	{
		name: "DuckDB's rows equal to the position are not read again", file: "connectors/duckdb/incremental.go",
		old: `condition = c.quoted + " >= " + lower`, new: `condition = c.quoted + " > " + lower`,
		suites: []suite{duckdb},
	},
	{
		name: "DuckDB's position moves back", file: "connectors/duckdb/incremental.go",
		old: `c.typed("$1")+" > "+c.typed("$2")`, new: `c.typed("$1")+" IS DISTINCT FROM "+c.typed("$2")`,
		suites: []suite{duckdb},
	},
	{
		name: "rows of others are removed", file: ownershipFile,
		old: "return e == nil || !e.Filled || !s.removes() ||", new: "return e == nil || !e.Filled || s.removes() || !s.removes() ||",
		suites: []suite{contract, owners, cases, loading},
	},
	{
		name: "nobody asks under the lock whose rows go", file: ownershipFile,
		old: "if count > 0 && p.Spec.Target.Takeover != connectors.TakeoverYes {", new: "if count < 0 && p.Spec.Target.Takeover != connectors.TakeoverYes {",
		suites: []suite{contract, owners, loading},
	},
	{
		name: "a statement changes rows of tables that inherit", file: "connectors/sqlload/inherit.go",
		old: "return \"ONLY \" + table", new: "return \"\" + table",
		suites: []suite{owners, loading},
	},
	{
		name: "rows without a cursor are appended at every run", file: "connectors/sqlload/insert.go",
		old: `return "(" + b.part("s", b.s.Cursor, "->>") + " IS NULL OR " + b.endless() + ")"`, new: `return b.endless()`,
		suites: []suite{halfOpen, faults, loading},
	},
	{
		name: "a swap does not look for what somebody changed", file: "connectors/postgres/load_swap.go",
		old: "HAVING count(CASE side WHEN 0 THEN 1 END) <> count(CASE side WHEN 1 THEN 1 END) OR bool_or(lost))", new: "HAVING count(*) < 0)",
		suites: []suite{swaps, faults, loading},
	},
	{
		name: "a swap lets a GRANT in after its comparison", file: "connectors/postgres/load_swap.go",
		old: "\t\t\t{SQL: holdingTable, Args: tables[:1], Writes: true, Catalogue: true},\n", new: "",
		suites: []suite{swaps, loading},
	},
	{
		name: "what triggers store is not compared", file: "connectors/sqlload/triggers.go",
		old: "\tif !b.s.acted() {\n", new: "\tif b.staging != \"\" {\n",
		suites: []suite{triggers, loading},
	},
	{
		name: "a narrower column may round", file: "record/pgbinary/narrow_numeric.go",
		old: "if low < -int(scale) {", new: "if low < -int(scale)-99 {",
		suites: []suite{narrow, loading},
	},
	{
		name: "a narrower time may be cut", file: "record/pgbinary/narrow.go",
		old: "%step != 0 && !endless(to.OID, value) {", new: "%step < -step && !endless(to.OID, value) {",
		suites: []suite{narrow, loading},
	},
	{
		name: "an older row replaces a newer one", file: "connectors/sqlload/older.go",
		old: "return b.s.incremental() && !b.s.Target.KeyEnforced()", new: "return !b.s.incremental() && !b.s.Target.KeyEnforced()",
		suites: []suite{older, loading},
	},
}
