// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/engine"
)

// codeLabel represents a value of the label code: a status code from 100 to 599, a class of codes
// (the negative of the first digit), or one of the constants below.
type codeLabel int

const (
	otherCode  codeLabel = 0    // no status code
	noResponse codeLabel = 1000 // of a client's request that got no response
)

func labelOfCode(code int, grouped bool) codeLabel {
	switch {
	case code < 100 || code > 599:
		return otherCode
	case grouped:
		return codeLabel(code).class()
	}
	return codeLabel(code)
}

// class returns the class of a status code.
func (l codeLabel) class() codeLabel { return -l / 100 }

func (l codeLabel) String() string {
	switch {
	case l == otherCode:
		return otherValue
	case l == noResponse:
		return "error"
	case l < 0:
		return strconv.Itoa(int(-l)) + "xx"
	}
	return strconv.Itoa(int(l))
}

// maxCodes bounds the number of status codes in one label set, besides the server errors. Most
// handlers use a few codes, but a proxy to servers that the client chooses could use all of them.
// Further codes are counted under their class, whose first digit is that of the code, so that
// code=~"5.." finds both "500" and "5xx".
const maxCodes = 32

// maxCodeLabels bounds the number of values of the label code in one label set: maxCodes codes, the
// server errors, the five classes, "other" and "error".
const maxCodeLabels = maxCodes + int(lastServerError-firstServerError) + 1 + 5 + 2

// The range of the registered server errors. They are never counted under their class, so that a
// client cannot hide them behind codes of its choice.
const (
	firstServerError codeLabel = http.StatusInternalServerError
	lastServerError  codeLabel = http.StatusNetworkAuthenticationRequired
)

// limited reports whether a code counts towards maxCodes.
func (l codeLabel) limited() bool {
	return l > 0 && l < 600 && (l < firstServerError || l > lastServerError)
}

// codeCounters holds the counters of the codes in one label set. There are few of them, and the
// frequent ones come early, so a search through a list is faster than a map.
type codeCounters struct {
	list atomic.Pointer[codeList] // replaced under mu, never changed
	mu   sync.Mutex
}

type codeList []codeCounter

type codeCounter struct {
	code    codeLabel
	counter *engine.Counter
}

// find returns the counter of a code, or nil.
func (list codeList) find(code codeLabel) *engine.Counter {
	for i := range list {
		if list[i].code == code {
			return list[i].counter
		}
	}
	return nil
}

// full reports whether there is no room for another limited code.
func (list codeList) full() bool {
	n := 0
	for i := range list {
		if list[i].code.limited() {
			n++
		}
	}
	return n >= maxCodes
}

func (c *codeCounters) load() codeList {
	if list := c.list.Load(); list != nil {
		return *list
	}
	return nil
}

// counter returns the counter of a code, which is the series of the family with the given labels
// followed by the code. If there is no room for the code, it returns the counter of the code's
// class.
func (c *codeCounters) counter(code codeLabel, family *engine.CounterVec, labels []string) *engine.Counter {
	list := c.load()
	if found := list.find(code); found != nil {
		return found
	}
	if code.limited() && list.full() { // and it stays full
		code = code.class()
		if found := list.find(code); found != nil {
			return found
		}
	}
	return c.add(code, family, labels)
}

func (c *codeCounters) add(code codeLabel, family *engine.CounterVec, labels []string) *engine.Counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.load()
	if code.limited() && list.full() && list.find(code) == nil {
		code = code.class()
	}
	if found := list.find(code); found != nil {
		return found
	}
	added := family.With(append(slices.Clip(labels), code.String())...)
	longer := append(slices.Clip(list), codeCounter{code, added})
	c.list.Store(&longer)
	return added
}
