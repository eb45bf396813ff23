package dot // want `1 metrics can move to engine`

import (
	. "github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// engine takes the name of a package.
var engine = 1

var c = NewCounter(CounterOpts{Name: "dot_total"})

func init() {
	MustRegister(c)
}

func gather() Gatherer {
	c.Add(float64(len(string(rune(engine)))))
	return DefaultGatherer
}
