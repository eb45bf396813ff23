// SPDX-License-Identifier: Apache-2.0

package live

// compose returns the next message for a watcher: its event and its JSON. The first message of a
// view has the past, and later ones what the latest sample adds to it. There is no message, and
// event is empty, before the first sample.
func (w *watcher) compose(room []byte) (event string, data []byte) {
	r := w.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.has(&w.view) {
		return "", room
	}
	o := newObject(room)
	o.key("time")
	o = appendWhole(o, uint64(*r.times.at(r.times.len() - 1)))
	switch w.view.kind {
	case viewMetric:
		event = w.metric(&o)
	case viewSelf:
		event = "self"
		w.self(&o)
	case viewLimits:
		event = w.list(&o)
		w.limits(&o)
	default:
		event = w.list(&o)
	}
	return event, o.end()
}

// list writes all metrics: what they are if that has changed, and their values otherwise.
func (w *watcher) list(o *object) (event string) {
	r := w.recorder
	event = "values"
	if !w.began || w.changes != r.changes {
		w.began, w.changes, event = true, r.changes, "metrics"
		o.key("metrics")
		*o = append(*o, '[')
		for i, m := range r.metrics {
			if i > 0 {
				*o = append(*o, ',')
			}
			*o = append(*o, m.describe(true)...)
		}
		*o = append(*o, ']')
	}
	n := len(r.metrics)
	o.array("value", n, func(dst []byte, i int) []byte { return appendNumber(dst, r.metrics[i].total.value, 64) })
	o.array("trend", n, func(dst []byte, i int) []byte { return r.metrics[i].track.appendTrend(dst) })
	o.array("series", n, func(dst []byte, i int) []byte { return appendWhole(dst, uint64(r.metrics[i].series)) })
	return event
}

// limits writes the limits of all metrics, and what has happened at them.
func (w *watcher) limits(o *object) {
	r := w.recorder
	n := len(r.metrics)
	o.array("limit", n, func(dst []byte, i int) []byte { return appendWhole(dst, uint64(r.metrics[i].limit)) })
	for field, name := range map[string]string{"overflowed": overflowed, "expired": expired} {
		counts := r.byName[name].details.byMetric()
		o.array(field, n, func(dst []byte, i int) []byte { return appendNumber(dst, counts[r.metrics[i].name], 64) })
	}
	o.array("grown", n, func(dst []byte, i int) []byte {
		m := r.metrics[i]
		return appendNumber(dst, float64(m.series)-float64(*m.seriesTrend.at(0)), 64)
	})
	used, most := r.reg.SeriesBudget()
	o.set("used", used)
	o.set("budget", most)
}

// byMetric adds up the values of the registry's own metrics by their label metric.
func (d *details) byMetric() map[string]float64 {
	counts := map[string]float64{}
	for i := range d.rows {
		for _, l := range d.rows[i].labels {
			if l.Name == "metric" && d.rows[i].sample == d.sample {
				counts[l.Value] += d.rows[i].value
			}
		}
	}
	return counts
}

// describe returns what a metric is, and the past of its trend.
func (m *metric) describe(past bool) []byte {
	o := newObject(nil)
	o.set("name", m.name)
	o.set("type", m.kind())
	o.set("unit", m.unit)
	o.set("help", m.help)
	o.set("labels", m.labels)
	if past && m.track != nil {
		appendPast(&o, "past", &m.track.trend, sparkPoints)
	}
	return o.end()
}

// kind returns the type, or an empty text for a metric that the registry has never shown.
func (m *metric) kind() string {
	if m.sample == 0 {
		return ""
	}
	return m.typ.String()
}

// sparkPoints is how many points the small pictures of the list show.
const sparkPoints = 120

// appendPast writes the latest values of a ring.
func appendPast(o *object, name string, r *ring[float32], most int) {
	n := min(r.len(), most)
	from := r.len() - n
	o.array(name, n, func(dst []byte, i int) []byte { return appendNumber(dst, float64(*r.at(from + i)), 32) })
}

func (t *track) appendTrend(dst []byte) []byte {
	if t == nil || t.trend.len() == 0 {
		return append(dst, "null"...)
	}
	return appendNumber(dst, float64(*t.trend.at(t.trend.len() - 1)), 32)
}

// metric writes one metric with its series.
func (w *watcher) metric(o *object) (event string) {
	m := w.recorder.byName[w.view.metric]
	d := m.details
	event = "series"
	track := m.track
	if c := d.chosen[w.view.series]; c != nil {
		track = c.track
	}
	if !w.began || w.changes != m.changes || w.epoch != d.epoch {
		w.began, w.changes, w.epoch, w.rows, event = true, m.changes, d.epoch, 0, "metric"
		o.key("metric")
		*o = append(*o, m.describe(false)...)
		d.appendQuantiles(o)
		r := &w.recorder.times
		o.array("times", r.len(), func(dst []byte, i int) []byte { return appendWhole(dst, uint64(*r.at(i))) })
		track.appendAll(o)
	} else {
		track.appendLatest(o)
	}
	o.set("present", m.sample == w.recorder.samples)
	o.key("total")
	*o = appendNumber(*o, m.total.value, 64)
	d.appendRows(o, w.rows, m)
	w.rows = len(d.rows)
	return event
}

// appendAll writes the past of a track.
func (t *track) appendAll(o *object) {
	if t == nil {
		return
	}
	appendPast(o, "trend", &t.trend, maxPoints)
	if t.heat.len() == 0 {
		return
	}
	for i, name := range quantileNames {
		appendPast(o, name, &t.quantiles[i], maxPoints)
	}
	o.array("heat", t.heat.len(), func(dst []byte, i int) []byte { return t.heat.at(i).append(dst) })
	t.appendBuckets(o)
}

var quantileNames = [len(shownQuantiles)]string{"p50", "p90", "p99"}

// appendLatest writes the latest point of a track.
func (t *track) appendLatest(o *object) {
	if t == nil {
		return
	}
	o.key("trend")
	*o = t.appendTrend(*o)
	last := t.heat.len() - 1
	if last < 0 {
		return
	}
	for i, name := range quantileNames {
		o.key(name)
		*o = appendNumber(*o, float64(*t.quantiles[i].at(last)), 32)
	}
	o.key("heat")
	*o = t.heat.at(last).append(*o)
	t.appendBuckets(o)
}

// appendBuckets writes which values the buckets hold.
func (t *track) appendBuckets(o *object) {
	if b := t.last.bounds; b != nil {
		o.array("bounds", len(b), func(dst []byte, i int) []byte { return appendNumber(dst, b[i], 64) })
	} else {
		o.set("schema", t.schema)
	}
	o.set("mixed", t.last.mixed)
}

// append appends buckets and counts in turns.
func (c cells) append(dst []byte) []byte {
	dst = append(dst, '[')
	for i, x := range c {
		if i > 0 {
			dst = append(dst, ',')
		}
		if x.bucket == belowZero {
			dst = append(dst, "null"...)
		} else {
			dst = appendNumber(dst, float64(x.bucket), 64)
		}
		dst = appendWhole(append(dst, ','), x.n)
	}
	return append(dst, ']')
}
