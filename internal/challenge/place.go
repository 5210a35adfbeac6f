package challenge

import (
	"errors"
	"io/fs"
	"syscall"
)

// PlaceError says that this host has no place for responses: the port is
// taken, the folder cannot be written. It is about the installation, not about
// any one domain.
type PlaceError struct {
	// Setting is where the operator should look.
	Setting string
	// Detail says what is wrong and what mends it.
	Detail string
	Err    error
}

func (e *PlaceError) Error() string { return e.Setting + ": " + e.Detail }
func (e *PlaceError) Unwrap() error { return e.Err }

// noPort is why the address cannot be had.
func noPort(address string, err error) error {
	detail := "cannot listen on " + address + ": " + err.Error()
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		detail = address + " is in use by another program, so challenges cannot be answered and nothing is ordered; stop that program, or choose another address"
	case errors.Is(err, fs.ErrPermission):
		detail = "this user may not listen on " + address + ", so challenges cannot be answered and nothing is ordered; permit it (CAP_NET_BIND_SERVICE), or listen on a port above 1023 and forward port 80 to it"
	}
	return &PlaceError{Setting: "challenge.http01.listen", Detail: detail, Err: err}
}

// noFolder is why the webroot cannot be written.
func noFolder(dir string, err error) error {
	detail := "challenges cannot be answered from " + dir + " and nothing is ordered: " + err.Error() + "; make the folder and let this user write to it"
	return &PlaceError{Setting: "challenge.http01.dir", Detail: detail, Err: err}
}
