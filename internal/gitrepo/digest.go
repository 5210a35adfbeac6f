package gitrepo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Digest identifies the content of files, by their paths and ids, in the order
// given: 64 hexadecimal digits.
func Digest(lists ...[]File) string {
	sum := sha256.New()
	for _, files := range lists {
		for _, f := range files {
			fmt.Fprintf(sum, "%s %s\n", f.Path, f.Blob)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}
