// Package crashpoint marks the steps at which a crash must do no harm. In the product a
// mark is an empty function. A test builds with the tag crashpoints and names the step
// in LEAT_CRASHPOINT: the process kills itself there, or stops to be killed or resumed.
//
//	LEAT_CRASHPOINT=load.before_commit          dies at the first pass
//	LEAT_CRASHPOINT=load.before_commit:pause    stops (SIGSTOP) at the first pass
//	LEAT_CRASHPOINT=read.batch:7                dies at the seventh pass
//	LEAT_CRASHPOINT=read.batch:pause:7          stops at the seventh pass
package crashpoint
