// SPDX-License-Identifier: Apache-2.0

package encode_test

import (
	"fmt"
	"os"

	"github.com/quipu-metrics/quipu/encode"
)

// A page of one family with one series.
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

// A family in two pieces, which keeps the buffer small. The same calls are right for every format.
func ExampleFamily() {
	family := encode.NewFamily("rooms_celsius", "", "celsius", encode.Gauge, nil)
	const format = encode.OpenMetrics
	buffer := family.Begin(nil, format)
	buffer = family.AppendGauge(buffer, format, `room="hall"`, 19.5)
	os.Stdout.Write(family.End(buffer, 0, format))

	buffer = family.Continue(buffer[:0], format)
	buffer = family.AppendGauge(buffer, format, `room="cellar"`, 12)
	os.Stdout.Write(family.End(buffer, 0, format))

	os.Stdout.Write(encode.AppendTrailer(nil, format))
	// Output:
	// # TYPE rooms_celsius gauge
	// # UNIT rooms_celsius celsius
	// rooms_celsius{room="hall"} 19.5
	// rooms_celsius{room="cellar"} 12
	// # EOF
}

// The series of a counter has the same name in both formats; only the header differs.
func ExampleFormat() {
	family := encode.NewFamily("jobs_total", "", "", encode.Counter, nil)
	for _, format := range []encode.Format{encode.Text, encode.OpenMetrics} {
		page := family.Begin(nil, format)
		page = family.AppendCounter(page, format, "", &encode.CounterSample{Int: 3})
		fmt.Printf("%v\n%s", format, page)
	}
	// Output:
	// text
	// # TYPE jobs_total counter
	// jobs_total 3
	// openmetrics
	// # TYPE jobs counter
	// jobs_total 3
}

func ExampleFormat_ContentType() {
	fmt.Println(encode.Text.ContentType())
	// Output: text/plain; version=0.0.4; charset=utf-8
}

// An Info family is a gauge in the formats that have no such type.
func ExampleType() {
	build := encode.NewFamily("build", "The running version.", "", encode.Info, nil)
	for _, format := range []encode.Format{encode.Text, encode.OpenMetrics} {
		page := build.Begin(nil, format)
		os.Stdout.Write(build.AppendGauge(page, format, `version="1.2.3"`, 1))
	}
	// Output:
	// # HELP build_info The running version.
	// # TYPE build_info gauge
	// build_info{version="1.2.3"} 1
	// # HELP build The running version.
	// # TYPE build info
	// build_info{version="1.2.3"} 1
}

func ExampleType_String() {
	fmt.Println(encode.Counter, encode.StateSet)
	// Output: counter stateset
}

// OpenMetrics would call both families jobs, so the counter is of type unknown there.
func ExampleNewUnknownCounter() {
	counter := encode.NewUnknownCounter("jobs_total", "", "")
	gauge := encode.NewFamily("jobs", "", "", encode.Gauge, nil)
	page := gauge.Begin(nil, encode.OpenMetrics)
	page = gauge.AppendGauge(page, encode.OpenMetrics, "", 2)
	page = counter.Begin(page, encode.OpenMetrics)
	page = counter.AppendCounter(page, encode.OpenMetrics, "", &encode.CounterSample{Int: 40})
	os.Stdout.Write(page)
	// Output:
	// # TYPE jobs gauge
	// jobs 2
	// # TYPE jobs_total unknown
	// jobs_total 40
}

func ExampleCounterSample() {
	family := encode.NewFamily("work_seconds_total", "", "", encode.Counter, nil)
	for _, sample := range []encode.CounterSample{
		{Int: 1<<53 + 1, Created: 1700000000},
		{Int: 2, Frac: 0.25},
	} {
		os.Stdout.Write(family.AppendCounter(nil, encode.OpenMetrics, "", &sample))
	}
	// Output:
	// work_seconds_total 9007199254740993
	// work_seconds_created 1700000000
	// work_seconds_total 2.25
}

func ExampleHistogramSample() {
	family := encode.NewFamily("latency_seconds", "Latency.", "seconds", encode.Histogram, []float64{0.1, 1})
	page := family.Begin(nil, encode.OpenMetrics)
	page = family.AppendHistogram(page, encode.OpenMetrics, "", &encode.HistogramSample{
		Counts:  []uint64{3, 1, 1},
		Sum:     4.5,
		Created: 1700000000,
	})
	os.Stdout.Write(page)
	// Output:
	// # HELP latency_seconds Latency.
	// # TYPE latency_seconds histogram
	// # UNIT latency_seconds seconds
	// latency_seconds_bucket{le="0.1"} 3
	// latency_seconds_bucket{le="1.0"} 4
	// latency_seconds_bucket{le="+Inf"} 5
	// latency_seconds_sum 4.5
	// latency_seconds_count 5
	// latency_seconds_created 1700000000
}

