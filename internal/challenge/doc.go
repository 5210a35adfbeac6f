// Package challenge puts the responses to challenges where the CA looks for
// them. All ways have the same two methods, Present and CleanUp. Those for
// http-01 (RFC 8555, section 8.3) also have Hold, which finds out before anything
// is asked of a CA whether there will be a place for the response:
//
//   - [Stateless] does nothing: the edges answer every challenge by themselves,
//     from the account key's thumbprint.
//   - [Listener] is a small HTTP server for hosts where port 80 is ours, there
//     only while a challenge is to be answered.
//   - [Webroot] writes files where another server already serves them.
//
// For dns-01 (section 8.4) [DNS] writes TXT records by one of the providers
// rfc2136, exec and httpreq, and asks the authoritative servers whether they
// have them; that may take minutes, which the caller waits for.
//
// Present and CleanUp may be called again for the same token, before and after a
// crash, from several goroutines. A token is the CA's word and becomes part of
// a path, so each of them refuses what is not one.
package challenge
