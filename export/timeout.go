// SPDX-License-Identifier: Apache-2.0

package export

import (
	"math"
	"strconv"
	"time"
)

// scrapeTimeoutHeader is the header in which Prometheus and vmagent state how long they wait.
const scrapeTimeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds"

// maxTimeoutDigits bounds the length of the value that is parsed. Prometheus sends "10" or "0.5".
const maxTimeoutDigits = 32

// timeLimit returns how long a scrape may take, and whether the scraper or an option has chosen
// that.
func (c *handlerConfig) timeLimit(stated []string) (limit time.Duration, chosen bool) {
	longest := maxScrapeTimeout
	if c.scrapeTimeout > 0 {
		longest = c.scrapeTimeout
	}
	if limit, ok := statedTimeout(stated, longest); ok {
		return limit, true
	}
	if c.scrapeTimeout > 0 {
		return c.scrapeTimeout, true
	}
	return defaultScrapeTimeout, false
}

// statedTimeout returns the timeout that a request states, clamped to the range from min(1 s,
// longest) to longest. It reports false if the request states none, or one that is not a number.
func statedTimeout(values []string, longest time.Duration) (time.Duration, bool) {
	if len(values) == 0 || len(values[0]) > maxTimeoutDigits {
		return 0, false
	}
	seconds, err := strconv.ParseFloat(values[0], 64)
	if math.IsNaN(seconds) || err != nil && !math.IsInf(seconds, 0) { // 1e309 is an infinity, with an error
		return 0, false
	}
	shortest := min(minScrapeTimeout, longest)
	switch {
	case seconds <= shortest.Seconds():
		return shortest, true
	case seconds >= longest.Seconds():
		return longest, true
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// callbackBudget returns the part of a scrape's time limit that func metrics and collectors may
// use. The rest remains for encoding and writing, so that a page arrives in time even if callbacks
// hang.
func callbackBudget(limit time.Duration) time.Duration {
	return limit - min(limit/4, 2*time.Second)
}
