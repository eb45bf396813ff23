// SPDX-License-Identifier: Apache-2.0

package collect

import "github.com/quipu-metrics/quipu/engine"

// Process registers the metrics of this process that the operating system keeps: CPU time, memory, descriptors, start
// time, network traffic (process_*). They are read from /proc and from system calls of Linux: elsewhere Process
// registers nothing and returns nil, and what cannot be read is left out of the page.
//
// A scrape opens two small files in /proc (and lists a directory on kernels older than 6.2). That takes about 0.2 ms and
// allocates only the names for the kernel.
//
// The network counters are those of the process' network namespace: of the whole machine, unless it runs in a container.
func Process(reg *engine.Registry) error { return process(reg) }
