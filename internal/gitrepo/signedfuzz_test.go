package gitrepo

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzSigned: of whatever bytes a commit is made, what counts as signed and what
// as signature are all of it, and nothing that was signed is in the signature.
func FuzzSigned(f *testing.F) {
	const people = "author A <a@x> 1 +0000\ncommitter A <a@x> 2 +0000\n"
	tree := "tree " + strings.Repeat("a", 40) + "\n"
	parent := "parent " + strings.Repeat("b", 40) + "\n"
	f.Add([]byte(tree + parent + people + "gpgsig -----BEGIN\n x\n\nmessage\n"))
	f.Add([]byte(tree + people + "gpgsig a\ngpgsig b\n\nmessage\n"))
	f.Add([]byte(tree + people + "gpgsig a\n " + tree + "\n"))
	f.Add([]byte(tree + people + "encoding x\ngpgsig-sha256 a\n b\n\n\n"))
	f.Add([]byte(tree + tree + people + "\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := splitSigned(raw)
		if err != nil {
			return
		}
		header, _, _ := bytes.Cut(s.payload, []byte("\n\n"))
		if bytes.Contains(append([]byte("\n"), header...), []byte("\n"+signatureHeader)) {
			t.Errorf("a signature is left in what was signed: %q", header)
		}
		if !bytes.HasPrefix(s.payload, []byte("tree "+s.tree+"\n")) {
			t.Errorf("the tree %q is not what was signed: %q", s.tree, s.payload)
		}
		for _, p := range s.parents {
			if !bytes.Contains(header, []byte("\nparent "+p+"\n")) {
				t.Errorf("parent %q was not signed: %q", p, header)
			}
		}
	})
}
