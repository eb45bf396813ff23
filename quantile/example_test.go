// SPDX-License-Identifier: Apache-2.0

package quantile_test

import (
	"fmt"
	"time"

	"github.com/quipu-metrics/quipu/quantile"
)

func Example() {
	objectives, err := quantile.NewObjectives(map[float64]float64{0.5: 0.01, 0.99: 0.001})
	if err != nil {
		panic(err)
	}
	log := quantile.NewLog(nil) // one for all windows

	var latency quantile.Window // one per series
	latency.Init(log, objectives, 10*time.Minute)
	for ms := 1; ms <= 100; ms++ {
		log.Observe(&latency, float64(ms)/1000)
	}

	log.Drain()
	q, count, sum := latency.Snapshot(nil)
	fmt.Printf("median %v s, p99 %v s, %d observations, %.2f s in all\n", q[0], q[1], count, sum)
	// Output: median 0.05 s, p99 0.099 s, 100 observations, 5.05 s in all
}

func ExampleNewObjectives() {
	objectives, _ := quantile.NewObjectives(map[float64]float64{0.99: 0.001, 0.5: 0.05})
	for _, o := range objectives.List() {
		fmt.Printf("%v ± %v\n", o.Quantile, o.Epsilon)
	}
	_, err := quantile.NewObjectives(map[float64]float64{99: 0.1})
	fmt.Println(err)
	// Output:
	// 0.5 ± 0.05
	// 0.99 ± 0.001
	// quantile 99 is not in [0, 1]; write 0.99 for the 99th percentile
}

func ExampleObjective() {
	o := quantile.Objective{Quantile: 0.99, Epsilon: 0.001}
	fmt.Printf("of 10000 observations, one with a rank between %.0f and %.0f\n",
		(o.Quantile-o.Epsilon)*10000, (o.Quantile+o.Epsilon)*10000)
	// Output: of 10000 observations, one with a rank between 9890 and 9910
}

func ExampleWindow_Quantile() {
	objectives, _ := quantile.NewObjectives(map[float64]float64{0.5: 0.05})
	log := quantile.NewLog(nil)
	var sizes quantile.Window
	sizes.Init(log, objectives, 0) // over its whole life
	for _, v := range []float64{30, 10, 20} {
		log.Observe(&sizes, v)
	}
	log.Drain()
	fmt.Println(sizes.Quantile(0), sizes.Quantile(0.5), sizes.Quantile(1))
	// Output: 10 20 30
}

func ExampleLog() {
	now := time.Unix(0, 0)
	log := quantile.NewLog(func() time.Time { return now }) // a clock for tests
	objectives, _ := quantile.NewObjectives(map[float64]float64{0.5: 0.05})
	var w quantile.Window
	w.Init(log, objectives, time.Minute)
	log.Observe(&w, 1)
	log.Drain()
	fmt.Println(w.Quantile(0.5))
	now = now.Add(2 * time.Minute)
	fmt.Println(w.Quantile(0.5))
	// Output:
	// 1
	// NaN
}
