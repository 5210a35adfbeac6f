package controller_test

import "go.uber.org/goleak"

// ignorePebble: its tasks never end.
func ignorePebble() goleak.Option {
	return goleak.IgnoreAnyFunction("github.com/letsencrypt/pebble/v2/va.(*VAImpl).processTasks")
}

// ignoreServers: connections that the lab's servers keep for the next request.
func ignoreServers() goleak.Option {
	return goleak.IgnoreAnyFunction("net/http.(*conn).serve")
}
