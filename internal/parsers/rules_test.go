// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/metricdoc"
)

// sloService is a service whose requests are good or bad.
type sloService struct {
	reg      *engine.Registry
	requests *engine.CounterVec
	latency  []*engine.Histogram
}

func newSLOService() *sloService {
	s := &sloService{reg: engine.NewRegistry()}
	s.requests = engine.Must(s.reg.NewCounterVec("requests_total", "Requests.", []string{"code"}))
	bounds, native := engine.WithBuckets(0.1, 0.3, 1), engine.WithNative(histogram.NativeDefaults())
	s.latency = []*engine.Histogram{
		engine.Must(s.reg.NewHistogram("classic_seconds", "Classic.", bounds)),
		engine.Must(s.reg.NewHistogram("native_seconds", "Native.", native)),
		engine.Must(s.reg.NewHistogram("both_seconds", "Both.", bounds, native)),
		engine.Must(s.reg.NewHistogram("whole_seconds", "Whole bounds.", engine.WithBuckets(1, 2))),
	}
	return s
}

// serve counts so many requests, of which some are bad.
func (s *sloService) serve(all, bad int) {
	for i := range all {
		code, seconds := "200", 0.05
		if i < bad {
			code, seconds = "500", 8
		}
		s.requests.With(code).Inc()
		for _, h := range s.latency {
			h.Observe(seconds)
		}
	}
}

var sloTexts = []string{
	`requests_total{code=~"5.."}/requests_total:99`, "classic_seconds<0.3:99", "native_seconds<0.25:99",
	"both_seconds<0.3:99", "whole_seconds<1:99",
}

// ruleSet has the rules of the service, as Prometheus reads them.
func ruleSet(t *testing.T, m *metricdoc.Metrics) *rulefmt.RuleGroups {
	var list []metricdoc.Objective
	for _, text := range sloTexts {
		o, err := metricdoc.ParseObjective(text)
		require.NoError(t, err)
		list = append(list, o)
	}
	text, warnings, err := m.Rules(list...)
	require.NoError(t, err)
	require.Empty(t, warnings)
	groups, errs := rulefmt.Parse(text, false, model.LegacyValidation, parser.NewParser(parser.Options{}),
		slog.New(slog.DiscardHandler))
	require.Empty(t, errs, "%s", text)
	require.Len(t, groups.Groups, 1+len(sloTexts))
	return groups
}

// record evaluates the recording rules as Prometheus does, and stores what they record.
func (s *scraper) record(t *testing.T, groups *rulefmt.RuleGroups) (recorded int) {
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			if r.Record == "" {
				continue
			}
			app := s.db.AppenderV2(t.Context())
			for _, v := range s.instant(t, r.Expr) {
				b := labels.NewBuilder(v.Metric).Set("__name__", r.Record)
				for name, value := range r.Labels {
					b.Set(name, value)
				}
				_, err := app.Append(0, b.Labels(), 0, s.now.UnixMilli(), v.F, nil, v.H, storage.AOptions{})
				require.NoError(t, err)
				recorded++
			}
			require.NoError(t, app.Commit())
		}
	}
	return recorded
}

// instant returns the answer to a query now.
func (s *scraper) instant(t *testing.T, query string) promql.Vector {
	q, err := s.engine.NewInstantQuery(t.Context(), s.db, nil, query, s.now)
	require.NoError(t, err, query)
	defer q.Close()
	answer := q.Exec(t.Context())
	require.NoError(t, answer.Err, query)
	vector, err := answer.Vector()
	require.NoError(t, err)
	return slices.Clone(vector)
}

// firing returns the objectives whose alerts fire now, by the names of the alerts.
func (s *scraper) firing(t *testing.T, groups *rulefmt.RuleGroups) map[string][]string {
	firing := map[string][]string{}
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			for range s.instant(t, r.Expr) {
				firing[r.Alert] = append(firing[r.Alert], r.Labels["slo"])
			}
		}
	}
	return firing
}

// run lets the service serve for a while, with so many bad ones of 1000 requests each minute.
func (s *scraper) run(t *testing.T, service *sloService, groups *rulefmt.RuleGroups, d time.Duration, bad int) {
	for range int(d / time.Minute) {
		service.serve(1000, bad)
		at := s.now
		s.scrape(t, service.reg, encode.Protobuf)
		s.now = at.Add(time.Minute)
	}
	// Alerts look at the last values only.
	s.now = s.now.Add(-time.Minute)
	require.GreaterOrEqual(t, s.record(t, groups), 7*len(sloTexts))
}

// The budget of the objectives is 1 %. All of them, of each form, fire together or not at all.
func TestAlertsFireWhenABudgetBurnsAndOnlyThen(t *testing.T) {
	for name, test := range map[string]struct {
		before, during int // bad ones of 1000 requests
		lasting        time.Duration
		alerts         []string
	}{
		"none bad":                      {0, 0, time.Hour, nil},
		"half the budget":               {5, 5, 2 * time.Hour, nil},
		"a burst of five minutes":       {0, 200, 5 * time.Minute, nil},
		"a fifth for an hour":           {0, 200, time.Hour, []string{"SLOFastBurn", "SLOSlowBurn"}},
		"eight times the budget":        {80, 80, time.Hour, []string{"SLOFastBurn", "SLOSlowBurn"}},
		"four times the budget":         {40, 40, time.Hour, []string{"SLOSlowBurn"}},
		"twice, which takes three days": {20, 20, time.Hour, []string{"SLOSlowBurn"}},
	} {
		t.Run(name, func(t *testing.T) {
			service := newSLOService()
			service.serve(1000, 0)
			groups := ruleSet(t, metricdoc.FromRegistry(service.reg))
			s := newScraper(t)
			s.now = s.now.Add(-8 * time.Hour)
			s.run(t, service, groups, 3*time.Hour, test.before)
			s.now = s.now.Add(time.Minute)
			s.run(t, service, groups, test.lasting, test.during)
			firing := s.firing(t, groups)
			require.ElementsMatch(t, test.alerts, slices.Collect(maps.Keys(firing)), firing)
			for alert, slos := range firing {
				require.ElementsMatch(t, sloTexts, slos, alert)
			}
		})
	}
}

// After a burst has ended, the short windows end the alert that wakes somebody up.
func TestAnAlertEndsSoonAfterItsCause(t *testing.T) {
	service := newSLOService()
	service.serve(1000, 0)
	groups := ruleSet(t, metricdoc.FromRegistry(service.reg))
	s := newScraper(t)
	s.now = s.now.Add(-8 * time.Hour)
	s.run(t, service, groups, 2*time.Hour, 300)
	require.Contains(t, s.firing(t, groups), "SLOFastBurn")
	s.now = s.now.Add(time.Minute)
	s.run(t, service, groups, 40*time.Minute, 0)
	require.NotContains(t, s.firing(t, groups), "SLOFastBurn")
}
