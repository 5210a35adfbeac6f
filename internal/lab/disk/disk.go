package disk

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Op is a change to a file system, as SQLite asks for it.
type Op string

// The changes there are.
const (
	Create   Op = "create"
	Write    Op = "write"
	Truncate Op = "truncate"
	Sync     Op = "sync"
	Delete   Op = "delete"
	Share    Op = "share" // growing the -shm file
)

// Fault is how a change fails.
type Fault string

// The faults there are.
const (
	NoSpace  Fault = "ENOSPC"
	IO       Fault = "EIO"
	ReadOnly Fault = "EROFS"
	// Short writes half of what it should, and then says that the disk is full.
	Short Fault = "short write"
	// Unsynced writes everything and fails to make it durable.
	Unsynced Fault = "failing fsync"
)

// Faults are all of them.
var Faults = []Fault{NoSpace, IO, ReadOnly, Short, Unsynced}

// Hits reports whether the fault can befall the change.
func (f Fault) Hits(op Op) bool {
	switch f {
	case Short:
		return op == Write
	case Unsynced:
		return op == Sync
	case NoSpace:
		return op != Delete
	}
	return true
}

// Change is one that was asked for.
type Change struct {
	Op   Op
	File string // without its folder
}

// Disk is what lies below one folder. Its methods may be called concurrently.
type Disk struct {
	dir string

	mu      sync.Mutex
	changes []Change
	fault   Fault // empty: healthy
	from    int   // the change it befalls, counted from 1
	lasting bool
	refused int
	onFault func()
}

var disks struct {
	sync.Mutex
	list []*Disk
}

// Under watches the databases below dir, which are not open yet. Close ends
// it, when they are closed.
func Under(dir string) *Disk {
	register()
	d := &Disk{dir: dir + string(filepath.Separator)}
	disks.Lock()
	defer disks.Unlock()
	disks.list = append(disks.list, d)
	return d
}

// Close ends the watching.
func (d *Disk) Close() {
	disks.Lock()
	defer disks.Unlock()
	disks.list = slices.DeleteFunc(disks.list, func(x *Disk) bool { return x == d })
}

// under finds who watches the file; nil: nobody.
func under(path string) *Disk {
	disks.Lock()
	defer disks.Unlock()
	for _, d := range disks.list {
		if strings.HasPrefix(path, d.dir) {
			return d
		}
	}
	return nil
}

// Fail lets the n-th change from now fail, counted from 1; lasting: and every
// later one that the fault can befall. A fault that cannot befall the n-th
// change waits for one that it can.
func (d *Disk) Fail(n int, f Fault, lasting bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes, d.refused = nil, 0
	d.fault, d.from, d.lasting = f, n, lasting
}

// OnFault calls fn at the first refusal after [Disk.Fail].
func (d *Disk) OnFault(fn func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onFault = fn
}

// Heal lets everything succeed again, and counts afresh.
func (d *Disk) Heal() { d.Fail(0, "", false) }

// Changes are those asked for since the last [Disk.Fail] or [Disk.Heal].
func (d *Disk) Changes() []Change {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.changes)
}

// Refused is how many of them failed.
func (d *Disk) Refused() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused
}

// meet counts a change and says how it fails; empty: it does not.
func (d *Disk) meet(op Op, path string) Fault {
	if d == nil {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes = append(d.changes, Change{op, filepath.Base(path)})
	if d.fault == "" || len(d.changes) < d.from || !d.lasting && d.refused > 0 || !d.fault.Hits(op) {
		return ""
	}
	d.refused++
	if d.refused == 1 && d.onFault != nil {
		d.onFault()
	}
	return d.fault
}
