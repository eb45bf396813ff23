// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// recorder is a test that a helper may end without ending this one.
type recorder struct {
	testing.TB
	skipped, failed string
	cleanups        []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Failed() bool     { return r.failed != "" }
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// record runs f on a goroutine of its own, as the functions that end a test need.
func record(t *testing.T, f func(r *recorder)) *recorder {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r
}

func TestRequireSkipsLoudlyAndFailsInCI(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CI", "")
	r := record(t, func(r *recorder) { Require(r, "promtool") })
	require.Contains(t, r.skipped, "apt-get install prometheus")
	require.Empty(t, r.failed)

	t.Setenv("CI", "true")
	r = record(t, func(r *recorder) { Require(r, "promtool") })
	require.Contains(t, r.failed, "apt-get install prometheus")
	require.Empty(t, r.skipped)
}

func TestRequireFindsWhatIsThere(t *testing.T) {
	require.NotEmpty(t, Require(t, "go"))
}

func TestPollTellsTheLastError(t *testing.T) {
	n := 0
	r := record(t, func(r *recorder) {
		Poll(r, 50*time.Millisecond, func() error { n++; return fmt.Errorf("try %d", n) })
	})
	require.Contains(t, r.failed, "try "+strconv.Itoa(n))
	Poll(t, time.Minute, func() error {
		if n--; n > 0 {
			return errors.New("not yet")
		}
		return nil
	})
}

// settle waits for goroutines of the tests before to end: one that ends during a test makes up for one that it leaves.
func settle() {
	idle()
	for n, calm := runtime.NumGoroutine(), 0; calm < 20; calm++ {
		time.Sleep(10 * time.Millisecond)
		if now := runtime.NumGoroutine(); now != n {
			n, calm = now, 0
		}
	}
}

func TestBaselineFindsAGoroutineAndADescriptorThatAreLeft(t *testing.T) {
	settle()
	Baseline(t)
	stop := make(chan struct{})
	r := record(t, func(r *recorder) {
		baseline(r, 100*time.Millisecond)
		go func() { <-stop }()
		r.cleanups[0]()
	})
	close(stop)
	require.Contains(t, r.failed, "TestBaselineFindsAGoroutine")

	if openDescriptors() == nil {
		return // this system does not tell
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close()) // what the network poller opens once, it keeps
	var file *os.File
	r = record(t, func(r *recorder) {
		baseline(r, 100*time.Millisecond)
		file, err = os.Open("doc.go")
		r.cleanups[0]()
	})
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.Contains(t, r.failed, "testkit/doc.go")
}

// TestMain lets the test binary be the program that the tests start.
func TestMain(m *testing.M) {
	switch os.Getenv("TESTKIT_PROGRAM") {
	case "":
		os.Exit(m.Run())
	case "sleep":
		fmt.Println("listening on 4711")
		time.Sleep(time.Hour)
	case "fail":
		fmt.Fprintln(os.Stderr, "no way")
		os.Exit(3)
	}
}

func TestProcessIsReadStoppedAndWaitedFor(t *testing.T) {
	Baseline(t)
	t.Setenv("TESTKIT_PROGRAM", "sleep")
	p := Start(t, os.Args[0])
	require.Equal(t, []string{"listening on 4711", "4711"}, p.Find(`listening on (\d+)`, time.Minute))
	p.Signal(syscall.SIGTERM)
	require.Equal(t, -1, p.Wait(time.Minute))
}

func TestProcessDoesNotOutliveItsTest(t *testing.T) {
	t.Setenv("TESTKIT_PROGRAM", "sleep")
	var p *Process
	r := record(t, func(r *recorder) { p = Start(r, os.Args[0]) })
	r.cleanups[0]()
	select {
	case <-p.exited:
	default:
		t.Fatal("it runs")
	}
}

func TestProcessThatEndsIsNotWaitedFor(t *testing.T) {
	t.Setenv("TESTKIT_PROGRAM", "fail")
	p := Start(t, os.Args[0])
	require.Equal(t, 3, p.Wait(time.Minute))
	p.t = nil
	r := record(t, func(r *recorder) {
		p.t = r
		p.Find("listening", time.Minute)
	})
	require.Contains(t, r.failed, "exit status 3")
	require.Contains(t, r.failed, "no way")
}

func TestBuildBuilds(t *testing.T) {
	program := Build(t, "../../examples/hotpath")
	out, err := exec.Command(program, "-h").CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(out), "-addr")
}

func TestParsePageReadsSamples(t *testing.T) {
	page, err := ParsePage(strings.Join([]string{
		`# HELP a_total Help.`,
		`# TYPE a_total counter`,
		`a_total{z="1",b="quote \" slash \\ line \n brace } é"} 3`,
		`# TYPE h histogram`,
		`h_bucket{le="+Inf"} 2`,
		`h_sum NaN`,
		`h_count 2`,
		`# TYPE s summary`,
		`s{quantile="0.5"} +Inf`,
		`s_sum -0.5`,
		`s_count 1e+20`,
		``,
	}, "\n"))
	require.NoError(t, err)
	require.Equal(t, 3.0, page.Value(t, "a_total", "b", "quote \" slash \\ line \n brace } é", "z", "1"))
	require.Equal(t, 2.0, page.Value(t, "h_bucket", "le", "+Inf"))
	require.Equal(t, Series("h_bucket", "le", "1"), Series("h_bucket", "le", "1.0"))
	require.Equal(t, 1e20, page.Value(t, "s_count"))
	require.Len(t, page.Samples, 7)
	require.Equal(t, map[string]string{"a_total": "counter", "h": "histogram", "s": "summary"}, page.Types)
}

func TestParsePageRefusesWhatIsWrong(t *testing.T) {
	for name, text := range map[string]string{
		"a series twice":       "# TYPE a counter\na 1\na 2\n",
		"a bucket twice":       "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"1.0\"} 1\n",
		"a timestamp":          "# TYPE a counter\na 1 2\n",
		"a family in disorder": "# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n# HELP a Again.\n",
	} {
		_, err := ParsePage(text)
		require.Error(t, err, name)
	}
}

func TestPrometheusAnswers(t *testing.T) {
	Baseline(t)
	p := StartPrometheus(t, "global: {scrape_interval: 100ms, scrape_timeout: 100ms}\n"+
		"scrape_configs: [{job_name: nobody, static_configs: [{targets: ['"+FreeAddr(t)+"']}]}]\n")
	require.Equal(t, 3.0, p.Value("vector(1) + 2"))
	Poll(t, 10*time.Second, func() error {
		if len(p.Query("up")) == 0 {
			return errors.New("no scrape yet")
		}
		return nil
	})
	up := p.Query("up")[0]
	require.Equal(t, 0.0, up.Point.Value)
	require.Equal(t, "nobody", up.Labels["job"])
	require.WithinDuration(t, time.Now(), up.Point.Time, time.Minute)
	require.Equal(t, map[string]float64{"up{}": 0}, p.Values("up"))
	require.Len(t, p.Targets(), 1)
	require.Equal(t, "down", p.Targets()[0].Health)
	require.Contains(t, p.Targets()[0].LastError, "refused")
}
