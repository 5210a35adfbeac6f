// Package operate is what commands do beyond a pass: reading desired state
// from a folder, and looking at single names without any repository.
//
// It wires the same parts that a pass uses, so that what `acmsync verify`
// says of a name is what `acmsync sync` will see.
package operate
