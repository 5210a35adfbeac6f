// Package ca is a certificate authority for tests and the demo: Pebble, Let's
// Encrypt's test server, in this process, behind a front of our own.
//
// Pebble does the protocol (RFC 8555): it checks signatures and nonces, really
// fetches the http-01 responses and really signs. The front adds what it lacks:
//
//   - It counts. [CA.Requests] and [CA.Certificates] say what was asked and
//     what was issued, the latter counted when it is signed, not when it is
//     downloaded.
//   - It breaks. [CA.Fault] answers in the CA's stead, loses questions or
//     answers, delays them, or sets the clock wrong; [CA.Before] and
//     [CA.After] stop at a request so that a test can kill its client there.
//   - It judges. [CA.Judge] decides how the validation of a name ends, with
//     problems that Pebble never gives (caa, dns, tls, compound).
//   - It behaves like Boulder where Pebble does not: newOrder for names that
//     have a pending or ready order returns that order.
//
// Use one CA per test: they start in milliseconds, on a port of their own. One
// goroutine of Pebble's (va.VAImpl.processTasks) outlives Close, because Pebble
// has no way to end it; package leak tells goleak to ignore it.
package ca
