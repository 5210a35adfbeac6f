package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/signature"
)

// signed is a commit's bytes, taken apart: what was signed, and the signature.
type signed struct {
	payload, signature []byte
	tree               string
	parents            []string
	at                 time.Time
}

// signatureHeader is where git keeps a commit's signature (gitformat-signature);
// other headers that begin so are of other hash functions.
const signatureHeader = "gpgsig"

// splitSigned takes the signature out of a commit as git does before it asks
// (commit.c, parse_buffer_signed_by_header). It is stricter than git where one
// reader may see another commit than the next: one signature, and headers in the
// order that git writes them.
func splitSigned(raw []byte) (signed, error) {
	header, message, found := bytes.Cut(raw, []byte("\n\n"))
	if !found {
		header, message = bytes.TrimSuffix(raw, []byte("\n")), nil
	}
	var s signed
	var plain []string
	var armour strings.Builder
	within, count := false, 0
	for line := range bytes.SplitSeq(header, []byte("\n")) {
		continued := bytes.HasPrefix(line, []byte(" "))
		value, begins := bytes.CutPrefix(line, []byte(signatureHeader+" "))
		switch {
		case within && continued:
			armour.Write(line[1:])
			armour.WriteByte('\n')
		case begins:
			within, count = true, count+1
			armour.Write(value)
			armour.WriteByte('\n')
		case bytes.HasPrefix(line, []byte(signatureHeader)):
			return s, fmt.Errorf("its header %q is of another kind of repository", record.Clean(string(bytes.SplitN(line, []byte(" "), 2)[0]), 30))
		default:
			within = false
			plain = append(plain, string(line))
		}
	}
	if count > 1 {
		return s, errors.New("it has more than one signature")
	}
	s.signature = []byte(armour.String())
	s.payload = []byte(strings.Join(plain, "\n"))
	if found {
		s.payload = slices.Concat(s.payload, []byte("\n\n"), message)
	} else {
		s.payload = append(s.payload, '\n')
	}
	return s, s.fields(plain)
}

var errOrder = errors.New("its headers are not as git writes them")

// fields reads the headers that every commit has, each in its place.
func (s *signed) fields(lines []string) error {
	take := func(key string) (string, bool) {
		if len(lines) == 0 {
			return "", false
		}
		value, ok := strings.CutPrefix(lines[0], key+" ")
		if ok {
			lines = lines[1:]
		}
		return value, ok
	}
	tree, ok := take("tree")
	for parent, more := take("parent"); more; parent, more = take("parent") {
		s.parents = append(s.parents, parent)
	}
	_, author := take("author")
	committer, committed := take("committer")
	if s.tree = tree; !ok || !author || !committed {
		return errOrder
	}
	for _, line := range lines {
		key, _, _ := strings.Cut(line, " ")
		if slices.Contains([]string{"tree", "parent", "author", "committer"}, key) || strings.ContainsRune(line, 0) {
			return errOrder
		}
	}
	words := strings.Fields(committer[strings.LastIndexByte(committer, '>')+1:])
	if len(words) == 0 {
		return errOrder
	}
	seconds, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil {
		return errOrder
	}
	s.at = time.Unix(seconds, 0).UTC()
	return nil
}

// judge says what a commit's signature is worth. The library's reading of the
// commit is what everything else goes by, so it must be what was signed.
func (r *Repo) judge(c *object.Commit, allowed *signature.Allowed) (record.Signature, error) {
	encoded, err := r.store.objects.EncodedObject(plumbing.CommitObject, c.Hash)
	if err != nil {
		return record.Signature{}, errors.Join(errBroken, err)
	}
	reader, err := encoded.Reader()
	if err != nil {
		return record.Signature{}, err
	}
	defer reader.Close()
	raw, err := io.ReadAll(reader)
	if err != nil {
		return record.Signature{}, err
	}
	return judgeCommit(raw, c, allowed), nil
}

func judgeCommit(raw []byte, c *object.Commit, allowed *signature.Allowed) record.Signature {
	s, err := splitSigned(raw)
	if err == nil && !s.is(c) {
		err = errOrder
	}
	if err != nil {
		return record.Signature{Fault: record.Unreadable, Detail: err.Error()}
	}
	return allowed.Judge(s.signature, s.payload, s.at)
}

func (s signed) is(c *object.Commit) bool {
	parents := make([]string, len(c.ParentHashes))
	for i, p := range c.ParentHashes {
		parents[i] = p.String()
	}
	return s.tree == c.TreeHash.String() && slices.Equal(parents, s.parents)
}
