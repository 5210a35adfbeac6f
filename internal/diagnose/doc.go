// Package diagnose turns what was seen of a name, and what the CA said of it,
// into what is wrong and the change that mends it.
//
// It is one table, see [Explain]: a row per reason, in the order in which
// things have to be mended. There is no use in talking about a CDN while the
// name does not resolve, nor about the CA's refusal while a CAA record asks for
// it. Each row looks at the same facts and answers for itself; none knows of
// the others, except that a cause is not reported twice.
//
// Two rules run through all rows. What could not be asked is never a finding:
// the absence of an answer about the world says something about us. And where
// our view may differ from the CA's, a row advises (Finding.Warning) instead of
// blocking; who decides that is in one place, certainty.go.
//
// Everything is a function of its arguments. Text that strangers control (DNS
// data, HTTP headers, the CA's own words) goes through [Clean] before it enters
// a finding.
package diagnose
