// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/textpage"
)

// Value returns the value of the sample with this name and exactly these labels, as the next scrape
// would show it. The name is that of a sample, such as request_seconds_count, and the labels
// include the constant ones. If there is no such sample, the test ends.
func Value(tb testing.TB, reg *engine.Registry, name string, labels engine.Labels) float64 {
	tb.Helper()
	families := gather(tb, reg)
	value, ok := find(families, name, labels)
	if !ok {
		tb.Fatalf("%s", missing(reg, families, name, labels))
	}
	return value
}

// Get returns the family with this name. If the page does not have it, the test ends; the message
// says whether no such metric is registered or whether it has no series yet.
func Get(tb testing.TB, reg *engine.Registry, name string) Family {
	tb.Helper()
	families := gather(tb, reg)
	for _, f := range families {
		if f.Name == name {
			return f
		}
	}
	tb.Fatalf("the page has no family %s%s", name, why(reg, families, name))
	return Family{}
}

// WaitFor waits until there is a sample with this name, exactly these labels and the wanted value.
// It ends the test if that takes longer than timeout.
func WaitFor(tb testing.TB, reg *engine.Registry, name string, labels engine.Labels, want float64,
	timeout time.Duration) {
	tb.Helper()
	wait(tb, reg, name, labels, timeout, "want "+formatValue(want), func(v float64) bool { return sameValue(v, want) })
}

// WaitUntil waits until there is a sample with this name and exactly these labels whose value meets
// the condition, and returns that value. It ends the test if that takes longer than timeout.
func WaitUntil(tb testing.TB, reg *engine.Registry, name string, labels engine.Labels, timeout time.Duration,
	condition func(value float64) bool) float64 {
	tb.Helper()
	return wait(tb, reg, name, labels, timeout, "which does not meet the condition", condition)
}

// pollInterval is how often the page is read while waiting.
const pollInterval = 5 * time.Millisecond

func wait(tb testing.TB, reg *engine.Registry, name string, labels engine.Labels, timeout time.Duration,
	wanted string, condition func(float64) bool) float64 {
	tb.Helper()
	for deadline := time.Now().Add(timeout); ; time.Sleep(pollInterval) {
		late := time.Now().After(deadline) // before the page is read, so that the last read is after the deadline
		families := gather(tb, reg)
		value, ok := find(families, name, labels)
		switch {
		case ok && condition(value):
			return value
		case late && ok:
			tb.Fatalf("after %v, %s is %s, %s", timeout,
				Sample{Name: name, Labels: labels}.series(), formatValue(value), wanted)
		case late:
			tb.Fatalf("after %v, %s", timeout, missing(reg, families, name, labels))
		}
	}
}

// gather parses the registry's page, the registry's own metrics included.
func gather(tb testing.TB, reg *engine.Registry) []Family {
	tb.Helper()
	var page strings.Builder
	if _, err := reg.Expose(&page, engine.Exposition{}); err != nil {
		tb.Fatalf("cannot expose the registry: %v", err)
	}
	families, err := parsePage(page.String())
	if err != nil {
		tb.Fatalf("the registry's page is not valid: %v", err)
	}
	return families
}

func find(families []Family, name string, labels engine.Labels) (float64, bool) {
	for _, f := range families {
		if s, ok := f.Find(name, labels); ok {
			return s.Value, true
		}
	}
	return 0, false
}

// missing returns the message that a sample is not there. It lists the samples that are.
func missing(reg *engine.Registry, families []Family, name string, labels engine.Labels) string {
	var b strings.Builder
	fmt.Fprintf(&b, "the page has no sample %s", Sample{Name: name, Labels: canonical(labels)}.series())
	same := 0
	for _, f := range families {
		for _, s := range f.Samples {
			if s.Name != name {
				continue
			}
			if same++; same == 1 {
				b.WriteString("; those of that name are:")
			}
			if same <= listed {
				b.WriteString("\n  " + s.String())
			}
		}
	}
	switch {
	case same > listed:
		fmt.Fprintf(&b, "\n  and %d more", same-listed)
	case same == 0:
		b.WriteString(why(reg, families, name))
	}
	return b.String()
}

// why returns the end of a message: the likely reason why there is no sample or family of this
// name.
func why(reg *engine.Registry, families []Family, name string) string {
	for _, f := range families {
		if f.Name == name && (f.Type == "histogram" || f.Type == "summary") {
			return fmt.Sprintf("; %s is a %s: ask for %[1]s_count or %[1]s_sum", name, f.Type)
		}
	}
	for info := range reg.All() {
		switch {
		case info.Name != name && !textpage.Belongs(name, info.Name, info.Type):
		case info.Series == 0 && isCollector(info):
			return fmt.Sprintf("; %s is registered, its collector has emitted no series", info.Name)
		case info.Series == 0:
			return fmt.Sprintf("; %s is registered, no series yet", info.Name)
		}
	}
	return listNames(families)
}

func isCollector(info engine.Info) bool {
	_, ok := info.Metric.(engine.Collector)
	return ok
}

// listed is how many samples or names a message lists at most.
const listed = 20

// listNames lists the families of the page without the registry's own.
func listNames(families []Family) string {
	var names []string
	for _, f := range families {
		if !strings.HasPrefix(f.Name, "quipu_") {
			names = append(names, f.Name)
		}
	}
	switch n := len(names); {
	case n == 0:
		return "; it is empty"
	case n > listed:
		return fmt.Sprintf("; it has %s and %d more", strings.Join(names[:listed], ", "), n-listed)
	}
	return "; it has " + strings.Join(names, ", ")
}
