// SPDX-License-Identifier: Apache-2.0

package textpage

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ParseSample reads one line, without its newline.
func ParseSample(line string) (s Sample, err error) {
	end := strings.IndexAny(line, "{ ")
	if end < 0 || !metricName.MatchString(line[:end]) {
		return s, errors.New("a line that does not begin with the name of a metric")
	}
	s.Name = line[:end]
	rest := line[end:]
	if rest[0] == '{' {
		if s.Labels, rest, err = parseLabels(rest); err != nil {
			return s, err
		}
	}
	value, ok := strings.CutPrefix(rest, " ")
	if !ok {
		return s, errors.New("no space before the value")
	}
	if s.Value, err = strconv.ParseFloat(value, 64); err != nil {
		return s, fmt.Errorf("%q is no value", value)
	}
	s.Text = value
	return s, nil
}

// parseLabels reads labels from the opening brace to the closing one.
func parseLabels(text string) (labels map[string]string, rest string, err error) {
	labels = map[string]string{}
	for separator := "{"; ; separator = "," {
		after, ok := strings.CutPrefix(text, separator)
		if !ok {
			break
		}
		name, quoted, ok := strings.Cut(after, `="`)
		if !ok || !labelName.MatchString(name) {
			return nil, "", errors.New(`a label that is not like name="value"`)
		}
		if _, twice := labels[name]; twice {
			return nil, "", fmt.Errorf("label %s is there twice", name)
		}
		end := closingQuote(quoted)
		if end < 0 {
			return nil, "", fmt.Errorf("no quote ends label %s", name)
		}
		if labels[name], err = unescape(quoted[:end], true); err != nil {
			return nil, "", err
		}
		text = quoted[end+1:]
	}
	rest, ok := strings.CutPrefix(text, "}")
	if !ok {
		return nil, "", errors.New("no comma and no brace after a label")
	}
	return labels, rest, nil
}

// closingQuote returns the index of the first quote that no backslash escapes, or -1.
func closingQuote(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// unescape returns the text that a label value or, without quotes, a help text stands for.
func unescape(s string, quotes bool) (string, error) {
	var b strings.Builder
	for {
		plain, escaped, found := strings.Cut(s, `\`)
		b.WriteString(plain)
		switch {
		case !found:
			return b.String(), nil
		case strings.HasPrefix(escaped, "n"):
			b.WriteByte('\n')
		case strings.HasPrefix(escaped, `\`), quotes && strings.HasPrefix(escaped, `"`):
			b.WriteByte(escaped[0])
		default:
			return "", errors.New("a backslash before something that is not escaped")
		}
		s = escaped[1:]
	}
}
