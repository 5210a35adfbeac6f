//go:build !unix

package store

import "os"

// Without flock, leases end by the database's clock alone.

func lockFile(*os.File) error { return nil }

func unlocked(*os.File) bool { return false }

func lockedAtOnce(*os.File) bool { return true }

func openElsewhere(string) bool { return false }
