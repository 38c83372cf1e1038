// Package faults disturbs whole runs and counts the rows afterwards. Its tests build the
// program with its crash points, start it as a process, and at one labelled step kill
// it, stop it and let another one take over, end its sessions at a database, or cut the
// network below it. Then the flow is run again and a checker compares the source with
// the target as multisets, by a text of each row that both systems write alike, and reads
// what the destination remembers: no row is lost, none is doubled, and there is one load
// row per run. Targets that others share are disturbed as well, and what is theirs must stay.
//
// The tests of a plain build take a sample. With the tags faults and crashpoints the
// whole table of cells runs and ends with a report of what it covered (make faults).
package faults
