// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
)

// Sample is one sample as Prometheus would ingest it. A histogram yields many samples, and one more
// if it is native.
type Sample struct {
	Name      string            // with its suffix
	Labels    map[string]string // without the name; le and quantile as OpenMetrics spells them
	Value     float64
	Type      string // of the family: counter, gauge, histogram, summary, unknown, info, stateset
	Help      string
	Unit      string
	Created   int64 // unix milliseconds, 0 = unknown; OpenMetrics has _created samples instead
	Time      int64 // of the value, unix milliseconds, 0 = that of the scrape
	Exemplars []Exemplar
	Native    *histogram.Histogram // set for native histograms, whose Value is 0
}

// Exemplar is an exemplar as Prometheus would ingest it.
type Exemplar struct {
	Labels    map[string]string
	Value     float64
	Timestamp int64 // unix milliseconds, 0 = none
}

// Key identifies the series: the name, the sorted labels, and whether the sample is native.
func (s *Sample) Key() string {
	var b strings.Builder
	b.WriteString(s.Name)
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		fmt.Fprintf(&b, ",%s=%s", name, strconv.Quote(s.Labels[name]))
	}
	if s.Native != nil {
		b.WriteString(" native")
	}
	return b.String()
}

// Parse reads a page as Prometheus does after a scrape, then again with a second parser if there is
// one: expfmt for text, the official protobuf library for protobuf. It returns the samples in the
// order of the page. It returns an error for a page that a parser refuses, for a series that occurs
// twice, and for a family that begins twice.
func Parse(page []byte, contentType string) ([]Sample, error) {
	samples, err := parsePrometheus(page, contentType)
	if err != nil {
		return samples, err
	}
	seen := map[string]bool{}
	var errs []error
	for i := range samples {
		key := samples[i].Key()
		if seen[key] {
			errs = append(errs, fmt.Errorf("duplicate series %s", key))
		}
		seen[key] = true
	}
	scheme := model.LegacyValidation
	if strings.Contains(contentType, "escaping=allow-utf-8") {
		scheme = model.UTF8Validation
	}
	for i := range samples {
		errs = append(errs, samples[i].checkNames(scheme))
	}
	switch {
	case strings.HasPrefix(contentType, "text/plain"):
		parser := expfmt.NewTextParser(scheme)
		if _, err := parser.TextToMetricFamilies(bytes.NewReader(page)); err != nil {
			errs = append(errs, fmt.Errorf("expfmt: %w", err))
		}
	case strings.HasPrefix(contentType, "application/vnd.google.protobuf"):
		if _, err := Messages(page); err != nil {
			errs = append(errs, fmt.Errorf("protobuf: %w", err))
		}
	}
	return samples, errors.Join(errs...)
}

// checkNames checks the names of metrics and labels.
func (s *Sample) checkNames(scheme model.ValidationScheme) error {
	if !scheme.IsValidMetricName(s.Name) {
		return fmt.Errorf("metric name %q", s.Name)
	}
	for name := range s.Labels {
		if !scheme.IsValidLabelName(name) {
			return fmt.Errorf("label name %q of %s", name, s.Name)
		}
	}
	for _, e := range s.Exemplars {
		for name := range e.Labels {
			if !scheme.IsValidLabelName(name) {
				return fmt.Errorf("label name %q of an exemplar of %s", name, s.Name)
			}
		}
	}
	return nil
}

