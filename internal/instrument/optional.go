// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"io"
	"net/http"
)

// The bits of a set of optional methods.
const (
	hasFlush = 1 << iota
	hasFlushError
	hasHijack
	hasCloseNotify
	hasReadFrom
	hasWriteString
	hasPush
)

type (
	flushErrorer  interface{ FlushError() error }
	closeNotifier interface{ CloseNotify() <-chan bool } // http.CloseNotifier, which is deprecated and in use
)

// methodsOf returns the set of optional methods that w has.
func methodsOf(w http.ResponseWriter) int {
	found := 0
	if _, ok := w.(http.Flusher); ok {
		found |= hasFlush
		if _, ok := w.(flushErrorer); ok {
			found |= hasFlushError
		}
	}
	if _, ok := w.(http.Hijacker); ok {
		found |= hasHijack
	}
	if _, ok := w.(closeNotifier); ok {
		found |= hasCloseNotify
	}
	if _, ok := w.(io.ReaderFrom); ok {
		found |= hasReadFrom
	}
	if _, ok := w.(io.StringWriter); ok {
		found |= hasWriteString
	}
	if _, ok := w.(http.Pusher); ok {
		found |= hasPush
	}
	return found
}

// withMethods returns the recorder as a ResponseWriter with the given optional methods.
func (rec *recorder) withMethods(methods int) http.ResponseWriter {
	const f, e, h, c, r, s, p = hasFlush, hasFlushError, hasHijack, hasCloseNotify, hasReadFrom, hasWriteString, hasPush
	switch methods {
	case f:
		return wF{rec}
	case f | e:
		return wFE{wF{rec}}
	case h:
		return wH{rec}
	case f | h:
		return wFH{wF{rec}}
	case f | e | h:
		return wFEH{wFE{wF{rec}}}
	case c:
		return wC{rec}
	case f | c:
		return wFC{wF{rec}}
	case f | e | c:
		return wFEC{wFE{wF{rec}}}
	case h | c:
		return wHC{wH{rec}}
	case f | h | c:
		return wFHC{wFH{wF{rec}}}
	case f | e | h | c:
		return wFEHC{wFEH{wFE{wF{rec}}}}
	case r:
		return wR{rec}
	case f | r:
		return wFR{wF{rec}}
	case f | e | r:
		return wFER{wFE{wF{rec}}}
	case h | r:
		return wHR{wH{rec}}
	case f | h | r:
		return wFHR{wFH{wF{rec}}}
	case f | e | h | r:
		return wFEHR{wFEH{wFE{wF{rec}}}}
	case c | r:
		return wCR{wC{rec}}
	case f | c | r:
		return wFCR{wFC{wF{rec}}}
	case f | e | c | r:
		return wFECR{wFEC{wFE{wF{rec}}}}
	case h | c | r:
		return wHCR{wHC{wH{rec}}}
	case f | h | c | r:
		return wFHCR{wFHC{wFH{wF{rec}}}}
	case f | e | h | c | r:
		return wFEHCR{wFEHC{wFEH{wFE{wF{rec}}}}}
	case s:
		return wS{rec}
	case f | s:
		return wFS{wF{rec}}
	case f | e | s:
		return wFES{wFE{wF{rec}}}
	case h | s:
		return wHS{wH{rec}}
	case f | h | s:
		return wFHS{wFH{wF{rec}}}
	case f | e | h | s:
		return wFEHS{wFEH{wFE{wF{rec}}}}
	case c | s:
		return wCS{wC{rec}}
	case f | c | s:
		return wFCS{wFC{wF{rec}}}
	case f | e | c | s:
		return wFECS{wFEC{wFE{wF{rec}}}}
	case h | c | s:
		return wHCS{wHC{wH{rec}}}
	case f | h | c | s:
		return wFHCS{wFHC{wFH{wF{rec}}}}
	case f | e | h | c | s:
		return wFEHCS{wFEHC{wFEH{wFE{wF{rec}}}}}
	case r | s:
		return wRS{wR{rec}}
	case f | r | s:
		return wFRS{wFR{wF{rec}}}
	case f | e | r | s:
		return wFERS{wFER{wFE{wF{rec}}}}
	case h | r | s:
		return wHRS{wHR{wH{rec}}}
	case f | h | r | s:
		return wFHRS{wFHR{wFH{wF{rec}}}}
	case f | e | h | r | s:
		return wFEHRS{wFEHR{wFEH{wFE{wF{rec}}}}}
	case c | r | s:
		return wCRS{wCR{wC{rec}}}
	case f | c | r | s:
		return wFCRS{wFCR{wFC{wF{rec}}}}
	case f | e | c | r | s:
		return wFECRS{wFECR{wFEC{wFE{wF{rec}}}}}
	case h | c | r | s:
		return wHCRS{wHCR{wHC{wH{rec}}}}
	case f | h | c | r | s:
		return wFHCRS{wFHCR{wFHC{wFH{wF{rec}}}}}
	case f | e | h | c | r | s:
		return wFEHCRS{wFEHCR{wFEHC{wFEH{wFE{wF{rec}}}}}}
	case p:
		return wP{rec}
	case f | p:
		return wFP{wF{rec}}
	case f | e | p:
		return wFEP{wFE{wF{rec}}}
	case h | p:
		return wHP{wH{rec}}
	case f | h | p:
		return wFHP{wFH{wF{rec}}}
	case f | e | h | p:
		return wFEHP{wFEH{wFE{wF{rec}}}}
	case c | p:
		return wCP{wC{rec}}
	case f | c | p:
		return wFCP{wFC{wF{rec}}}
	case f | e | c | p:
		return wFECP{wFEC{wFE{wF{rec}}}}
	case h | c | p:
		return wHCP{wHC{wH{rec}}}
	case f | h | c | p:
		return wFHCP{wFHC{wFH{wF{rec}}}}
	case f | e | h | c | p:
		return wFEHCP{wFEHC{wFEH{wFE{wF{rec}}}}}
	case r | p:
		return wRP{wR{rec}}
	case f | r | p:
		return wFRP{wFR{wF{rec}}}
	case f | e | r | p:
		return wFERP{wFER{wFE{wF{rec}}}}
	case h | r | p:
		return wHRP{wHR{wH{rec}}}
	case f | h | r | p:
		return wFHRP{wFHR{wFH{wF{rec}}}}
	case f | e | h | r | p:
		return wFEHRP{wFEHR{wFEH{wFE{wF{rec}}}}}
	case c | r | p:
		return wCRP{wCR{wC{rec}}}
	case f | c | r | p:
		return wFCRP{wFCR{wFC{wF{rec}}}}
	case f | e | c | r | p:
		return wFECRP{wFECR{wFEC{wFE{wF{rec}}}}}
	case h | c | r | p:
		return wHCRP{wHCR{wHC{wH{rec}}}}
	case f | h | c | r | p:
		return wFHCRP{wFHCR{wFHC{wFH{wF{rec}}}}}
	case f | e | h | c | r | p:
		return wFEHCRP{wFEHCR{wFEHC{wFEH{wFE{wF{rec}}}}}}
	case s | p:
		return wSP{wS{rec}}
	case f | s | p:
		return wFSP{wFS{wF{rec}}}
	case f | e | s | p:
		return wFESP{wFES{wFE{wF{rec}}}}
	case h | s | p:
		return wHSP{wHS{wH{rec}}}
	case f | h | s | p:
		return wFHSP{wFHS{wFH{wF{rec}}}}
	case f | e | h | s | p:
		return wFEHSP{wFEHS{wFEH{wFE{wF{rec}}}}}
	case c | s | p:
		return wCSP{wCS{wC{rec}}}
	case f | c | s | p:
		return wFCSP{wFCS{wFC{wF{rec}}}}
	case f | e | c | s | p:
		return wFECSP{wFECS{wFEC{wFE{wF{rec}}}}}
	case h | c | s | p:
		return wHCSP{wHCS{wHC{wH{rec}}}}
	case f | h | c | s | p:
		return wFHCSP{wFHCS{wFHC{wFH{wF{rec}}}}}
	case f | e | h | c | s | p:
		return wFEHCSP{wFEHCS{wFEHC{wFEH{wFE{wF{rec}}}}}}
	case r | s | p:
		return wRSP{wRS{wR{rec}}}
	case f | r | s | p:
		return wFRSP{wFRS{wFR{wF{rec}}}}
	case f | e | r | s | p:
		return wFERSP{wFERS{wFER{wFE{wF{rec}}}}}
	case h | r | s | p:
		return wHRSP{wHRS{wHR{wH{rec}}}}
	case f | h | r | s | p:
		return wFHRSP{wFHRS{wFHR{wFH{wF{rec}}}}}
	case f | e | h | r | s | p:
		return wFEHRSP{wFEHRS{wFEHR{wFEH{wFE{wF{rec}}}}}}
	case c | r | s | p:
		return wCRSP{wCRS{wCR{wC{rec}}}}
	case f | c | r | s | p:
		return wFCRSP{wFCRS{wFCR{wFC{wF{rec}}}}}
	case f | e | c | r | s | p:
		return wFECRSP{wFECRS{wFECR{wFEC{wFE{wF{rec}}}}}}
	case h | c | r | s | p:
		return wHCRSP{wHCRS{wHCR{wHC{wH{rec}}}}}
	case f | h | c | r | s | p:
		return wFHCRSP{wFHCRS{wFHCR{wFHC{wFH{wF{rec}}}}}}
	case f | e | h | c | r | s | p:
		return wFEHCRSP{wFEHCRS{wFEHCR{wFEHC{wFEH{wFE{wF{rec}}}}}}}
	}
	return rec
}
