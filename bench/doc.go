// Package bench measures acmsync as a whole: passes that issue, passes that
// have nothing to do, and what they are made of.
//
//	make bench
//
// A figure in seconds says as much about the machine as about the program, so
// what matters here is compared within one run: certificates a second with
// what the same CA gives a bare loop on the same machine, requests with
// certificates. Nothing fails for being slow. What does fail is what no machine
// excuses: a certificate that was not issued, or a request to the CA in a pass
// that has nothing to do.
//
// The file docs/benchmarks.md holds figures and how they came about.
package bench
