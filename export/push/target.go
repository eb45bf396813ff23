// SPDX-License-Identifier: Apache-2.0

package push

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// label is the job or a grouping label.
type label struct{ name, value string }

func (l label) check() error {
	switch {
	case !encode.ValidLabelName(l.name):
		return fmt.Errorf("WithGrouping(%q): not a label name: use letters, digits and underscores, no digit first%s",
			l.name, l.hint())
	case strings.HasPrefix(l.name, "__"):
		return fmt.Errorf("WithGrouping(%q): names with two leading underscores are reserved", l.name)
	case l.name == "job":
		return errors.New(`WithGrouping("job"): the job is an argument of New`)
	case l.name == "le" || l.name == "quantile":
		return fmt.Errorf("WithGrouping(%q): histograms and summaries have this label", l.name)
	}
	return checkValue(fmt.Sprintf("WithGrouping(%q)", l.name), l.value)
}

// hint says how the URL of a group has a name that is no identifier.
func (l label) hint() string {
	if !encode.ValidUTF8Name(l.name) {
		return ""
	}
	return fmt.Sprintf("; a Pushgateway with --push.enable-utf8-names takes %s for it",
		encode.ValuesEscaping.LabelName(l.name))
}

func checkValue(what, value string) error {
	if !utf8.ValidString(value) {
		return fmt.Errorf("%s: the value %q is not valid UTF-8", what, value)
	}
	if len(value) > engine.MaxLabelValue {
		return fmt.Errorf("%s: the value has %d bytes, the most are %d", what, len(value), engine.MaxLabelValue)
	}
	return nil
}

// appendTo appends the label to a path. It writes two kinds of values in base64: those with a
// slash, which the gateway unescapes before it splits the path, and "", "." and "..", which the
// router of the gateway, like every proxy, removes from the path by a redirect to the URL of
// another group.
func (l label) appendTo(path []byte) []byte {
	path = append(path, '/')
	path = append(path, l.name...)
	switch {
	case l.value == "":
		return append(path, "@base64/="...) // the base64 must not be empty either
	case l.value == "." || l.value == ".." || strings.Contains(l.value, "/"):
		path = append(path, "@base64/"...)
		return base64.RawURLEncoding.AppendEncode(path, []byte(l.value))
	}
	path = append(path, '/')
	return append(path, url.PathEscape(l.value)...)
}

// groupPath returns the path of a group at a Pushgateway. The first label is the job.
func groupPath(labels []label) string {
	path := []byte("/metrics")
	for _, l := range labels {
		path = l.appendTo(path)
	}
	return string(path)
}

// sorted returns the job followed by the grouping labels in alphabetical order.
func sorted(job string, grouping []label) []label {
	grouping = slices.SortedFunc(slices.Values(grouping), func(a, b label) int { return cmp.Compare(a.name, b.name) })
	return slices.Insert(grouping, 0, label{"job", job})
}

// target returns the URL of the requests. It appends to the server's URL, whose other parts are
// kept, either the path of the group, or the path of WithPath with the labels in the query.
func target(server *url.URL, c *config, labels []label) (*url.URL, error) {
	u := *server
	path := strings.TrimRight(u.EscapedPath(), "/")
	if c.path == "" {
		path += groupPath(labels)
	} else {
		path += c.path
		u.RawQuery = joinQuery(u.RawQuery, c.query)
		for _, l := range labels {
			u.RawQuery = joinQuery(u.RawQuery, "extra_label="+url.QueryEscape(l.name+"="+l.value))
		}
	}
	unescaped, err := url.PathUnescape(path)
	if err != nil {
		return nil, fmt.Errorf("WithPath: %w", err)
	}
	u.Path, u.RawPath = unescaped, path
	return &u, nil
}

func joinQuery(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "&" + b
}
