// SPDX-License-Identifier: Apache-2.0

package export

import (
	"slices"

	"github.com/quipu-metrics/quipu/internal/instrument"
)

// RoundTripperOption configures a [RoundTripper].
type RoundTripperOption interface{ applyRoundTripper(*instrument.Config) }

type roundTripperOption func(*instrument.Config)

func (o roundTripperOption) applyRoundTripper(c *instrument.Config) { o(c) }

// WithHostLabel adds a label host, whose value is the host of the request's URL, with the port if
// the URL has one. Only the given hosts are distinguished; all others are "other". WithHostLabel
// panics if there is no host.
func WithHostLabel(hosts ...string) RoundTripperOption {
	if len(hosts) == 0 {
		panic("quipu: WithHostLabel() without a host: name those that are to be told apart")
	}
	label := instrument.HostLabel(hosts)
	return roundTripperOption(func(c *instrument.Config) { c.Labels = append(slices.Clip(c.Labels), label) })
}
