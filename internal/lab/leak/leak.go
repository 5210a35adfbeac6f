// Package leak says which goroutines the lab cannot end, so that tests can hold
// everything else to ending.
package leak

import "go.uber.org/goleak"

// Allowed is for packages whose tests start a CA: Pebble hands out validation in
// a goroutine that it has no way to end.
func Allowed() []goleak.Option {
	return []goleak.Option{
		goleak.IgnoreAnyFunction("github.com/letsencrypt/pebble/v2/va.VAImpl.processTasks"),
		goleak.IgnoreAnyFunction("github.com/letsencrypt/pebble/v2/va.(*VAImpl).processTasks"),
	}
}

// Meanwhile is for a look at goroutines while a lab is running: its servers keep
// connections for the next request.
func Meanwhile() []goleak.Option {
	return append(Allowed(), goleak.IgnoreAnyFunction("net/http.(*conn).serve"))
}
