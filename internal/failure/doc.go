// Package failure is the closed list of reasons why a domain has no
// certificate, or why a certificate is not where it should be.
//
// Everything else in the program that has to say "why" says it with a [Code]
// from here. One table holds, per code, the title that people know from
// Heroku's documentation, who has to act, when to try again, and the sentences
// that explain and mend it. The table is the only place that knows; status
// files, exit codes, the retry policy and the documentation range over it.
//
// The sentences are templates: {name} and friends are filled in by whoever
// has the facts (see [Reason.Fill]).
package failure
