// Package lab is a small internet for tests and the demo: a certificate
// authority, a DNS server, a git server and a platform's TLS edge, all real,
// all in this process, up in milliseconds.
//
// The parts are in packages of their own, so that a test of one protocol
// builds only what it needs:
//
//	lab/ca    Pebble behind a front that counts and breaks
//	lab/dns   a resolver's view of a programmable world
//	lab/git   git over smart HTTP and SSH
//	lab/edge  what answers challenges and serves certificates
//
// A [Lab] wires them together and knows the acmsync.yaml that fits. Each test
// owns its Lab; any number run side by side. Nothing here ships: the demo that
// uses it exists only under the build tag "demo".
package lab
