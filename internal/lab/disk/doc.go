// Package disk is the file system under SQLite, made to fail.
//
// It wraps the engine's own VFS (https://sqlite.org/vfs.html) and becomes the
// default of the process, so what is tested needs no seam: whoever opens a
// database below a folder given to [Under] has every change counted, and
// refused as [Disk.Fail] says. Databases elsewhere are not touched, so tests
// run side by side.
package disk
