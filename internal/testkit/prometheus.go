// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// Prometheus is a client of the API of a Prometheus server.
type Prometheus struct {
	URL     string
	t       testing.TB
	process *Process
}

// StartPrometheus starts a real server with this configuration and waits until it is ready.
func StartPrometheus(t testing.TB, config string, args ...string) *Prometheus {
	t.Helper()
	program := Require(t, "prometheus")
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := FreeAddr(t)
	process := Start(t, program, append([]string{
		"--config.file=" + file,
		"--storage.tsdb.path=" + t.TempDir(),
		"--web.listen-address=" + addr,
	}, args...)...)
	p := &Prometheus{URL: "http://" + addr, t: t, process: process}
	Poll(t, 30*time.Second, func() error {
		process.alive()
		_, err := do(http.MethodGet, p.URL+"/-/ready", http.StatusOK)
		return err
	})
	return p
}

// Log returns what the server has logged so far.
func (p *Prometheus) Log() string { return p.process.Output() }

// Point is a value at a time, which the API writes as [seconds, "value"].
type Point struct {
	Time  time.Time
	Value float64
}

// UnmarshalJSON reads a point as the API writes it.
func (p *Point) UnmarshalJSON(text []byte) (err error) {
	var seconds float64
	var value string
	if err := json.Unmarshal(text, &[]any{&seconds, &value}); err != nil {
		return err
	}
	p.Time = time.UnixMilli(int64(seconds*1000 + 0.5)) // Prometheus counts milliseconds
	p.Value, err = strconv.ParseFloat(value, 64)
	return err
}

// Sample is one element of a query's answer.
type Sample struct {
	Labels map[string]string `json:"metric"`
	Point  Point             `json:"value"`
}

// Series returns the identity of the sample in the form of the function Series, without the labels
// that Prometheus adds.
func (s Sample) Series() string {
	var labels []string
	for name, value := range s.Labels {
		if name != "__name__" && name != "job" && name != "instance" {
			labels = append(labels, name, value)
		}
	}
	return Series(s.Labels["__name__"], labels...)
}

// Query returns the instant vector that a PromQL expression yields now.
func (p *Prometheus) Query(query string) []Sample {
	p.t.Helper()
	var answer struct {
		ResultType string
		Result     []Sample
	}
	p.get("query", url.Values{"query": {query}}, &answer)
	if answer.ResultType != "vector" {
		p.t.Fatalf("%s gives a %s", query, answer.ResultType)
	}
	return answer.Result
}

// Values returns the vector of Query by series: see [Sample.Series].
func (p *Prometheus) Values(query string) map[string]float64 {
	p.t.Helper()
	values := map[string]float64{}
	for _, s := range p.Query(query) {
		if _, twice := values[s.Series()]; twice {
			p.t.Fatalf("%s gives %s twice", query, s.Series())
		}
		values[s.Series()] = s.Point.Value
	}
	return values
}

// Value returns the value of a query that yields one series.
func (p *Prometheus) Value(query string) float64 {
	p.t.Helper()
	samples := p.Query(query)
	if len(samples) != 1 {
		p.t.Fatalf("%s gives %d series: %v", query, len(samples), samples)
	}
	return samples[0].Point.Value
}

// Target is the state of a target in Prometheus.
type Target struct {
	ScrapeURL  string
	Health     string
	LastError  string
	LastScrape time.Time
}

// Targets returns the active targets.
func (p *Prometheus) Targets() []Target {
	p.t.Helper()
	var answer struct{ ActiveTargets []Target }
	p.get("targets", url.Values{"state": {"active"}}, &answer)
	return answer.ActiveTargets
}

// get calls the API and reads the data of its answer.
func (p *Prometheus) get(path string, values url.Values, data any) {
	p.t.Helper()
	response, err := http.Get(p.URL + "/api/v1/" + path + "?" + values.Encode())
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	answer := struct {
		Status, Error string
		Warnings      []string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		p.t.Fatalf("%s of Prometheus: %s: %v", path, response.Status, err)
	}
	if answer.Status != "success" || len(answer.Warnings) > 0 {
		p.t.Fatalf("%s of Prometheus: %s: %s %v", path, response.Status, answer.Error, answer.Warnings)
	}
}
