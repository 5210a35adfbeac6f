package disk

import (
	"os"
	"sync"
	"unsafe"

	"modernc.org/libc"
	_ "modernc.org/sqlite" // sets the engine up
	sqlite3 "modernc.org/sqlite/lib"
)

// The engine is C translated to Go: its tables of methods hold Go functions as
// addresses. These turn one into the other. All functions here are top-level
// ones, which the collector never moves or frees.

func function[F any](address uintptr) F { return *(*F)(unsafe.Pointer(&address)) }

func address[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

type (
	opener   = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32
	deleter  = func(tls *libc.TLS, vfs, name uintptr, syncFolder int32) int32
	writer   = func(tls *libc.TLS, file, buffer uintptr, size int32, offset int64) int32
	trimmer  = func(tls *libc.TLS, file uintptr, size int64) int32
	syncer   = func(tls *libc.TLS, file uintptr, flags int32) int32
	sharer   = func(tls *libc.TLS, file uintptr, page, size, extend int32, out uintptr) int32
	finisher = func(tls *libc.TLS, file uintptr) int32
)

// handle is an open file of a watched folder.
type handle struct {
	disk    *Disk
	path    string
	methods sqlite3.Tsqlite3_io_methods // the engine's own
}

var (
	once sync.Once
	own  sqlite3.Tsqlite3_vfs // the engine's own

	mu     sync.Mutex
	opened = map[uintptr]*handle{}
	// tables are ours, by the engine's; they live as long as the process.
	tables = map[uintptr]uintptr{}
)

// register makes a copy of the engine's VFS, with the changes going through
// here, the process's default.
func register() {
	once.Do(func() {
		tls := libc.NewTLS()
		before := sqlite3.Xsqlite3_vfs_find(tls, 0)
		own = *at[sqlite3.Tsqlite3_vfs](before)
		size := unsafe.Sizeof(own)
		copied := libc.Xmalloc(tls, libc.Tsize_t(size))
		name, err := libc.CString("acmsync-lab")
		if err != nil {
			panic(err)
		}
		vfs := at[sqlite3.Tsqlite3_vfs](copied)
		*vfs = own
		vfs.FzName, vfs.FpNext = name, 0
		vfs.FxOpen, vfs.FxDelete = address[opener](open), address[deleter](remove)
		sqlite3.Xsqlite3_vfs_register(tls, copied, 1)
	})
}

func open(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32 {
	path := ""
	if name != 0 {
		path = libc.GoString(name)
	}
	d := under(path)
	if flags, refused := allowOpen(d, path, flags); refused != 0 {
		return refused
	} else if rc := function[opener](own.FxOpen)(tls, vfs, name, file, flags, outFlags); rc != 0 || d == nil {
		return rc
	}
	f := at[sqlite3.Tsqlite3_file](file)
	mu.Lock()
	defer mu.Unlock()
	opened[file] = &handle{d, path, *at[sqlite3.Tsqlite3_io_methods](f.FpMethods)}
	f.FpMethods = table(tls, f.FpMethods)
	return 0
}

// allowOpen lets files be opened, but on a broken disk none be made; on one
// that is read-only, they are opened to be read.
func allowOpen(d *Disk, path string, flags int32) (int32, int32) {
	const makes = sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE
	if d == nil || flags&sqlite3.SQLITE_OPEN_CREATE == 0 {
		return flags, 0
	}
	_, err := os.Stat(path)
	switch fault := d.meet(Create, path); {
	case fault == "":
		return flags, 0
	case err != nil:
		return flags, sqlite3.SQLITE_CANTOPEN
	case fault == ReadOnly:
		return flags&^makes | sqlite3.SQLITE_OPEN_READONLY, 0
	}
	return flags, 0
}

// table is the engine's table of a file's methods with ours in it, in memory
// of the engine's kind.
func table(tls *libc.TLS, theirs uintptr) uintptr {
	if tables[theirs] == 0 {
		t := *at[sqlite3.Tsqlite3_io_methods](theirs)
		t.FxClose, t.FxWrite = address[finisher](finish), address[writer](write)
		t.FxTruncate, t.FxSync = address[trimmer](truncate), address[syncer](syncFile)
		if t.FxShmMap != 0 {
			t.FxShmMap = address[sharer](share)
		}
		tables[theirs] = libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(t)))
		*at[sqlite3.Tsqlite3_io_methods](tables[theirs]) = t
	}
	return tables[theirs]
}

func find(file uintptr) *handle {
	mu.Lock()
	defer mu.Unlock()
	return opened[file]
}

func finish(tls *libc.TLS, file uintptr) int32 {
	h := find(file)
	mu.Lock()
	delete(opened, file)
	mu.Unlock()
	return function[finisher](h.methods.FxClose)(tls, file)
}

func write(tls *libc.TLS, file, buffer uintptr, size int32, offset int64) int32 {
	h := find(file)
	do := function[writer](h.methods.FxWrite)
	switch h.disk.meet(Write, h.path) {
	case "":
		return do(tls, file, buffer, size, offset)
	case Short:
		do(tls, file, buffer, size/2, offset)
		return sqlite3.SQLITE_FULL // as the engine's own does
	case NoSpace:
		return sqlite3.SQLITE_FULL
	default:
		return sqlite3.SQLITE_IOERR_WRITE
	}
}

func truncate(tls *libc.TLS, file uintptr, size int64) int32 {
	h := find(file)
	if h.disk.meet(Truncate, h.path) != "" {
		return sqlite3.SQLITE_IOERR_TRUNCATE
	}
	return function[trimmer](h.methods.FxTruncate)(tls, file, size)
}

func syncFile(tls *libc.TLS, file uintptr, flags int32) int32 {
	h := find(file)
	if h.disk.meet(Sync, h.path) != "" {
		return sqlite3.SQLITE_IOERR_FSYNC
	}
	return function[syncer](h.methods.FxSync)(tls, file, flags)
}

// share maps a part of the -shm file, and grows it if asked to.
func share(tls *libc.TLS, file uintptr, page, size, extend int32, out uintptr) int32 {
	h := find(file)
	if extend != 0 && h.disk.meet(Share, h.path+"-shm") != "" {
		return sqlite3.SQLITE_IOERR_SHMSIZE
	}
	return function[sharer](h.methods.FxShmMap)(tls, file, page, size, extend, out)
}

func remove(tls *libc.TLS, vfs, name uintptr, syncFolder int32) int32 {
	path := libc.GoString(name)
	if under(path).meet(Delete, path) != "" {
		return sqlite3.SQLITE_IOERR_DELETE
	}
	return function[deleter](own.FxDelete)(tls, vfs, name, syncFolder)
}
