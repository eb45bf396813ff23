// SPDX-License-Identifier: Apache-2.0

package live

import (
	"errors"
	"net/url"
)

// view is the part of the page that a watcher looks at.
type view struct {
	kind   viewKind
	metric string // of viewMetric
	series string // the key of the series chosen from it; empty for all
}

type viewKind uint8

const (
	viewList   viewKind = iota // all metrics
	viewMetric                 // the series of one metric
	viewLimits                 // all metrics with their limits
	viewSelf                   // the metrics of the registry about itself, with their labels
)

// parseView reads the query of a request.
func parseView(q url.Values) (view, error) {
	switch q.Get("view") {
	case "list":
		return view{kind: viewList}, nil
	case "limits":
		return view{kind: viewLimits}, nil
	case "self":
		return view{kind: viewSelf}, nil
	case "metric":
		if q.Get("metric") == "" {
			return view{}, errors.New("the query has no metric")
		}
		return view{kind: viewMetric, metric: q.Get("metric"), series: keyOf(q["label"])}, nil
	}
	return view{}, errors.New("the view is none of list, limits, metric and self")
}

// keyOf returns the key of a series whose label names and values alternate.
func keyOf(labels []string) string {
	key := []byte{}
	for _, text := range labels {
		key = append(append(key, text...), 0xff)
	}
	return string(key)
}

const (
	overflowed = "quipu_overflowed_lookups_total"
	expired    = "quipu_expired_series_total"
)

// selfMetrics are the registry's own metrics that the page explains.
var selfMetrics = []string{
	"quipu_callback_failures_total", "quipu_capped_quantiles_total", "quipu_changed_label_values_total",
	"quipu_dropped_updates_total", "quipu_escaping_drops_total", expired,
	"quipu_inexact_snapshots_total", "quipu_mount_drops_total", overflowed,
	"quipu_scrape_bytes_total", "quipu_scrape_duration_seconds", "quipu_scrapes_total", "quipu_series",
	"quipu_source_drops_total", "quipu_waiting_series",
}

// metrics returns the names of the metrics whose series a view shows.
func (v *view) metrics() []string {
	switch v.kind {
	case viewMetric:
		return []string{v.metric}
	case viewLimits:
		return []string{overflowed, expired}
	case viewSelf:
		return selfMetrics
	}
	return nil
}

// open keeps the details for a view from the next sample on.
func (r *recorder) open(v *view) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range v.metrics() {
		m := r.byName[name]
		if m == nil {
			m = r.newMetric(name)
		}
		if m.watchers++; m.details == nil {
			m.details = newDetails(r.points)
		}
		if v.series != "" {
			m.details.choose(v.series)
		}
	}
}

// has reports whether a sample was taken since a view was opened.
func (r *recorder) has(v *view) bool {
	for _, name := range v.metrics() {
		d := r.byName[name].details
		if c := d.chosen[v.series]; d.sample == 0 || c != nil && c.track.trend.len() == 0 {
			return false
		}
	}
	return r.samples > 0
}

// close undoes open.
func (r *recorder) close(v *view) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range v.metrics() {
		m := r.byName[name]
		if v.series != "" {
			m.details.release(v.series)
		}
		if m.watchers--; m.watchers == 0 {
			m.details = nil
		}
	}
}
