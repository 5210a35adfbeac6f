package gitrepo

import "io"

// maxRefs bounds the list of references that a server begins with: a million of
// them take about 60 MiB.
const maxRefs = 64 << 20

// atMost reads from r until more than left bytes have come; then it fails, so
// that what was cut off is never taken for the end.
type atMost struct {
	r    io.Reader
	left int64
}

// Read fails with errTooLarge once too much has come.
func (a *atMost) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if a.left -= int64(n); a.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
