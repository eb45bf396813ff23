// SPDX-License-Identifier: Apache-2.0

package results

// Sends holds the measurements of cmd/sends.
type Sends struct {
	Header Header    `json:"header"`
	Rounds int       `json:"rounds"`
	Took   string    `json:"took"`
	Rows   []SendRow `json:"rows"`
}

// SendRow has the figures of one road, by unit. It sends counters and histograms.
type SendRow struct {
	Library     string          `json:"library"`
	Protocol    string          `json:"protocol"`
	Compression string          `json:"compression"`
	Counters    int             `json:"counters"`
	Histograms  int             `json:"histograms"`
	Figures     map[string]Stat `json:"figures"`
}

// Add adds the figures of one measurement to a row, which it makes if there is none.
func (s *Sends) Add(library, protocol, compression string, counters, histograms int, figures map[string]float64) {
	row := s.row(library, protocol, compression, counters, histograms)
	if row == nil {
		s.Rows = append(s.Rows, SendRow{
			Library: library, Protocol: protocol, Compression: compression,
			Counters: counters, Histograms: histograms, Figures: make(map[string]Stat),
		})
		row = &s.Rows[len(s.Rows)-1]
	}
	for unit, v := range figures {
		row.Figures[unit] = Of(append(row.Figures[unit].Samples, v))
	}
}

func (s *Sends) row(library, protocol, compression string, counters, histograms int) *SendRow {
	for i := range s.Rows {
		r := &s.Rows[i]
		if r.Library == library && r.Protocol == protocol && r.Compression == compression &&
			r.Counters == counters && r.Histograms == histograms {
			return r
		}
	}
	return nil
}
