package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// maxHeader bounds what stands before a commit's message. The library joins the
// lines of a signature one by one, in time that grows with their square: ten
// megabytes of them take minutes.
const maxHeader = 64 << 10

// commitOf reads a commit. The error is plumbing.ErrObjectNotFound where it is
// not here, else a localError: it is here, and not as git would make it.
func commitOf(objects storer.EncodedObjectStorer, hash plumbing.Hash) (*object.Commit, error) {
	encoded, err := objects.EncodedObject(plumbing.CommitObject, hash)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return nil, err
	}
	if err == nil {
		err = boundHeader(encoded)
	}
	var commit *object.Commit
	if err == nil {
		commit, err = object.DecodeCommit(objects, encoded)
	}
	if err != nil {
		return nil, &localError{fmt.Errorf("commit %s of the repository cannot be read (%w): push one that git made", hash, err)}
	}
	return commit, nil
}

func boundHeader(encoded plumbing.EncodedObject) error {
	if encoded.Size() <= maxHeader {
		return nil
	}
	reader, err := encoded.Reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	begin, err := io.ReadAll(io.LimitReader(reader, maxHeader))
	if err == nil && !bytes.Contains(begin, []byte("\n\n")) {
		err = fmt.Errorf("its header is larger than %d KiB", maxHeader>>10)
	}
	return err
}
