// Package spec reads desired state: the apps and domains that people write in
// apps.yaml, or in apps/*.yaml, and push.
//
// [Parse] takes the files as bytes and gives back, per file, either its apps
// or every error it has, each as file:line:col: message. There is no third
// outcome: a file with one error is refused whole, because half of what
// somebody meant is not what they meant. One file never spoils another, save
// where two contradict each other (one app in two files).
//
// YAML is read strictly. Documents are walked as trees rather than decoded into
// structs, since decoding hides what an owner would want to know: it takes a
// quoted "yes" for true and 1.10 for 1.1, drops a second document, and in the
// middle of a larger one forgets which fields it knows. Aliases, anchors, merge
// keys and tags are refused; nothing in this format needs them, and a reader
// of a diff should see what changed where it changed.
//
// What a file may say is one table, in fields.go. The parser's checks and the
// published JSON Schema ([Schema]) both range over it, so an editor and the
// parser agree on structure. What a schema cannot say (is this name an
// address? is that app in another file?) is the parser's alone.
//
// [Edit] changes one field of one app or domain by replacing the bytes at its
// place, so that a change of one line is a difference of one line. The result
// is read again before it is handed out: it is accepted, and it differs from
// what was there in that field and in nothing else.
//
// Names leave this package in one spelling only: lower case, internationalised
// labels as A-labels (RFC 5890), no trailing dot. Everything downstream
// compares them as strings.
//
// The package is pure: bytes in, values out, no clock and no I/O.
package spec
