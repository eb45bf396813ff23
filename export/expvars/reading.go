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

// mostKeys is how many maps may lie in each other.
const mostKeys = 8

// mostJSON is how many bytes of JSON a variable may have. Parsed, they take a multiple of that.
const mostJSON = 4 << 20

var (
	errMany  = errors.New("it has more series than WithMaxSeries allows")
	errDeep  = fmt.Errorf("more than %d maps lie in each other", mostKeys)
	errCycle = errors.New("a map contains itself")
	errLarge = fmt.Errorf("its JSON has more than %d bytes", mostJSON)
)

// reading is what a variable consists of at one moment: numbers or, if texts is set, strings.
type reading struct {
	texts     bool
	maxLeaves int

	leaves []leaf
	keys   []string      // of all leaves
	path   []string      // of the value that is being read
	maps   []*expvar.Map // in which that value lies
	full   bool          // there are more leaves than maxLeaves
	err    error         // the first thing that is wrong
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
	if slices.Contains(r.maps, m) {
		r.fail(errCycle)
		return
	}
	var list []expvar.KeyValue
	room, more := r.maxLeaves-len(r.leaves), false
	m.Do(func(kv expvar.KeyValue) {
		switch {
		case !r.mayHaveLeaves(kv.Value):
		case len(list) < room:
			list = append(list, kv)
		default:
			more = true
		}
	})
	r.maps = append(r.maps, m)
	for _, kv := range list {
		if !r.enter(kv.Key) {
			break
		}
		r.variable(kv.Value)
		r.leave()
	}
	r.maps = r.maps[:len(r.maps)-1]
	if more {
		r.fail(errMany)
	}
}

// mayHaveLeaves returns false for a value that is not shown.
func (r *reading) mayHaveLeaves(v expvar.Var) bool {
	switch v.(type) {
	case nil:
		return false
	case *expvar.Int, *expvar.Float:
		return !r.texts
	case *expvar.String:
		return r.texts
	}
	return true
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
	if r.full {
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
	if len(r.leaves) == r.maxLeaves {
		r.full = true
		r.fail(errMany)
		return
	}
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
