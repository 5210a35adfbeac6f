package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"
)

// maxPacks is after how many packs the store begins anew. Every exchange adds
// one, and most of what they hold is of the past.
const maxPacks = 200

var (
	// errBroken says that objects are missing which should be here.
	errBroken = errors.New("stored objects are missing or damaged")
	// errTooLarge says that a pack is larger than allowed, or unpacks to more.
	errTooLarge = errors.New("more data than allowed")
	// errHuge says so of files that were asked for one by one.
	errHuge = errors.New("files larger than allowed")
	// errDamaged says that a pack is not one, or breaks off.
	errDamaged = errors.New("unpacking")
	// errLeftOut says that the server sent less than was asked for.
	errLeftOut = errors.New("left out parts of")
)

// store holds git objects in memory, and their packs on disk if there is a
// folder for them.
type store struct {
	objects *memory.Storage
	// whole are trees that are here with all trees below them.
	whole map[plumbing.Hash]bool
	// tips are commits whose tree is whole. Nothing is said of files or history.
	tips  map[plumbing.Hash]bool
	packs int
	limit int64
	disk  *folder // nil: memory only
}

func openStore(dir, url string, limit int64) (*store, error) {
	s := &store{limit: limit}
	s.clear()
	if dir == "" {
		return s, nil
	}
	var err error
	if s.disk, err = openFolder(dir, url); err != nil {
		return nil, &localError{err}
	}
	packs, tips, err := s.disk.load(limit)
	for _, pack := range packs {
		if err == nil {
			err = s.unpack(pack, limit)
		}
	}
	if err != nil {
		// A cache that cannot be read is worth nothing: begin anew.
		return s, s.wipe()
	}
	for _, tip := range tips {
		// A tip whose objects are gone is simply not remembered.
		_, _ = s.settle(tip)
	}
	return s, nil
}

func (s *store) clear() {
	s.objects = memory.NewStorage()
	s.whole = map[plumbing.Hash]bool{}
	s.tips = map[plumbing.Hash]bool{}
	s.packs = 0
}

// wipe forgets everything. Snapshots that are about keep the objects they have.
func (s *store) wipe() error {
	s.clear()
	if s.disk == nil {
		return nil
	}
	if err := s.disk.wipe(); err != nil {
		return &localError{err}
	}
	return nil
}

// add takes in a pack, in memory and on disk. A disk that is full or read-only
// costs the next start a fetch, so it is no error now.
func (s *store) add(pack []byte, limit int64) error {
	if limit <= 0 || limit > s.limit {
		limit = s.limit
	}
	before := s.packs
	if err := s.unpack(pack, limit); err != nil {
		return err
	}
	if s.disk != nil && s.packs > before {
		_ = s.disk.keep(pack)
	}
	return nil
}

func (s *store) unpack(pack []byte, limit int64) error {
	count, err := checkUnpacked(pack, limit)
	if err != nil || count == 0 {
		return err
	}
	parser, err := packfile.NewParserWithStorage(packfile.NewScanner(bytes.NewReader(pack)), s.objects)
	if err != nil {
		return err
	}
	if _, err := parser.Parse(); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	s.packs++
	return nil
}

// perObject is about what an object costs beside its content: an empty one takes
// ten bytes of a pack.
const (
	perObject = 256
	// leastCounted keeps small limits from refusing small files.
	leastCounted = 1 << 20
)

// checkUnpacked counts the objects of a pack and adds up what they unpack to,
// without keeping it: a few kilobytes may hold gigabytes of zeros.
func checkUnpacked(pack []byte, limit int64) (count uint32, err error) {
	if len(pack) == 0 {
		return 0, nil
	}
	scanner := packfile.NewScanner(bytes.NewReader(pack))
	_, count, err = scanner.Header()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if int64(count) > max(limit, leastCounted)/perObject {
		return 0, errTooLarge
	}
	var sum int64
	for range count {
		header, err := scanner.NextObjectHeader()
		if err != nil {
			return 0, fmt.Errorf("%w: %w", errDamaged, err)
		}
		counted := &deltaSize{}
		if _, _, err := scanner.NextObject(&bounded{w: counted, left: limit - sum}); err != nil {
			return 0, fmt.Errorf("%w: %w", errDamaged, err)
		}
		sum += header.Length
		if header.Type.IsDelta() {
			sum += counted.result()
		}
		if header.Length < 0 || sum < 0 || sum > limit {
			return 0, errTooLarge
		}
	}
	return count, nil
}

// bounded refuses to take more than left bytes.
type bounded struct {
	w    io.Writer
	left int64
}

// Write fails once too much has come.
func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errTooLarge
	}
	return b.w.Write(p)
}

// deltaSize keeps the beginning of a delta: the sizes of what it is made from
// and of what it makes, each in groups of seven bits (gitformat-pack).
type deltaSize struct {
	begin [20]byte
	n     int
}

// Write never fails.
func (d *deltaSize) Write(p []byte) (int, error) {
	d.n += copy(d.begin[d.n:], p)
	return len(p), nil
}

func (d *deltaSize) result() int64 {
	rest := d.begin[:d.n]
	var size int64
	for range 2 {
		size = 0
		for shift := 0; len(rest) > 0; shift += 7 {
			b := rest[0]
			rest = rest[1:]
			size |= int64(b&0x7f) << shift
			if b&0x80 == 0 {
				break
			}
		}
	}
	return size
}

// settle notes a commit as a tip if all its trees are here.
func (s *store) settle(tip plumbing.Hash) (bool, error) {
	if s.tips[tip] {
		return true, nil
	}
	commit, err := commitOf(s.objects, tip)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !s.closed(commit.TreeHash) {
		return false, nil
	}
	s.tips[tip] = true
	if s.disk != nil {
		_ = s.disk.note(s.tips)
	}
	return true, nil
}

// closed says whether a tree and all trees below it are here. A tree that
// cannot be read counts as one without trees below: it is refused where it is
// used.
func (s *store) closed(root plumbing.Hash) bool {
	seen := []plumbing.Hash{root}
	asked := map[plumbing.Hash]bool{root: true}
	for i := 0; i < len(seen); i++ {
		if s.whole[seen[i]] {
			continue
		}
		if s.objects.HasEncodedObject(seen[i]) != nil {
			return false
		}
		tree, err := object.GetTree(s.objects, seen[i])
		if err != nil {
			continue
		}
		for _, entry := range tree.Entries {
			if entry.Mode == filemode.Dir && !asked[entry.Hash] {
				asked[entry.Hash] = true
				seen = append(seen, entry.Hash)
			}
		}
	}
	for _, hash := range seen {
		s.whole[hash] = true
	}
	return true
}

func (s *store) has(hash plumbing.Hash) bool { return s.objects.HasEncodedObject(hash) == nil }
