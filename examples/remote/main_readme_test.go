// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// command returns the arguments of the README's command for a receiver, and the password that is
// set for it. The command may have several lines.
func command(t *testing.T, receiver string) (args []string, password string) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(readme), "\n## To "+receiver+"\n")
	require.True(t, found, "the README has no section about %s", receiver)
	section, _, _ = strings.Cut(section, "\n## ")
	text := strings.ReplaceAll(section, "\\\n", " ")
	run := regexp.MustCompile(`\n\$ (?:REMOTE_PASSWORD=(\S+) )?go run \./examples/remote(.*)\n`)
	words := run.FindStringSubmatch(text)
	require.NotNil(t, words, "the section about %s has no command", receiver)
	return strings.Fields(words[2]), words[1]
}

// Not every receiver runs here: the commands must at least send what the receivers ask for.
func TestTheCommandsOfTheREADMESendWhatTheReceiversAskFor(t *testing.T) {
	for receiver, want := range map[string]struct{ uri, tenant, user string }{
		"Prometheus":      {uri: "/api/v1/write"},
		"VictoriaMetrics": {uri: "/api/v1/write"},
		"Mimir":           {uri: "/api/v1/push", tenant: "me"},
		"Grafana Cloud":   {uri: "/api/prom/push", user: "123456"},
		"Thanos":          {uri: "/api/v1/receive"},
	} {
		t.Run(receiver, func(t *testing.T) {
			server := testkit.NewRecorder(t, nil)
			args, password := command(t, receiver)
			sent := []string{"-every", "0"}
			for i, arg := range args {
				if i > 0 && args[i-1] == "-url" { // the same path of a receiver that runs here
					u, err := url.Parse(arg)
					require.NoError(t, err)
					arg = server.URL + u.RequestURI()
				}
				sent = append(sent, arg)
			}
			getenv := func(string) string { return password }
			require.NoError(t, run(t.Context(), sent, getenv, io.Discard, io.Discard))
			for _, request := range server.Seen() {
				require.Equal(t, want.uri, request.URI)
				require.Equal(t, want.tenant, request.Header.Get("X-Scope-OrgID"))
				user, secret, _ := (&http.Request{Header: request.Header}).BasicAuth()
				require.Equal(t, want.user, user)
				require.Equal(t, password, secret)
			}
			require.NotEmpty(t, server.Seen())
		})
	}
}
