package gitrepo

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"
	"golang.org/x/crypto/ssh"

	"github.com/acmsync/acmsync/internal/record"
	"github.com/acmsync/acmsync/internal/signature"
)

// history is a repository that has commits and nothing else.
type history struct {
	*Repo
	t *testing.T
	n int64
}

func newHistory(t *testing.T) *history {
	t.Helper()
	return &history{Repo: &Repo{store: &store{objects: memory.NewStorage()}}, t: t}
}

// commit makes one; kept says whether it is here.
func (h *history) commit(kept bool, parents ...plumbing.Hash) plumbing.Hash {
	h.t.Helper()
	h.n++
	who := object.Signature{Name: "A", Email: "a@x", When: time.Unix(h.n, 0)}
	encoded := &plumbing.MemoryObject{}
	if err := (&object.Commit{Author: who, Committer: who, Message: "m\n", ParentHashes: parents}).Encode(encoded); err != nil {
		h.t.Fatal(err)
	}
	if kept {
		if _, err := h.store.objects.SetEncodedObject(encoded); err != nil {
			h.t.Fatal(err)
		}
	}
	return encoded.Hash()
}

// TestMissingCommitsAreNotSettled: that a commit is not here does not say that a
// base has it, whoever left it out.
func TestMissingCommitsAreNotSettled(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	old := h.commit(true)
	base := h.commit(true, old)
	bases := map[plumbing.Hash]bool{base: true}
	left := h.commit(false, old)
	s, sure, err := h.known(h.commit(true, base, left), bases)
	if sure || !s.gaps || err != nil {
		t.Errorf("a merged commit is missing: sure %v, %+v, %v", sure, s, err)
	}
	if s, sure, err := h.known(h.commit(true, base, h.commit(true, old)), bases); !sure || len(s.commits) != 2 || err != nil {
		t.Errorf("all is here: sure %v, %+v, %v", sure, s, err)
	}
	lone := newHistory(t)
	gone := lone.commit(false)
	older := lone.commit(true, gone)
	base = lone.commit(true, gone)
	if s, sure, _ := lone.known(lone.commit(true, base, older), map[plumbing.Hash]bool{base: true}); sure {
		t.Errorf("what the base comes from is missing, so nobody knows whether that has the other: %+v", s)
	}
}

// TestPastOfABaseThatWasNotMet is not settled: a tip that was set back to before
// an approved commit does not come from it.
func TestPastOfABaseThatWasNotMet(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	base := h.commit(true)
	tip := h.commit(true, base, h.commit(true, base))
	approved := h.commit(true, tip)
	s, sure, err := h.known(tip, map[plumbing.Hash]bool{base: true, approved: true})
	if !sure || err != nil || len(s.commits) != 2 || !s.met[base] || s.met[approved] {
		t.Errorf("sure %v, %+v, %v", sure, s, err)
	}
}

// TestWhatIsReadIsWhatWasSigned: a commit that the library reads otherwise than
// its bytes say is nobody's.
func TestWhatIsReadIsWhatWasSigned(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	key, err := signature.ParseKey(pem.EncodeToMemory(block))
	if err != nil {
		t.Fatal(err)
	}
	line, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	allowed, err := signature.ParseAllowed(append([]byte("alice "), ssh.MarshalAuthorizedKey(line)...), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	b := newBuilder(memory.NewStorage())
	parent := plumbing.NewHash("1111111111111111111111111111111111111111")
	made, err := b.commit(Commit{
		Message: "m", When: time.Unix(1, 0), Sign: func(p []byte) (string, error) { return key.Sign(rand.Reader, p) },
	}, b.orEmpty(plumbing.ZeroHash), parent)
	if err != nil {
		t.Fatal(err)
	}
	r := &Repo{store: &store{objects: b.made}}
	for name, c := range map[string]struct {
		change func(*object.Commit)
		want   record.SignatureFault
	}{
		"as it is":       {func(*object.Commit) {}, ""},
		"another tree":   {func(c *object.Commit) { c.TreeHash = parent }, record.Unreadable},
		"another parent": {func(c *object.Commit) { c.ParentHashes = nil }, record.Unreadable},
	} {
		read, err := commitOf(b.made, made)
		if err != nil {
			t.Fatal(err)
		}
		c.change(read)
		if got, err := r.judge(read, allowed); err != nil || got.Fault != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
