// SPDX-License-Identifier: Apache-2.0

package export

import "strings"

// acceptsGzip reports whether a client asks for gzip, by RFC 9110, section 12.5.3: with a weight above 0, by name
// (x-gzip is its old name) or through "*", and not below an identity that it names itself. Without the header the
// answer is no: the client may understand gzip, but has not asked for it.
func acceptsGzip(lines []string) bool {
	const unstated = -1
	gzip, star, identity := unstated, unstated, unstated
	eachElement(lines, func(e element) {
		switch {
		case strings.EqualFold(e.value, "gzip"), strings.EqualFold(e.value, "x-gzip"):
			gzip = max(gzip, e.weight)
		case e.value == "*":
			star = max(star, e.weight)
		case strings.EqualFold(e.value, "identity"):
			identity = max(identity, e.weight)
		}
	})
	if gzip == unstated {
		gzip = star
	}
	return gzip > 0 && gzip >= identity
}
