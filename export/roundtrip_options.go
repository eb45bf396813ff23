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

// WithHostLabel adds a label host, the host that a request goes to, as it is in the URL: with the port
// if that has one. Only the given hosts are told apart; all others are "other". It panics without
// hosts.
func WithHostLabel(hosts ...string) RoundTripperOption {
	if len(hosts) == 0 {
		panic("quipu: WithHostLabel() without a host: name those that are to be told apart")
	}
	label := instrument.HostLabel(hosts)
	return roundTripperOption(func(c *instrument.Config) { c.Labels = append(slices.Clip(c.Labels), label) })
}
