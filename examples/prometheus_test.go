// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestPromtoolAcceptsTheConfiguration(t *testing.T) {
	promtool := testkit.Require(t, "promtool")
	out, err := exec.Command(promtool, "check", "config", "prometheus/prometheus.yml").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "SUCCESS")
	require.NotContains(t, string(out), "WARNING")
}

func TestBashAcceptsTheScript(t *testing.T) {
	bash := testkit.Require(t, "bash")
	out, err := exec.Command(bash, "-n", "prometheus/start.sh").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestScriptRefusesWhatItCannotDo(t *testing.T) {
	testkit.Require(t, "bash")
	command := exec.Command("bash", "prometheus/start.sh")
	command.Env = append(os.Environ(), "PROMETHEUS=no-such-program")
	out, err := command.CombinedOutput()
	require.Equal(t, 1, exitCode(err))
	require.Contains(t, string(out), "there is no no-such-program")

	// If the script does not stop, it starts a program that does nothing instead of Prometheus.
	command = exec.Command("bash", "prometheus/start.sh", "127.0.0.1:8000", "a'b:80")
	command.Env = append(os.Environ(), "PROMETHEUS=true")
	out, err = command.CombinedOutput()
	require.Equal(t, 2, exitCode(err), "%s", out)
	require.Contains(t, string(out), "a'b:80 is not HOST:PORT")
}

func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// TestPrometheusScrapesTheExamples starts Prometheus on three examples, the way that a user does.
// There is one example for each promise of start.sh: scrapes, exemplars and native histograms.
func TestPrometheusScrapesTheExamples(t *testing.T) {
	testkit.Require(t, "prometheus")
	testkit.Require(t, "bash")
	var targets []string
	for _, name := range []string{"simpleservice", "exemplars", "native"} {
		_, metrics := start(t, name)
		target, err := url.Parse(metrics)
		require.NoError(t, err)
		targets = append(targets, target.Host)
	}
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Setenv("LISTEN", testkit.FreeAddr(t))
	script := testkit.Start(t, "prometheus/start.sh", targets...)
	server := script.Find(`Prometheus: (http://\S+)/\n`, patience)[1]

	for _, target := range targets {
		up := fmt.Sprintf(`up{job="test-app",group="dev",instance=%q}`, target)
		testkit.Poll(t, patience, func() error { return isOne(server, up) })
	}
	for _, query := range []string{
		`min(events_total{kind="timer_expiry"} >= bool 1)`,
		`min(histogram_count(request_duration_seconds) >= bool 1)`,
	} {
		testkit.Poll(t, patience, func() error { return isOne(server, query) })
	}
	testkit.Poll(t, patience, func() error {
		var series []struct {
			Exemplars []struct{ Labels map[string]string }
		}
		now := time.Now()
		if err := ask(server, "query_exemplars", url.Values{
			"query": {"request_duration_seconds_bucket"},
			"start": {fmt.Sprint(now.Add(-time.Hour).Unix())},
			"end":   {fmt.Sprint(now.Add(time.Hour).Unix())},
		}, &series); err != nil {
			return err
		}
		if len(series) == 0 || len(series[0].Exemplars) == 0 || series[0].Exemplars[0].Labels["trace_id"] == "" {
			return fmt.Errorf("no exemplars: %v", series)
		}
		return nil
	})

	script.Signal(os.Interrupt)
	require.Zero(t, script.Wait(patience), script.Output())
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	require.Empty(t, left, "the script cleans up")
}

// isOne returns nil if the query has one result and its value is 1.
func isOne(server, query string) error {
	var answer struct {
		Result []struct{ Value [2]any }
	}
	if err := ask(server, "query", url.Values{"query": {query}}, &answer); err != nil {
		return err
	}
	if len(answer.Result) != 1 || answer.Result[0].Value[1] != "1" {
		return fmt.Errorf("%s is %v", query, answer.Result)
	}
	return nil
}

// ask sends a query to Prometheus, which may not be ready yet.
func ask(server, path string, values url.Values, data any) error {
	response, err := http.Get(server + "/api/v1/" + path + "?" + values.Encode())
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s: %w", response.Status, err)
	}
	if answer.Status != "success" {
		return errors.New(strings.TrimSpace(response.Status + " " + answer.Error))
	}
	return nil
}
