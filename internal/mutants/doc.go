// SPDX-License-Identifier: Apache-2.0

// The mutants command measures the tests: it plants known bugs in the source, one at a time, and runs the tests of the
// package that has the bug. A bug that no test finds is a survivor.
//
// It works in a copy of the module, so the tree itself is never changed. The bugs stand in the files of lists, in the
// form of a diff without line numbers:
//
//	== The counter forgets the remainder.
//	atomicf/count.go
//	 	sum := total(row)
//	-	return sum + rest
//	+	return sum
//	@@
//	-	rest := remainder(row)
//
// The line after the title is the file. Lines that begin with a blank or a minus are the old code, whole lines that occur
// together exactly once in that file; lines that begin with a blank or a plus take their place. A line @@ begins another
// place in the same file. A bug that no test can find, because it changes nothing that anybody relies on, ends with a line
// that says why:
//
//	harmless: the value is read again under the lock
//
// The command fails when fewer than nine of ten bugs of a package are found, harmless ones counted as not found, when a
// survivor has no such line, or when a bug that is said to be harmless is found.
package main
