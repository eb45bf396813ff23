// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"fmt"
	"go/format"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// patience is how long a test waits for a program to start. The machine may be busy.
const patience = 30 * time.Second

// start runs an example, and returns where it is served.
func start(t *testing.T, name string) (base string) {
	program := testkit.Start(t, testkit.Build(t, "./"+name), "-addr", "127.0.0.1:0")
	return program.Find(`^Serving metrics on: (http://127\.0\.0\.1:\d+)/metrics\n`, patience)[1]
}

func order(t *testing.T, base, item string) {
	resp, err := http.Post(base+"/orders/"+item, "", nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

func read(t *testing.T, name string) string {
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// blocks returns the code blocks of a README in a language.
func blocks(t *testing.T, readme, language string) (list []string) {
	for _, part := range strings.Split(readme, "```"+language+"\n")[1:] {
		block, _, ok := strings.Cut(part, "```")
		require.True(t, ok)
		list = append(list, block)
	}
	require.NotEmpty(t, list, language)
	return list
}

var posted = regexp.MustCompile(`curl -X POST http://127.0.0.1:8000/orders/(\w+)`)

func TestTheReadmeOfEachRoadShowsWhatHappens(t *testing.T) {
	for _, road := range []string{"sidebyside", "importpath", "native"} {
		t.Run(road, func(t *testing.T) {
			readme := read(t, road+"/README.md")
			base := start(t, road)
			console := blocks(t, readme, "console")[0]
			require.Contains(t, console, "$ go run ./examples/"+road+"\n")
			posts := posted.FindAllStringSubmatch(console, -1)
			require.NotEmpty(t, posts)
			for _, post := range posts {
				order(t, base, post[1])
			}
			page := testkit.Fetch(t, base+"/metrics")
			for line := range strings.Lines(blocks(t, readme, "text")[0]) {
				require.Contains(t, page, "\n"+line)
			}
		})
	}
}

func TestTheProgramOfTheImportPathIsTheOneBeforeWithOtherImports(t *testing.T) {
	const theirs = "github.com/prometheus/client_golang/prometheus"
	const ours = "github.com/quipu-metrics/quipu/contrib/clientgolang"
	change := strings.NewReplacer(theirs+"/", ours+"/", theirs, ours+"/prometheus")
	code := func(program string) string { // without the comment of the package
		_, text, ok := strings.Cut(read(t, program+"/main.go"), "package main\n")
		require.True(t, ok)
		return text
	}
	want, err := format.Source([]byte("package main\n" + change.Replace(code("before"))))
	require.NoError(t, err)
	require.Equal(t, string(want), "package main\n"+code("importpath"))
}

// What Prometheus stores is the same before and after each road: types, help, names, labels and
// values. Only durations differ from run to run.
func TestDashboardsNoticeNothing(t *testing.T) {
	samples := func(program string) map[string]string {
		base := start(t, program)
		for _, item := range []string{"tea", "coffee", "tea", "a%2Fb%22c"} {
			order(t, base, item)
		}
		return shop(t, testkit.Fetch(t, base+"/metrics"))
	}
	before := samples("before")
	require.Len(t, before, 3+3+1+1)
	for _, road := range []string{"sidebyside", "importpath", "native"} {
		require.Equal(t, before, samples(road), road)
	}
}

// shop returns the metrics of the shop on a page, each series by its name, type, help and labels.
func shop(t *testing.T, page string) map[string]string {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	require.NoError(t, err)
	series := make(map[string]string)
	for name, f := range families {
		if !strings.HasPrefix(name, "shop_") {
			continue
		}
		series[name] = f.GetType().String() + " " + f.GetHelp()
		for _, m := range f.Metric {
			labels := name
			for _, l := range m.Label {
				labels += " " + l.GetName() + "=" + l.GetValue()
			}
			if m.Histogram != nil {
				var bounds []string
				m.Histogram.SampleSum = nil
				for _, b := range m.Histogram.Bucket {
					bounds = append(bounds, model.SampleValue(b.GetUpperBound()).String())
				}
				series[labels+" "] = fmt.Sprint(bounds, m.Histogram.GetSampleCount())
				continue
			}
			series[labels+" "] = m.String()
		}
	}
	return series
}
