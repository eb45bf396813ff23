// SPDX-License-Identifier: Apache-2.0

package collect

import "github.com/quipu-metrics/quipu/engine"

// Process registers metrics of this process that the operating system keeps (process_*): CPU time,
// memory, descriptors, start time and network traffic. They come from /proc and from system calls
// of Linux. On other systems Process registers nothing and returns nil. A value that cannot be read
// is left out of the page.
//
// A scrape opens two small files in /proc; on kernels older than 6.2 it also lists a directory. The
// only memory it allocates is for the file names that it passes to the kernel.
// BenchmarkScrape/process measures it.
//
// The network counters belong to the network namespace of the process: in a container that is the
// container, otherwise the whole machine.
func Process(reg *engine.Registry) error { return process(reg) }
