// SPDX-License-Identifier: Apache-2.0

package metricdoc_test

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/metricdoc"
)

func ExampleMetrics_Markdown() {
	reg := engine.NewRegistry()
	engine.Must(reg.NewHistogramVec("job_duration_seconds", "Time of a job.", []string{"queue"},
		engine.WithBuckets(0.1, 1, 10)))
	os.Stdout.WriteString(metricdoc.FromRegistry(reg).Without("quipu_").Markdown())
	// Output:
	// # Metrics
	//
	// ## job
	//
	// ### `job_duration_seconds`
	//
	// Time of a job.
	//
	// - type: histogram
	// - unit: seconds
	// - labels: `queue`
	// - buckets: 0.1, 1, 10
}

func ExampleMetrics_Lint() {
	metrics, err := metricdoc.Parse(`# TYPE requests counter
requests{user="4711@example.org"} 1
requests{user="4712@example.org"} 1
requests{user="4713@example.org"} 2
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, problem := range metrics.Lint() {
		if problem.Rule != "unbounded" {
			fmt.Println(problem)
			continue
		}
		fmt.Println(problem.Metric, "has a label that may fill memories:", problem.Text)
	}
	// Output:
	// requests: it has no help text (convention)
	// requests: a counter must end in _total (convention)
	// requests has a label that may fill memories: the label user has values that look like mail addresses, such as "4713@example.org": their number may grow without bound
}

func ExampleMetrics_Find() {
	reg := engine.NewRegistry()
	engine.Must(reg.NewCounterVec("jobs_total", "Jobs.", []string{"queue"})).With("mail").Add(3)
	engine.Must(reg.NewSummary("size_bytes", "Sizes.", engine.WithObjectives(map[float64]float64{0.5: 0.05})))
	metrics := metricdoc.FromRegistry(reg)
	jobs, sizes := metrics.Find("jobs_total"), metrics.Find("size_bytes")
	fmt.Println(jobs.Name, jobs.Type, jobs.Help, jobs.Labels, jobs.Series[0].Labels, jobs.Series[0].Value)
	engine.Must(reg.NewHistogram("wait_seconds", "Waits.", engine.WithBuckets(0.1, 1))).Observe(0.5)
	waits := metricdoc.FromRegistry(reg).Find("wait_seconds")
	fmt.Println(waits.Bounds, waits.Native, waits.Series[0].Histogram.Counts)
	fmt.Println(sizes.Unit, sizes.Quantiles, sizes.Errors, sizes.Series[0].Summary.Count)
	// Output:
	// jobs_total counter Jobs. [queue] [{queue mail}] 3
	// [0.1 1] false [0 1 0]
	// bytes [0.5] [0.05] 0
}

// printer stands for a testing.TB.
type printer struct{}

func (printer) Helper()                           {}
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (printer) Logf(string, ...any)               {}

func ExampleGolden() {
	reg := engine.NewRegistry()
	engine.Must(reg.NewCounter("jobs_total", "Jobs done."))
	var t metricdoc.TB = printer{} // in a test, its *testing.T
	metricdoc.Golden(t, reg, "testdata/example.md")
	fmt.Println(metricdoc.UpdateVariable)
	// Output:
	// the metrics differ from testdata/example.md; if they should, run QUIPU_UPDATE=1 go test
	// - `jobs_total`: Jobs.
	// + `jobs_total`: Jobs done.
	//
	// QUIPU_UPDATE
}

func ExampleMetrics_Dashboard() {
	reg := engine.NewRegistry()
	engine.Must(reg.NewHistogram("job_duration_seconds", "Time of a job.", engine.WithBuckets(0.1, 1, 10)))
	dashboard := metricdoc.FromRegistry(reg).Without("quipu_").Dashboard("Jobs")
	for line := range strings.Lines(string(dashboard)) {
		if strings.Contains(line, `"expr"`) {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output:
	// "expr": "histogram_quantile(0.5, sum by (le) (rate(job_duration_seconds_bucket{job=~\"$job\",instance=~\"$instance\"}[$__rate_interval])))",
	// "expr": "histogram_quantile(0.9, sum by (le) (rate(job_duration_seconds_bucket{job=~\"$job\",instance=~\"$instance\"}[$__rate_interval])))",
	// "expr": "histogram_quantile(0.99, sum by (le) (rate(job_duration_seconds_bucket{job=~\"$job\",instance=~\"$instance\"}[$__rate_interval])))",
	// "expr": "sum by (le) (increase(job_duration_seconds_bucket{job=~\"$job\",instance=~\"$instance\"}[$__rate_interval]))",
	// "expr": "sum(rate(job_duration_seconds_count{job=~\"$job\",instance=~\"$instance\"}[$__rate_interval]))",
}

func ExampleMetrics_Rules() {
	metrics, err := metricdoc.Parse("# TYPE jobs_total counter\njobs_total{ok=\"no\"} 1\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	objective, err := metricdoc.ParseObjective(`jobs_total{ok="no"}/jobs_total:92`)
	if err != nil {
		fmt.Println(err)
		return
	}
	rules, warnings, err := metrics.Rules(objective)
	fmt.Println(warnings, err)
	fmt.Println(strings.Join(strings.Split(string(rules), "\n")[:5], "\n"))
	// Output:
	// [jobs_total{ok="no"}/jobs_total:92: the part of bad events cannot be above 14.4 times the budget, so no alert looks at 1h] <nil>
	// groups:
	//   - name: 'quipu-recordings'
	//     rules:
	//       - record: 'job:jobs:rate5m'
	//         expr: 'sum by (job) (rate(jobs_total[5m]))'
}

func ExampleChanges() {
	reg := engine.NewRegistry()
	jobs := engine.Must(reg.NewCounter("jobs_total", "Jobs."))
	before := metricdoc.FromRegistry(reg)
	jobs.Add(20)
	for _, c := range metricdoc.Changes(before, metricdoc.FromRegistry(reg), 10*time.Second) {
		if c.Family.Name == "jobs_total" {
			fmt.Println(c.Series.Labels, c.Rate, c.Value, c.P50, c.P90, c.P99)
		}
	}
	// Output: [] 2 20 NaN NaN NaN
}
