// Package verify looks at the world on behalf of one domain: what its name
// resolves to, which CAA records bind the CA, what answers a challenge-shaped
// HTTP request, and which certificate is served.
//
// It reports facts and judges nothing. What a CNAME should have been, whether
// a CAA record forbids, whether a wrong address matters: package diagnose
// decides that, from a record.Observation that it can be shown in a test.
//
// Resolvers remember what is no longer true. So where their answer is not the
// one that is hoped for, the zone's own name servers are asked too (all of them,
// up to four, side by side), and what each says stands beside it. A name that
// is well takes three questions and its share of those about common parents and
// targets; no look takes more than 128 (see allowance). A silent name server
// costs one time-out and is then left alone for half a minute.
//
// Three things hold for every part of an observation.
//
// "Could not ask" is its own outcome. A resolver that cannot be reached says
// nothing about the domain, so before a time-out or a SERVFAIL is blamed on the
// domain's name servers, the resolver must have answered some other question
// in the same time (see resolver.blame).
//
// It looks as a CA looks. The probe asks IPv6 first, falls back to IPv4 only
// where a CA does, follows the redirects a CA follows and ignores the
// certificates a CA ignores; the CAA climb is that of RFC 8659, section 3.
//
// It is safe to point at strangers' names. Names are resolved here, never by
// the operating system; the literal address is dialled, after [Guard] has
// refused everything that is not public; only the two ports of the platform
// are dialled; at most 128 bytes of a body are looked at, and none are kept.
package verify
