// SPDX-License-Identifier: Apache-2.0

package grpcmetrics

import (
	"slices"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The values of the label grpc_code are the 17 codes of gRPC, up to maxOtherCodes numbers that are
// no code of gRPC, and "other". Such a number is a mistake of the program that sends it. Its label
// is Code(17), for example, but a peer that sends all numbers of 32 bits must not make a series of
// each.
const (
	standardCodes = int(codes.Unauthenticated) + 1
	maxOtherCodes = 16
	codeLabels    = standardCodes + maxOtherCodes + 1
	otherCode     = "other"
)

// codeSet numbers the codes that have a label of their own. It is shared by all methods of a server
// or client. The list is replaced under mu by a longer one and never changed, so a number that was
// given stays that of its code.
type codeSet struct {
	others atomic.Pointer[[]codes.Code]
	mu     sync.Mutex
}

// index returns the number of a code's label, less than codeLabels.
func (s *codeSet) index(code codes.Code) int {
	if int64(code) < int64(standardCodes) {
		return int(code)
	}
	others := s.load()
	i := slices.Index(others, code)
	switch {
	case i >= 0:
		return standardCodes + i
	case len(others) == maxOtherCodes:
		return codeLabels - 1
	}
	return s.add(code)
}

func (s *codeSet) add(code codes.Code) int {
	s.mu.Lock()
	others := s.load()
	if !slices.Contains(others, code) && len(others) < maxOtherCodes {
		longer := append(slices.Clip(others), code)
		s.others.Store(&longer)
	}
	s.mu.Unlock()
	return s.index(code)
}

func (s *codeSet) load() []codes.Code {
	if list := s.others.Load(); list != nil {
		return *list
	}
	return nil
}

// label returns the value of the label with a number that index has returned.
func (s *codeSet) label(i int) string {
	switch {
	case i < standardCodes:
		return codes.Code(i).String()
	case i == codeLabels-1:
		return otherCode
	}
	return s.load()[i-standardCodes].String()
}

// codeOf returns the code that gRPC sends for an error of a handler: that of a status, also of one
// that is wrapped, or of a context, or Unknown.
func codeOf(err error) codes.Code {
	if err == nil {
		return codes.OK
	}
	s, ok := status.FromError(err)
	if !ok {
		s = status.FromContextError(err)
	}
	return s.Code()
}
