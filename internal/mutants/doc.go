// SPDX-License-Identifier: Apache-2.0

// The mutants command measures the tests. It plants known bugs in the source, one at a time, and
// runs the tests of the package that has the bug. A bug that no test finds is a survivor.
//
// The command works in a copy of the module and never changes the tree itself. The files in lists
// hold the bugs, in the form of a diff without line numbers:
//
//	== The counter forgets the remainder.
//	atomicf/count.go
//	 	sum := total(row)
//	-	return sum + rest
//	+	return sum
//	@@
//	-	rest := remainder(row)
//
// The line after the title names the file. Lines that begin with a blank or a minus are the old
// code: whole lines, which occur together exactly once in that file. Lines that begin with a blank
// or a plus take their place. A line @@ begins another place in the same file. A bug that no test
// can find, because it changes nothing that anybody relies on, has a last line that says why:
//
//	harmless: the value is read again under the lock
//
// The command fails in three cases: when fewer than nine of ten bugs of a package are found
// (harmless ones count as not found), when a survivor has no such line, and when a test finds a bug
// that is said to be harmless.
package main
