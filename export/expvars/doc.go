// SPDX-License-Identifier: Apache-2.0

// Package expvars shows the variables of package expvar on the pages of a registry:
//
//	err := expvars.Attach(reg)
//
// Each page reads the variables. A variable requests becomes the metric expvar_requests of the type
// untyped, because nothing says whether it is a counter. Options give variables other names and
// types:
//
//	err := expvars.Attach(reg,
//		expvars.WithCounter("requests", "http_requests_total", "Requests served.", "method", "code"))
//
// # Values
//
// Numbers are shown as they are, and booleans as 0 and 1. So are numbers and booleans in maps: the
// keys are the values of the labels key, key2 and so on, unless an option names them. That holds
// for [expvar.Map] as well as for the JSON of any other variable, such as a function that returns a
// map or a struct. Strings are left out unless [WithInfo] asks for them. Lists and null are always
// left out. So are the variables cmdline and memstats, unless an option names them: memstats stops
// the world at every page, and the metrics of collect.Go say the same without that.
//
// # Failures
//
// The functions of variables are the program's: they may be slow, panic, or return what is no JSON,
// or more than 4 MiB of it. Each of them runs on a goroutine of its own, and a page waits for it as
// long as [WithTimeout] says. What goes wrong costs the values concerned: the page lacks them, it
// counts as one failure in quipu_callback_failures_total, and the first one is logged. A function
// that hangs is not called again before it has returned. A series that pages cannot show, such as a
// counter that is negative, or a second variable whose name becomes that of another one, is counted
// in quipu_source_drops_total.
//
// # Coming from client_golang
//
// WithVariables() without names and a [WithUntyped] for each variable show what its
// NewExpvarCollector shows. There are two differences. A map with fewer or more levels than labels
// is shown all the same, with fewer labels or with the labels key2, key3 and so on. JSON that is
// not valid costs its variable, not the page.
package expvars
