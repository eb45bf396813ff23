// SPDX-License-Identifier: Apache-2.0

package collect

// runtimeFamily is a family whose value is the sum of some values of runtime/metrics.
type runtimeFamily struct {
	name    string
	counter bool
	help    string
	sources []string
}

// Most of these values of runtime/metrics are used by several families.
const (
	heapObjects  = "/memory/classes/heap/objects:bytes"
	heapUnused   = "/memory/classes/heap/unused:bytes"
	heapFree     = "/memory/classes/heap/free:bytes"
	heapReleased = "/memory/classes/heap/released:bytes"
	heapStacks   = "/memory/classes/heap/stacks:bytes"
	allocated    = "/gc/heap/allocs:bytes"
	tinyAllocs   = "/gc/heap/tiny/allocs:objects" // several of these share one heap object
)

// runtimeFamilies returns the families with their sources in runtime/metrics. Most families are
// named after fields of runtime.MemStats.
func runtimeFamilies() []runtimeFamily {
	const (
		gauge   = false
		counter = true
	)
	of := func(sources ...string) []string { return sources }
	return []runtimeFamily{
		{"go_threads", gauge, "Threads of the operating system that the runtime owns.",
			of("/sched/threads/total:threads")},
		{"go_sched_gomaxprocs_threads", gauge, "GOMAXPROCS: how many threads may run Go code at once.",
			of("/sched/gomaxprocs:threads")},
		{"go_gc_gogc_percent", gauge, "GOGC: how much the heap may grow between collections; 2^64-1 when it is off.",
			of("/gc/gogc:percent")},
		{"go_gc_gomemlimit_bytes", gauge, "GOMEMLIMIT; 2^63-1 when there is none.", of("/gc/gomemlimit:bytes")},

		{"go_memstats_alloc_bytes", gauge, "Bytes in heap objects that are in use or not yet swept.", of(heapObjects)},
		{"go_memstats_alloc_bytes_total", counter,
			"Bytes allocated for heap objects since the start, freed ones included.",
			of(allocated)},
		{"go_memstats_mallocs_total", counter, "Heap objects allocated since the start.",
			of("/gc/heap/allocs:objects", tinyAllocs)},
		{"go_memstats_frees_total", counter, "Heap objects freed since the start.",
			of("/gc/heap/frees:objects", tinyAllocs)},
		{"go_memstats_sys_bytes", gauge, "Bytes of memory obtained from the operating system.",
			of("/memory/classes/total:bytes")},
		{"go_memstats_heap_alloc_bytes", gauge, "The same as go_memstats_alloc_bytes.", of(heapObjects)},
		{"go_memstats_heap_sys_bytes", gauge, "Bytes of address space for the heap.",
			of(heapObjects, heapUnused, heapFree, heapReleased)},
		{"go_memstats_heap_idle_bytes", gauge, "Bytes of the heap in unused spans, returned ones included.",
			of(heapFree, heapReleased)},
		{"go_memstats_heap_inuse_bytes", gauge, "Bytes of the heap in spans that are in use.",
			of(heapObjects, heapUnused)},
		{"go_memstats_heap_released_bytes", gauge, "Bytes of the heap returned to the operating system.",
			of(heapReleased)},
		{"go_memstats_heap_objects", gauge, "Heap objects that are in use or not yet swept.",
			of("/gc/heap/objects:objects")},
		{"go_memstats_stack_inuse_bytes", gauge, "Bytes in stacks of goroutines.", of(heapStacks)},
		{"go_memstats_stack_sys_bytes", gauge, "Bytes obtained for stacks, those of threads included.",
			of(heapStacks, "/memory/classes/os-stacks:bytes")},
		{"go_memstats_mspan_inuse_bytes", gauge, "Bytes in the descriptions of spans.",
			of("/memory/classes/metadata/mspan/inuse:bytes")},
		{"go_memstats_mspan_sys_bytes", gauge, "Bytes obtained for the descriptions of spans.",
			of("/memory/classes/metadata/mspan/inuse:bytes", "/memory/classes/metadata/mspan/free:bytes")},
		{"go_memstats_mcache_inuse_bytes", gauge, "Bytes in the allocator's caches for each P.",
			of("/memory/classes/metadata/mcache/inuse:bytes")},
		{"go_memstats_mcache_sys_bytes", gauge, "Bytes obtained for the allocator's caches.",
			of("/memory/classes/metadata/mcache/inuse:bytes", "/memory/classes/metadata/mcache/free:bytes")},
		{"go_memstats_buck_hash_sys_bytes", gauge, "Bytes in the tables of the profiler.",
			of("/memory/classes/profiling/buckets:bytes")},
		{"go_memstats_gc_sys_bytes", gauge, "Bytes in the metadata of garbage collection.",
			of("/memory/classes/metadata/other:bytes")},
		{"go_memstats_other_sys_bytes", gauge, "Bytes obtained for everything else.",
			of("/memory/classes/other:bytes")},
		{"go_memstats_next_gc_bytes", gauge, "Size of the heap at which the next garbage collection is to end.",
			of("/gc/heap/goal:bytes")},
	}
}
