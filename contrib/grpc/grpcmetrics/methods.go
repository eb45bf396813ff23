// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v3"

	"github.com/quipu-metrics/quipu/engine"
)

// callType is the value of the label grpc_type, as an index.
type callType int

const (
	unary callType = iota
	clientStream
	serverStream
	bidiStream
)

const callTypes = 4

var typeLabels = [callTypes]string{"unary", "client_stream", "server_stream", "bidi_stream"}

// streamType returns the type of a call that is a stream in one direction at least.
func streamType(client, server bool) callType {
	switch {
	case client && !server:
		return clientStream
	case server && !client:
		return serverStream
	}
	return bidiStream
}

// methodType returns the type of a call of a method.
func methodType(client, server bool) callType {
	if !client && !server {
		return unary
	}
	return streamType(client, server)
}

const (
	// maxMethods bounds the number of methods with series of their own. The methods of a server are
	// those that the program registers, but the client of a proxy calls what others ask for.
	maxMethods = 2000

	// unknown is the service and the method of names that are not of the form /service/method, and
	// of methods that a server has not registered.
	unknown = "unknown"
)

// split returns the values of the labels grpc_service and grpc_method for a full method such as
// /package.Service/Method. The method is the rest after the second slash.
func split(full string) (service, method string) {
	service, method, ok := strings.Cut(strings.TrimPrefix(full, "/"), "/")
	if !ok {
		return unknown, unknown
	}
	return service, method
}

// methods finds the handles of a method by one lookup in a lock-free map. Entries are added under
// mu, and never replaced or removed. So a lookup that finds an entry has the only one, and one that
// finds none asks again under mu. The entry of a method that is skipped is nil.
type methods struct {
	families *families
	skip     func(string) bool // nil: none is

	known [callTypes]*xsync.MapOf[string, *method] // by full method
	count atomic.Int64                             // of entries; written under mu
	mu    sync.Mutex

	unregistered [callTypes]*method // methods that a server does not have
	overflow     [callTypes]*method // methods beyond maxMethods
}

func newMethods(f *families, skip func(string) bool) *methods {
	t := &methods{families: f, skip: skip}
	for typ := range callType(callTypes) {
		t.known[typ] = xsync.NewMapOf[string, *method]()
		t.unregistered[typ] = newMethod(f, typ, unknown, unknown)
		t.overflow[typ] = newMethod(f, typ, engine.OverflowValue, engine.OverflowValue)
	}
	return t
}

// find returns the handles of a method, or nil if it is skipped. If the method is not there yet, it
// gets series of its own if it is registered, and else shares those of all such methods.
func (t *methods) find(typ callType, full string, registered bool) *method {
	if len(full) > engine.MaxLabelValue {
		full = full[:engine.MaxLabelValue] // so that the map keeps no longer string
	}
	if m, ok := t.known[typ].Load(full); ok {
		return m
	}
	return t.miss(typ, full, registered)
}

// miss returns the handles of a method that find has not found.
func (t *methods) miss(typ callType, full string, registered bool) *method {
	shared := t.overflow[typ]
	switch {
	case t.skip != nil && t.skip(full):
		shared = nil
	case !registered:
		shared = t.unregistered[typ]
	}
	if !registered {
		return shared
	}
	return t.add(typ, full, shared)
}

// add adds the entry of a method, unless it is there, and returns it. If there is no room, it
// returns the shared one, which is nil if the method is skipped. The number of entries grows after
// each of them is added. So when it has reached the limit, all entries are there that ever will be,
// and no lock is needed.
func (t *methods) add(typ callType, full string, shared *method) *method {
	if t.count.Load() < maxMethods {
		t.mu.Lock()
		defer t.mu.Unlock()
	}
	m, ok := t.known[typ].Load(full)
	switch {
	case ok:
		return m
	case t.count.Load() >= maxMethods:
		return shared
	}
	full = strings.Clone(full) // it may be a part of a larger string
	if shared != nil {
		service, name := split(full)
		m = newMethod(t.families, typ, service, name)
	}
	t.known[typ].Store(full, m)
	t.count.Add(1)
	return m
}
