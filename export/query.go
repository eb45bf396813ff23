// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/url"
	"strings"
)

// maxNames bounds the number of name[] values in a filter. A request with more of them gets the
// whole page, which costs no more than any other scrape. A list that is cut would lose families
// silently.
const maxNames = 1000

const nameParam = "name[]"

// familyNames returns the values of name[] in a query. They need no validation, because they are
// only compared with names and never kept: a value that is not the name of a family selects
// nothing.
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
		// A broken escape cannot be part of a name. Kept as it is, it selects nothing, and the
		// request remains a filtered one.
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
