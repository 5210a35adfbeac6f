package issue

import (
	"fmt"
	"testing"
	"time"
)

func TestNoncesAreUsedOnceYoungestFirst(t *testing.T) {
	t.Parallel()
	var pool nonces
	now := time.Now()
	for i := range maxNonces + 3 {
		pool.put(fmt.Sprint(i), now)
	}
	pool.put("", now) // an answer without one
	for i := maxNonces + 2; i >= 3; i-- {
		if got, ok := pool.take(now); !ok || got != fmt.Sprint(i) {
			t.Fatalf("took %q, want %d", got, i)
		}
	}
	if got, ok := pool.take(now); ok {
		t.Errorf("took %q from an empty pool", got)
	}
}

func TestOldNoncesAreNotUsed(t *testing.T) {
	t.Parallel()
	var pool nonces
	now := time.Now()
	pool.put("a", now)
	if got, ok := pool.take(now.Add(nonceLife + time.Second)); ok {
		t.Errorf("took %q, which the CA may have forgotten", got)
	}
	pool.put("b", now)
	pool.clear()
	if got, ok := pool.take(now); ok {
		t.Errorf("took %q after one like it was refused", got)
	}
}
