// Package status words what is known of every domain: as YAML files that are
// committed and diffed, as a Markdown board that a forge shows, as commit
// messages, as a table for people at a terminal and as JSON for programs.
//
// All of them are made of one thing, the [AppStatus] document, which [Apps]
// makes of the store's records:
//
//	record.App, record.Domain → AppStatus → apps/NAME.yaml   Render
//	                                      → README.md        Render
//	                                      → commit message   Message
//	                                      → terminal         Table
//
// Three rules hold throughout. "Could not ask" is never shown as "failed". A
// failing renewal never hides that the current certificate is still valid: it
// stands in a block of its own beside "Cert Issued". And a file changes only
// when something happened, never because time passed, so every time that is
// printed was fixed when it was scheduled.
//
// Text that strangers can choose (answers from DNS, the words of a CA, names)
// ends up on terminals, in Markdown and in commit messages; it is cleaned when
// it comes in, and each sink escapes what it would take for markup.
//
// The package is pure: the writers it is given are the only effect it has.
package status