// The exemplar of the second bucket.
func ExampleExemplar() {
	family := encode.NewFamily("latency_seconds", "", "", encode.Histogram, []float64{0.1, 1})
	exemplar := &encode.Exemplar{
		Labels:    string(encode.AppendLabel(nil, "trace_id", "4bf92f35")),
		Value:     0.7,
		Timestamp: 1700000042.125,
	}
	os.Stdout.Write(family.AppendHistogram(nil, encode.OpenMetrics, "", &encode.HistogramSample{
		Counts:    []uint64{3, 1, 1},
		Sum:       4.5,
		Exemplars: []*encode.Exemplar{nil, exemplar, nil},
	}))
	// Output:
	// latency_seconds_bucket{le="0.1"} 3
	// latency_seconds_bucket{le="1.0"} 4 # {trace_id="4bf92f35"} 0.7 1700000042.125
	// latency_seconds_bucket{le="+Inf"} 5
	// latency_seconds_sum 4.5
	// latency_seconds_count 5
}

// Three observations in buckets 0 and 1 of schema 0, which end at 1 and at 2. The text formats show
// their number only.
func ExampleNativeSample() {
	family := encode.NewFamily("size_bytes", "", "", encode.Histogram, nil)
	sample := &encode.HistogramSample{Native: &encode.NativeSample{
		Schema: 0,
		Positive: encode.Buckets{
			Spans:  []encode.Span{{Offset: 0, Length: 2}},
			Deltas: []int64{2, -1}, // two observations, then one
		},
		Count: 3,
		Sum:   3.5,
	}}
	os.Stdout.Write(family.AppendHistogram(nil, encode.Text, "", sample))

	message := family.Begin(nil, encode.Protobuf)
	message = family.AppendHistogram(message, encode.Protobuf, "", sample)
	message = family.End(message, 0, encode.Protobuf)
	fmt.Println(len(message), "bytes of protobuf")
	// Output:
	// size_bytes_bucket{le="+Inf"} 3
	// size_bytes_sum 3.5
	// size_bytes_count 3
	// 53 bytes of protobuf
}

// Two runs of buckets: 0 and 1 with counts of 2 and 1, and 10 with a count of 5.
func ExampleBuckets() {
	buckets := encode.Buckets{
		Spans:  []encode.Span{{Offset: 0, Length: 2}, {Offset: 8, Length: 1}},
		Deltas: []int64{2, -1, 4},
	}
	var index, i int
	var count int64
	for _, span := range buckets.Spans {
		index += int(span.Offset)
		for range span.Length {
			count += buckets.Deltas[i]
			fmt.Printf("bucket %d: %d\n", index, count)
			index, i = index+1, i+1
		}
	}
	// Output:
	// bucket 0: 2
	// bucket 1: 1
	// bucket 10: 5
}

func ExampleSummarySample() {
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

func ExampleAppendLabel() {
	labels := encode.AppendLabel(nil, "path", `C:\temp`)
	labels = encode.AppendLabel(labels, "note", "two\nlines, \"quoted\"")
	fmt.Printf("%s\n", labels)
	// Output: path="C:\\temp",note="two\nlines, \"quoted\""
}

func ExampleAppendUint() {
	fmt.Printf("%s\n", encode.AppendUint(nil, 1<<64-1))
	// Output: 18446744073709551615
}

func ExampleValidMetricName() {
	fmt.Println(encode.ValidMetricName("job:errors:rate5m"), encode.ValidMetricName("5xx"))
	// Output: true false
}

func ExampleValidLabelName() {
	fmt.Println(encode.ValidLabelName("http_code"), encode.ValidLabelName("http.code"))
	// Output: true false
}

// A name that older servers refuse is written as it is for Prometheus 3, and escaped for others.
func ExampleEscaping() {
	quoted := encode.NewFamily("http.requests_total", "Requests.", "", encode.Counter, nil)
	labels := string(encode.AppendLabel(nil, "http.method", "GET"))
	for _, escaping := range []encode.Escaping{
		encode.NoEscaping, encode.UnderscoresEscaping, encode.DotsEscaping, encode.ValuesEscaping,
	} {
		f := quoted.Escaped(escaping)
		series := f.AppendCounter(nil, encode.Text, labels, &encode.CounterSample{Int: 3})
		fmt.Printf("%v: %s", escaping, series)
	}
	fmt.Println(encode.UnderscoresEscaping.MetricName("http.requests_total"))
	fmt.Println(encode.ValuesEscaping.LabelName("http.method"))
	fmt.Println(encode.ValidUTF8Name("http.method"), encode.ValidLabelName("http.method"))
	// Output:
	// allow-utf-8: {"http.requests_total","http.method"="GET"} 3
	// underscores: http_requests_total{http_method="GET"} 3
	// dots: http_dot_requests__total{http_dot_method="GET"} 3
	// values: U__http_2e_requests__total{U__http_2e_method="GET"} 3
	// http_requests_total
	// U__http_2e_method
	// true false
}

func ExampleFamily_Samples() {
	f := encode.NewFamily("http.size", "", "", encode.Summary, nil).Escaped(encode.UnderscoresEscaping)
	fmt.Println(f.Name(), f.Samples())
	// Output: http_size [http_size http_size_sum http_size_count http_size_created]
}
