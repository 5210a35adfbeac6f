// Package git serves real git repositories to tests and to the demo: over
// HTTP through git's own http-backend, over SSH through an in-process server
// that starts git's own upload-pack and receive-pack, and as a plain folder.
//
// A [Repository] is a bare repository with a user in front of it: Push commits
// files to a branch as a human's push would, Read, Files and Log look at what
// others have committed. [HTTP] and [SSH] are a Repository with a server, a log
// of what was asked, and faults that can be switched on while it runs.
//
// Everything listens on loopback, on a port the system chooses; any number of
// servers run side by side. The git binary must be installed.
package git
