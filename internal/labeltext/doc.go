// SPDX-License-Identifier: Apache-2.0

// Package labeltext is the one owner of label text, the form in which a series keeps its labels and
// a page shows them: `method="GET",code="200"`, escaped and without braces. It appends, parses and
// matches such text, and makes label values fit for it.
//
// All functions are pure and may be called concurrently.
package labeltext
