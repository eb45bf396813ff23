// SPDX-License-Identifier: Apache-2.0

// Package house holds the tests of the project's house rules: which package may import which, what
// the module may depend on, and what its files look like.
package house
