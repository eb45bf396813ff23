// SPDX-License-Identifier: Apache-2.0

// Package realcode moves packages that others have written to the packages of this module, by their
// import paths alone, and runs their own tests. It compares their pages before and after, too. The
// packages come from the module proxy, or from the module cache.
//
// Directory testdata has a file for each of them, which is compiled into it and fills its metrics.
package realcode
