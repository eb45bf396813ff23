// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"os"

	"github.com/quipu-metrics/quipu/engine"
)

// A library keeps a registry of its own. A program that uses it twice mounts both registries.
func ExampleRegistry_Mount() {
	newPool := func(conns float64) *engine.Registry { // in the library
		metrics := engine.NewRegistry()
		must(metrics.NewGauge("conns", "Connections.")).Set(conns)
		return metrics
	}
	reg := engine.NewRegistry()
	users, orders := newPool(3), newPool(5)
	for name, pool := range map[string]*engine.Registry{"users": users, "orders": orders} {
		options := []engine.MountOption{
			engine.WithPrefix("pool_"), engine.WithConstLabels(engine.Labels{"pool": name}),
		}
		if err := reg.Mount(pool, options...); err != nil {
			fmt.Println(err)
		}
	}
	_, _ = reg.Expose(os.Stdout, engine.Exposition{NoSelf: true})

	fmt.Println("without the orders:", reg.Unmount(orders))
	_, _ = reg.Expose(os.Stdout, engine.Exposition{NoSelf: true})
	// Output:
	// # HELP pool_conns Connections.
	// # TYPE pool_conns gauge
	// pool_conns{pool="orders"} 5
	// pool_conns{pool="users"} 3
	// without the orders: true
	// # HELP pool_conns Connections.
	// # TYPE pool_conns gauge
	// pool_conns{pool="users"} 3
}
