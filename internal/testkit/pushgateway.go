// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"
)

// Pushgateway is a client of a Pushgateway.
type Pushgateway struct {
	URL string
	t   testing.TB
}

// StartPushgateway starts a real Pushgateway and waits until it listens.
func StartPushgateway(t testing.TB, args ...string) *Pushgateway {
	t.Helper()
	program := Require(t, "prometheus-pushgateway")
	addr := FreeAddr(t)
	process := Start(t, program, append([]string{
		"--web.listen-address=" + addr, "--persistence.file=", "--web.enable-admin-api",
	}, args...)...)
	Poll(t, 30*time.Second, func() error {
		process.alive()
		c, err := net.DialTimeout("tcp", addr, time.Second) // a request might need TLS and a password
		if err == nil {
			err = c.Close()
		}
		return err
	})
	return &Pushgateway{URL: "http://" + addr, t: t}
}

// PushedFamily is a metric family as the API of the Pushgateway returns it.
type PushedFamily struct {
	Type    string // COUNTER, GAUGE, ...
	Metrics []struct {
		Labels map[string]string
		Value  string
	}
}

// PushedGroup is the content of one group.
type PushedGroup struct {
	Labels   map[string]string
	Families map[string]PushedFamily // without the families that the gateway adds
}

// Groups returns all groups.
func (g *Pushgateway) Groups() []PushedGroup {
	g.t.Helper()
	var answer struct {
		Status string
		Data   []map[string]json.RawMessage
	}
	if err := json.Unmarshal(g.Do(http.MethodGet, "/api/v1/metrics", http.StatusOK), &answer); err != nil {
		g.t.Fatal(err)
	}
	groups := make([]PushedGroup, 0, len(answer.Data))
	for _, members := range answer.Data {
		group := PushedGroup{Families: map[string]PushedFamily{}}
		for name, text := range members {
			var err error
			switch name {
			case "labels":
				err = json.Unmarshal(text, &group.Labels)
			case "last_push_successful", "push_time_seconds", "push_failure_time_seconds":
			default:
				var family PushedFamily
				err = json.Unmarshal(text, &family)
				group.Families[name] = family
			}
			if err != nil {
				g.t.Fatalf("%s in %s: %v", name, text, err)
			}
		}
		groups = append(groups, group)
	}
	return groups
}

// Wipe deletes all groups.
func (g *Pushgateway) Wipe() {
	g.t.Helper()
	g.Do(http.MethodPut, "/api/v1/admin/wipe", http.StatusAccepted)
	g.WaitEmpty()
}

// WaitEmpty waits until there are no groups. The gateway answers a deletion before it makes it.
func (g *Pushgateway) WaitEmpty() {
	g.t.Helper()
	Poll(g.t, 10*time.Second, func() error {
		if groups := g.Groups(); len(groups) > 0 {
			return fmt.Errorf("there are groups: %v", groups)
		}
		return nil
	})
}

// Page fetches the page that Prometheus would scrape.
func (g *Pushgateway) Page() *Page {
	g.t.Helper()
	page, err := GetPage(g.URL + "/metrics")
	if err != nil {
		g.t.Fatal(err)
	}
	return page
}

// Do sends a request without a body, requires the status, and returns the answer's body.
func (g *Pushgateway) Do(method, path string, status int) []byte {
	g.t.Helper()
	body, err := do(method, g.URL+path, status)
	if err != nil {
		g.t.Fatal(err)
	}
	return body
}
