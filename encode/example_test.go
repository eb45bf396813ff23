// SPDX-License-Identifier: Apache-2.0

package encode_test

import (
	"fmt"
	"os"

	"github.com/quipu-metrics/quipu/encode"
)

func Example() {
	family := encode.NewFamily("http_requests_total", "Requests served.", "", encode.Counter, nil)
	labels := string(encode.AppendLabel(encode.AppendLabel(nil, "method", "GET"), "code", "200"))

	page := make([]byte, 0, 1024)
	start := len(page)
	page = family.Begin(page, encode.Text)
	page = family.AppendCounter(page, encode.Text, labels, &encode.CounterSample{Int: 1027})
	page = family.End(page, start, encode.Text)
	page = encode.AppendTrailer(page, encode.Text)
	os.Stdout.Write(page)
	// Output:
	// # HELP http_requests_total Requests served.
	// # TYPE http_requests_total counter
	// http_requests_total{method="GET",code="200"} 1027
}

func ExampleFamily_AppendHistogram() {
	family := encode.NewFamily("latency_seconds", "Latency.", "seconds", encode.Histogram, []float64{0.1, 1})
	page := family.Begin(nil, encode.OpenMetrics)
	page = family.AppendHistogram(page, encode.OpenMetrics, "", &encode.HistogramSample{
		Counts:  []uint64{3, 1, 1},
		Sum:     4.5,
		Created: 1700000000,
		Exemplars: []*encode.Exemplar{
			nil, {Labels: `trace_id="4bf92f35"`, Value: 0.7, Timestamp: 1700000042.125}, nil,
		},
	})
	os.Stdout.Write(encode.AppendTrailer(page, encode.OpenMetrics))
	// Output:
	// # HELP latency_seconds Latency.
	// # TYPE latency_seconds histogram
	// # UNIT latency_seconds seconds
	// latency_seconds_bucket{le="0.1"} 3
	// latency_seconds_bucket{le="1.0"} 4 # {trace_id="4bf92f35"} 0.7 1700000042.125
	// latency_seconds_bucket{le="+Inf"} 5
	// latency_seconds_sum 4.5
	// latency_seconds_count 5
	// latency_seconds_created 1700000000
	// # EOF
}

func ExampleFamily_AppendSummary() {
	family := encode.NewFamily("payload_bytes", "", "", encode.Summary, []float64{0.5, 0.99})
	page := family.Begin(nil, encode.Text)
	page = family.AppendSummary(page, encode.Text, `dir="in"`, &encode.SummarySample{
		Quantiles: []float64{512, 1499.5}, Count: 10, Sum: 6000,
	})
	os.Stdout.Write(page)
	// Output:
	// # TYPE payload_bytes summary
	// payload_bytes{dir="in",quantile="0.5"} 512
	// payload_bytes{dir="in",quantile="0.99"} 1499.5
	// payload_bytes_sum{dir="in"} 6000
	// payload_bytes_count{dir="in"} 10
}

func ExampleFamily_AppendGauge() {
	build := encode.NewFamily("build", "What runs.", "", encode.Info, nil)
	for _, format := range []encode.Format{encode.Text, encode.OpenMetrics} {
		page := build.Begin(nil, format)
		os.Stdout.Write(build.AppendGauge(page, format, `version="1.2.3"`, 1))
	}
	// Output:
	// # HELP build_info What runs.
	// # TYPE build_info gauge
	// build_info{version="1.2.3"} 1
	// # HELP build What runs.
	// # TYPE build info
	// build_info{version="1.2.3"} 1
}

func ExampleAppendLabel() {
	labels := encode.AppendLabel(nil, "path", `C:\temp`)
	labels = encode.AppendLabel(labels, "note", "two\nlines, \"quoted\"")
	fmt.Printf("%s\n", labels)
	// Output: path="C:\\temp",note="two\nlines, \"quoted\""
}

func ExampleFormat_ContentType() {
	fmt.Println(encode.Text.ContentType())
	// Output: text/plain; version=0.0.4; charset=utf-8
}

func ExampleType_String() {
	fmt.Println(encode.Counter, encode.StateSet)
	// Output: counter stateset
}

func ExampleAppendUint() {
	fmt.Printf("%s\n", encode.AppendUint(nil, 1<<64-1))
	// Output: 18446744073709551615
}
