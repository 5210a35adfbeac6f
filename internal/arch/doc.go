// Package arch holds the module's structure to its table: which package may
// import which, and which packages are pure; and its functions and files to a
// length that one reads at a sitting. It has no code of its own, only
// tests over the source of all others.
//
// The table is in table_test.go. A package without a row fails the tests, so
// adding one means saying where it stands; a row without a package is fine.
//
// Why a table and not good intentions: every decision of the program is in pure
// packages (reconcile, diagnose, budget), which makes it testable without a
// clock, a network or a CA. That lasts only while nobody reaches for time.Now
// on a Friday. Each foreign library has one home for the same reason: replacing
// go-git, or lego, is the work of one package.
package arch
