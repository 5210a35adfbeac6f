// Package record holds the types of everything acmsync knows: what is wanted
// of a domain, what was seen of it, what the CA said, what was issued and
// where it was deployed.
//
// They are plain values. Nothing here reads a clock, opens a file or speaks a
// protocol; the packages that do so meet in these types instead of importing
// each other. A value's life in one pass:
//
//	spec.App → Want ─┐
//	                 ├→ Domain → Question → Observation → Finding
//	store → Domain ──┘        ↘ Order → Pair → Deployment
//
// Private keys appear in exactly two types, [Pair] and [Order], and always as
// [PrivateKey], which refuses to be printed or marshalled.
package record
