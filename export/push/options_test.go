// SPDX-License-Identifier: Apache-2.0

package push

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

func TestANilOptionIsNamed(t *testing.T) {
	_, err := New("http://gw", "j", WithTimeout(1), nil)
	require.EqualError(t, err, "quipu: push: option 2 of 2 is nil")
	_, err = New("http://gw", "j", WithRegistry(nil))
	require.EqualError(t, err, "quipu: push: WithRegistry(nil): a registry is needed")
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	long := strings.Repeat("x", engine.MaxLabelValue+1)
	for name, tc := range map[string]struct {
		url, job string
		opts     []Option
		want     string
	}{
		"no scheme":         {"localhost:9091", "j", nil, "must begin with http"},
		"other scheme":      {"ftp://gw", "j", nil, "must begin with http"},
		"unix socket":       {"unix:///run/gw.sock", "j", nil, "must begin with http"},
		"no host":           {"http://", "j", nil, "no host"},
		"port only":         {"http://:9091", "j", nil, "no host"},
		"fragment":          {"http://gw/#x", "j", nil, "fragment"},
		"bad escape":        {"http://gw/%zz", "j", nil, "cannot be parsed"},
		"empty job":         {"http://gw", "", nil, "job is empty"},
		"job is no UTF-8":   {"http://gw", "\xff", nil, "not valid UTF-8"},
		"long job":          {"http://gw", long, nil, "1025 bytes"},
		"name with a dash":  {"http://gw", "j", []Option{WithGrouping("a-b", "")}, "not a label name"},
		"name with a slash": {"http://gw", "j", []Option{WithGrouping("a/b", "")}, "not a label name"},
		"name with base64":  {"http://gw", "j", []Option{WithGrouping("a@base64", "")}, "not a label name"},
		"name in UTF-8": {"http://gw", "j", []Option{WithGrouping("data.center", "")},
			"a Pushgateway with --push.enable-utf8-names takes U__data_2e_center for it"},
		"empty name":            {"http://gw", "j", []Option{WithGrouping("", "")}, "not a label name"},
		"reserved name":         {"http://gw", "j", []Option{WithGrouping("__a", "")}, "reserved"},
		"job twice":             {"http://gw", "j", []Option{WithGrouping("job", "k")}, "argument of New"},
		"name twice":            {"http://gw", "j", []Option{WithGrouping("a", "1"), WithGrouping("a", "1")}, "twice"},
		"le":                    {"http://gw", "j", []Option{WithGrouping("le", "1")}, "histograms"},
		"quantile":              {"http://gw", "j", []Option{WithGrouping("quantile", "1")}, "histograms"},
		"value is no UTF-8":     {"http://gw", "j", []Option{WithGrouping("a", "\xff")}, "not valid UTF-8"},
		"long value":            {"http://gw", "j", []Option{WithGrouping("a", long)}, "1025 bytes"},
		"no registry":           {"http://gw", "j", []Option{WithRegistry(nil)}, "WithRegistry(nil)"},
		"no client":             {"http://gw", "j", []Option{WithClient(nil)}, "WithClient(nil)"},
		"no logger":             {"http://gw", "j", []Option{WithLogger(nil)}, "WithLogger(nil)"},
		"no time":               {"http://gw", "j", []Option{WithTimeout(0)}, "must be positive"},
		"OpenMetrics":           {"http://gw", "j", []Option{WithFormat(encode.OpenMetrics)}, "text and protobuf"},
		"relative path":         {"http://gw", "j", []Option{WithPath("import")}, "slash"},
		"path with a fragment":  {"http://gw", "j", []Option{WithPath("/import#x")}, "fragment"},
		"path with bad escapes": {"http://gw", "j", []Option{WithPath("/%zz")}, "invalid URL escape"},
		"path and protobuf": {"http://gw", "j", []Option{WithPath("/import"), WithFormat(encode.Protobuf)},
			"exclude each other"},
		"colon in a user name": {"http://gw", "j", []Option{WithBasicAuth("a:b", "")}, "colon"},
		"bad header name":      {"http://gw", "j", []Option{WithHeader("X Y", "")}, "not a header name"},
		"empty header name":    {"http://gw", "j", []Option{WithHeader("", "")}, "not a header name"},
		"header injection":     {"http://gw", "j", []Option{WithHeader("X", "a\r\nY: b")}, "control characters"},
		"header of the body":   {"http://gw", "j", []Option{WithHeader("content-type", "x")}, "each request sets it"},
		"two authorizations": {"http://gw", "j", []Option{WithBasicAuth("a", "b"), WithHeader("authorization", "c")},
			"exclude"},
		"and one in the URL": {"http://a:b@gw", "j", []Option{WithHeader("authorization", "c")}, "exclude"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New(tc.url, tc.job, tc.opts...)
			require.ErrorContains(t, err, "quipu: push: ")
			require.ErrorContains(t, err, tc.want)
			require.Nil(t, p)
		})
	}
}
