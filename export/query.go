// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/url"
	"strings"
)

// maxNames is how many name[] values a filter may have. With more of them the request is served unfiltered, which is
// what it comes down to and costs no more than any other scrape; cutting the list would lose families silently.
const maxNames = 1000

const nameParam = "name[]"

// familyNames returns the values of name[] in a query. They are compared as they are and never kept, so there is nothing
// to validate: a value that is no family's name selects nothing.
func familyNames(rawQuery string) []string {
	var names []string
	for rawQuery != "" {
		var pair string
		pair, rawQuery, _ = strings.Cut(rawQuery, "&")
		key, value, _ := strings.Cut(pair, "=")
		if !isNameParam(key) {
			continue
		}
		if len(names) == maxNames {
			return nil
		}
		// A broken escape cannot be part of a name; kept as it is, it still makes the request a filtered one.
		if unescaped, err := url.QueryUnescape(value); err == nil {
			value = unescaped
		}
		names = append(names, value)
	}
	return names
}

func isNameParam(key string) bool {
	if key == nameParam {
		return true
	}
	if len(key) > len("%XX")*len(nameParam) || strings.IndexByte(key, '%') < 0 {
		return false
	}
	unescaped, err := url.QueryUnescape(key)
	return err == nil && unescaped == nameParam
}
