// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"encoding/binary"
	"strings"

	"github.com/quipu-metrics/quipu/internal/gone"
	"github.com/quipu-metrics/quipu/internal/wire"
)

// symbols is the table of the strings of a request of remote write 2.0. Its memory is used again.
type symbols struct {
	index map[string]uint32
	list  []string
	text  strings.Builder // the texts that the table keeps itself
}

// reset empties the table, which then has room for so many bytes of text.
func (s *symbols) reset(room int) {
	if s.index == nil {
		s.index = make(map[string]uint32)
	}
	clear(s.index)
	s.list = append(s.list[:0], "") // the first one is empty by the protocol
	s.index[""] = 0
	s.text.Reset()
	s.text.Grow(room)
}

// of returns the number of a text, and adds it if it is new. The table keeps a copy.
func (s *symbols) of(text []byte) uint32 {
	if n, ok := s.index[string(text)]; ok {
		return n
	}
	from := s.text.Len()
	s.text.Write(text)
	return s.add(s.text.String()[from:])
}

func (s *symbols) add(text string) uint32 {
	if n, ok := s.index[text]; ok {
		return n
	}
	n := uint32(len(s.list))
	s.list = append(s.list, text)
	s.index[text] = n
	return n
}

// appendV2 appends an io.prometheus.write.v2.Request, the message of remote write 2.0.
func (b *batch) appendV2(dst []byte, table *symbols, millis int64) []byte {
	table.reset(len(b.text))
	for i := range b.series {
		s := &b.series[i]
		var begin int
		dst, begin = wire.Open(dst, 5)
		dst = appendRefs(dst, table, b.text[s.labels.from:s.labels.to])
		if s.native < 0 {
			dst = appendSample(dst, s.bits, millis, s.created)
		} else {
			dst = b.natives[s.native].appendTo(dst, 3, millis, s.created)
		}
		for _, e := range b.exemplars[s.exemplars.from:s.exemplars.to] {
			var at int
			dst, at = wire.Open(dst, 4)
			dst = appendRefs(dst, table, b.text[e.labels.from:e.labels.to])
			dst = wire.AppendDouble(dst, 2, e.value)
			dst = wire.AppendInt(dst, 3, e.millis)
			dst = wire.Close(dst, at)
		}
		if s.family >= 0 {
			m := &b.families[s.family]
			var at int
			dst, at = wire.Open(dst, 5)
			dst = wire.AppendUint(dst, 1, m.typ)
			dst = wire.AppendUint(dst, 3, uint64(table.add(m.help)))
			dst = wire.AppendUint(dst, 4, uint64(table.add(m.unit)))
			dst = wire.Close(dst, at)
		}
		dst = wire.Close(dst, begin)
	}
	for _, text := range table.list {
		dst = wire.AppendPresentString(dst, 4, text)
	}
	return dst
}

// appendRefs appends labels as field 1: the numbers of their names and values.
func appendRefs(dst []byte, table *symbols, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	dst, begin := wire.Open(dst, 1)
	for len(text) > 0 {
		var name, value []byte
		name, value, text = gone.NextLabel(text)
		dst = binary.AppendUvarint(dst, uint64(table.of(name)))
		dst = binary.AppendUvarint(dst, uint64(table.of(value)))
	}
	return wire.Close(dst, begin)
}