func parsePrometheus(page []byte, contentType string) ([]Sample, error) {
	parser, err := textparse.New(page, contentType, labels.NewSymbolTable(), textparse.ParserOptions{
		KeepClassicOnClassicAndNativeHistograms: true,
	})
	if err != nil {
		return nil, err
	}
	protobuf := strings.HasPrefix(contentType, "application/vnd.google.protobuf")
	var (
		samples []Sample
		family  string // to which the metadata belongs
		meta    Sample
		types   = map[string]bool{}
	)
	enter := func(raw []byte) {
		name := string(raw)
		if !protobuf {
			name = unescape.Replace(name)
		}
		if name != family {
			family, meta = name, Sample{}
		}
	}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return samples, nil
		}
		if err != nil {
			return samples, fmt.Errorf("textparse: after %d samples: %w", len(samples), err)
		}
		switch entry {
		case textparse.EntryHelp:
			name, help := parser.Help()
			enter(name)
			meta.Help = string(help)
		case textparse.EntryType:
			name, typ := parser.Type()
			enter(name)
			meta.Type = string(typ)
			// In protobuf a family may come in pieces.
			if types[family] && !protobuf {
				return samples, fmt.Errorf("family %s begins twice", family)
			}
			types[family] = true
		case textparse.EntryUnit:
			name, unit := parser.Unit()
			enter(name)
			meta.Unit = string(unit)
		case textparse.EntryComment:
			return samples, fmt.Errorf("a comment where none was written: %q", parser.Comment())
		case textparse.EntrySeries, textparse.EntryHistogram:
			s := meta
			var at *int64
			if entry == textparse.EntrySeries {
				_, at, s.Value = parser.Series()
			} else {
				var float *histogram.FloatHistogram
				if _, at, s.Native, float = parser.Histogram(); float != nil {
					return samples, errors.New("a float histogram")
				}
				if err := s.Native.Validate(); err != nil {
					return samples, fmt.Errorf("native histogram of %s: %w", family, err)
				}
			}
			if at != nil {
				s.Time = *at
			}
			var set labels.Labels
			parser.Labels(&set)
			s.Name, s.Labels = set.Get(model.MetricNameLabel), set.Map()
			delete(s.Labels, model.MetricNameLabel)
			if len(s.Labels) != set.Len()-1 {
				return samples, fmt.Errorf("a label name twice in %s", set)
			}
			if !strings.HasPrefix(s.Name, family) {
				return samples, fmt.Errorf("sample %s in the family %s", s.Name, family)
			}
			if protobuf {
				s.Created = parser.StartTimestamp()
			}
			var e exemplar.Exemplar
			for parser.Exemplar(&e) {
				s.Exemplars = append(s.Exemplars, convert(e, protobuf))
				e = exemplar.Exemplar{}
			}
			samples = append(samples, s)
		default:
			return samples, fmt.Errorf("unexpected entry %v", entry)
		}
	}
}

// unescape replaces the escape sequences that Prometheus' text parsers leave in the names of
// families, and its OpenMetrics parser in the names and values of the labels of exemplars.
var unescape = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n")

func convert(e exemplar.Exemplar, protobuf bool) Exemplar {
	out := Exemplar{Labels: map[string]string{}, Value: e.Value, Timestamp: e.Ts}
	e.Labels.Range(func(l labels.Label) {
		if !protobuf {
			l.Name, l.Value = unescape.Replace(l.Name), unescape.Replace(l.Value)
		}
		out.Labels[l.Name] = l.Value
	})
	return out
}

// Messages decodes a protobuf page with the official library. Each message must also be the bytes
// that the library would make of it, apart from the place of the unit.
func Messages(page []byte) ([]*dto.MetricFamily, error) {
	r := bytes.NewReader(page)
	var families []*dto.MetricFamily
	for {
		m := &dto.MetricFamily{}
		from := len(page) - r.Len()
		if err := (protodelim.UnmarshalOptions{MaxSize: -1}).UnmarshalFrom(r, m); errors.Is(err, io.EOF) {
			return families, nil
		} else if err != nil {
			return families, err
		}
		families = append(families, m)
		if m.Unit != nil {
			continue // quipu writes it before the metrics, the library after them
		}
		var canonical bytes.Buffer
		options := protodelim.MarshalOptions{MarshalOptions: proto.MarshalOptions{Deterministic: true}}
		if _, err := options.MarshalTo(&canonical, m); err != nil {
			return families, err
		}
		if !bytes.Equal(canonical.Bytes(), page[from:len(page)-r.Len()]) {
			return families, fmt.Errorf("family %s is not the bytes the library makes", m.GetName())
		}
	}
}
