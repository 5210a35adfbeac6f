package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// File is one file of a snapshot.
type File struct {
	// Path is relative to the folder that was asked for, with slashes.
	Path string
	// Blob is the id of its content; "" where there is none.
	Blob string
	// Bytes is the content; nil when Err says why it cannot be used.
	Bytes []byte
	Err   *FileError
}

// Files are the files below a folder of the repository (repository.path; "" or
// "." is its root) whose path is wanted, sorted by path. Only they are fetched.
// A file that cannot be used comes with an error of its own. A folder that does
// not exist holds no files.
func (s Snapshot) Files(ctx context.Context, dir string, want func(path string) bool, maxBytes int64) ([]File, error) {
	var files []File
	err := s.link.repo.exclusive(ctx, func(ctx context.Context) error {
		if err := s.restore(ctx); err != nil {
			return err
		}
		var err error
		files, err = s.read(ctx, dir, want, maxBytes)
		return err
	})
	return files, err
}

// restore brings the snapshot's trees back when the store was emptied since.
func (s Snapshot) restore(ctx context.Context) error {
	if s.link.repo.store.tips[plumbing.NewHash(s.Commit)] {
		return nil
	}
	defer s.link.close()
	_, err := s.link.repo.complete(ctx, s.link, plumbing.NewHash(s.Commit))
	return err
}

func (s Snapshot) read(ctx context.Context, dir string, want func(string) bool, maxBytes int64) ([]File, error) {
	found, err := listFiles(s.link.repo.store.objects, s.tree, dir, want)
	if err != nil {
		return nil, err
	}
	var wanted []plumbing.Hash
	for _, f := range found {
		if f.err == nil {
			wanted = append(wanted, f.hash)
		}
	}
	huge, err := s.bring(ctx, wanted, maxBytes)
	if err != nil {
		return nil, err
	}
	files := make([]File, 0, len(found))
	for _, f := range found {
		file := File{Path: f.path, Err: f.err}
		if f.err == nil {
			file.Blob = f.hash.String()
			if file.Bytes, file.Err, err = s.content(f, huge[f.hash], maxBytes); err != nil {
				return nil, err
			}
		}
		files = append(files, file)
	}
	return files, nil
}

// bring fetches files, all at once. When together they are too large to unpack,
// one by one, so that only the culprit is refused.
func (s Snapshot) bring(ctx context.Context, wanted []plumbing.Hash, maxBytes int64) (huge map[plumbing.Hash]bool, err error) {
	tip := plumbing.NewHash(s.Commit)
	err = s.link.repo.completeBlobs(ctx, s.link, tip, wanted, maxBytes)
	if !errors.Is(err, errHuge) {
		return nil, err
	}
	huge = map[plumbing.Hash]bool{}
	for _, hash := range wanted {
		err := s.link.repo.completeBlobs(ctx, s.link, tip, []plumbing.Hash{hash}, maxBytes)
		if errors.Is(err, errHuge) {
			huge[hash] = true
		} else if err != nil {
			return nil, err
		}
	}
	return huge, nil
}

// lfsPointer is how the stand-in for a file kept by git-lfs begins
// (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md).
var lfsPointer = []byte("version https://git-lfs.github.com/spec/")

func (s Snapshot) content(f found, huge bool, maxBytes int64) ([]byte, *FileError, error) {
	tooLarge := &FileError{Path: f.path, Fault: FaultTooLarge}
	if huge {
		return nil, tooLarge, nil
	}
	blob, err := object.GetBlob(s.link.repo.store.objects, f.hash)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: file %s: %w", errBroken, f.path, err)
	}
	if blob.Size > maxBytes {
		return nil, tooLarge, nil
	}
	reader, err := blob.Reader()
	if err != nil {
		return nil, nil, err
	}
	defer reader.Close()
	content, err := io.ReadAll(reader)
	if err != nil {
		return nil, nil, err
	}
	if bytes.HasPrefix(content, lfsPointer) {
		return nil, &FileError{Path: f.path, Fault: FaultLFS}, nil
	}
	return content, nil, nil
}
