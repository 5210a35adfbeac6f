// Package challenge puts the responses to http-01 challenges (RFC 8555, section
// 8.3) where the CA looks for them. Three ways are on offer, and all have the
// same methods, Present and CleanUp, and Hold, which finds out before anything is
// asked of a CA whether there will be a place for the response:
//
//   - [Stateless] does nothing: the edges answer every challenge by themselves,
//     from the account key's thumbprint.
//   - [Listener] is a small HTTP server for hosts where port 80 is ours, there
//     only while a challenge is to be answered.
//   - [Webroot] writes files where another server already serves them.
//
// Present and CleanUp may be called again for the same token, before and after a
// crash, from several goroutines. A token is the CA's word and becomes part of
// a path, so each of them refuses what is not one.
package challenge
