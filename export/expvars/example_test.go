// SPDX-License-Identifier: Apache-2.0

package expvars_test

import (
	"expvar"
	"fmt"
	"os"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/expvars"
)

// The variables of a program.
var (
	carts   = expvar.NewInt("shop.carts")
	orders  = expvar.NewMap("shop.orders")
	version = expvar.NewString("shop.version")
	load    = expvar.NewFloat("shop.load")
)

// show prints the page without the registry's own metrics.
func show(reg *engine.Registry) {
	if _, err := reg.Expose(os.Stdout, engine.Exposition{NoSelf: true}); err != nil {
		fmt.Println(err)
	}
}

// A program that has used package expvar so far gets metrics with one call.
func ExampleAttach() {
	carts.Set(3)  // carts is expvar.NewInt("shop.carts")
	orders.Init() // orders is expvar.NewMap("shop.orders")
	orders.Add("tea", 2)
	orders.Add("milk", 1)

	reg := engine.NewRegistry()
	err := expvars.Attach(reg,
		expvars.WithVariables("shop.carts"), // without this, all variables are shown
		expvars.WithCounter("shop.orders", "shop_orders_total", "Orders taken.", "product"))
	if err != nil {
		fmt.Println(err)
	}
	show(reg)
	// Output:
	// # HELP expvar_shop_carts The variable shop.carts of package expvar.
	// # TYPE expvar_shop_carts untyped
	// expvar_shop_carts 3
	// # HELP shop_orders_total Orders taken.
	// # TYPE shop_orders_total counter
	// shop_orders_total{product="milk"} 1
	// shop_orders_total{product="tea"} 2
}

// A source can be detached again. This one shows what client_golang's collector shows for the same
// names: some variables under names of their own, and nothing else.
func ExampleNewSource() {
	carts.Set(3)
	load.Set(0.5)
	version.Set("1.2")

	source, err := expvars.NewSource(expvars.WithVariables(),
		expvars.WithMaxSeries(100), expvars.WithTimeout(time.Second),
		expvars.WithUntyped("shop.carts", "carts", "Carts in use."),
		expvars.WithGauge("shop.load", "load", "Share of the workers that are busy."),
		expvars.WithInfo("shop.version", "shop_info", "The version of the program.", "version"))
	if err != nil {
		fmt.Println(err)
		return
	}
	reg := engine.NewRegistry()
	if err := reg.Attach(source); err != nil {
		fmt.Println(err)
	}
	show(reg)
	fmt.Println(reg.Detach(source))
	// Output:
	// # HELP carts Carts in use.
	// # TYPE carts untyped
	// carts 3
	// # HELP load Share of the workers that are busy.
	// # TYPE load gauge
	// load 0.5
	// # HELP shop_info The version of the program.
	// # TYPE shop_info gauge
	// shop_info{version="1.2"} 1
	// true
}

func ExampleWithPrefix() {
	load.Set(0.5)
	reg := engine.NewRegistry()
	if err := expvars.Attach(reg, expvars.WithPrefix(""), expvars.WithVariables("shop.load")); err != nil {
		fmt.Println(err)
	}
	show(reg)
	// Output:
	// # HELP shop_load The variable shop.load of package expvar.
	// # TYPE shop_load untyped
	// shop_load 0.5
}
