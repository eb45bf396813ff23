// SPDX-License-Identifier: Apache-2.0

package expvars

import (
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"maps"
	"slices"
)

// mostKeys is how many maps may lie in each other. A map that contains itself ends there.
const mostKeys = 8

// mostJSON is how many bytes of JSON a variable may have. Parsed, they take a multiple of that.
const mostJSON = 16 << 20

var (
	errMany  = errors.New("it has more series than WithMaxSeries allows")
	errDeep  = fmt.Errorf("more than %d maps lie in each other", mostKeys)
	errLarge = fmt.Errorf("its JSON has more than %d bytes", mostJSON)
)

// reading is what a variable consists of at one moment: numbers or, if texts is set, strings.
type reading struct {
	texts     bool
	maxLeaves int

	leaves []leaf
	keys   []string // of all leaves
	path   []string // of the value that is being read
	err    error    // the first thing that is wrong
}

// leaf is a number or a string, and the part of the keys that leads to it.
type leaf struct {
	number     float64
	text       string
	begin, end int
}

// variable reads a variable of package expvar. Its methods are the program's, and may panic.
func (r *reading) variable(v expvar.Var) {
	switch v := v.(type) {
	case nil:
	case *expvar.Int:
		r.number(float64(v.Value()))
	case *expvar.Float:
		r.number(v.Value())
	case *expvar.String:
		r.text(v.Value())
	case *expvar.Map:
		r.variables(v)
	case expvar.Func:
		r.result(v.Value())
	default:
		r.json([]byte(v.String()))
	}
}

// variables reads a map. Do locks the map, so nothing is called that is the program's meanwhile: a
// function that hangs there would hang whoever adds a key.
func (r *reading) variables(m *expvar.Map) {
	var list []expvar.KeyValue
	room, more := r.maxLeaves-len(r.leaves), false
	m.Do(func(kv expvar.KeyValue) {
		if len(list) < room {
			list = append(list, kv)
		} else {
			more = true
		}
	})
	for _, kv := range list {
		if !r.enter(kv.Key) {
			return
		}
		r.variable(kv.Value)
		r.leave()
	}
	if more {
		r.fail(errMany)
	}
}

// result reads what a function returns. JSON has no NaN and no infinity.
func (r *reading) result(value any) {
	if n, ok := value.(float64); ok {
		r.number(n)
		return
	}
	text, err := json.Marshal(value)
	if err != nil {
		r.fail(err)
		return
	}
	r.json(text)
}

// json reads JSON.
func (r *reading) json(text []byte) {
	if len(text) > mostJSON {
		r.fail(errLarge)
		return
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		r.fail(err)
		return
	}
	r.value(value)
}

// value reads a value of JSON.
func (r *reading) value(value any) {
	switch value := value.(type) {
	case float64:
		r.number(value)
	case bool:
		if value {
			r.number(1)
		} else {
			r.number(0)
		}
	case string:
		r.text(value)
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if !r.enter(key) {
				return
			}
			r.value(value[key])
			r.leave()
		}
	}
}

// enter goes on to the value of a key. It returns false if nothing can be added there.
func (r *reading) enter(key string) bool {
	if len(r.path) == mostKeys {
		r.fail(errDeep)
		return false
	}
	if len(r.leaves) == r.maxLeaves {
		r.fail(errMany)
		return false
	}
	r.path = append(r.path, key)
	return true
}

func (r *reading) leave() { r.path = r.path[:len(r.path)-1] }

func (r *reading) number(n float64) {
	if !r.texts {
		r.add(leaf{number: n})
	}
}

func (r *reading) text(s string) {
	if r.texts {
		r.add(leaf{text: s})
	}
}

func (r *reading) add(l leaf) {
	l.begin = len(r.keys)
	r.keys = append(r.keys, r.path...)
	l.end = len(r.keys)
	r.leaves = append(r.leaves, l)
}

func (r *reading) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}
