package bench

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/acmsync/acmsync/internal/lab/leak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leak.Allowed()...) }
