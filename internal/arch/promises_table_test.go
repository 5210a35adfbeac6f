package arch_test

import "slices"

// everything that is proven in this way, the guards after the promises.
var everything = slices.Concat(promises, guards)

// promises are what users may rely on, in the order in which they are numbered.
var promises = slices.Concat(promisesOfPairs, promisesOfWork, promisesOfConduct)

// promisesOfPairs are those about certificates and keys that exist.
var promisesOfPairs = []promise{
	{"A valid pair of key and certificate is never replaced by nothing, by a pair that does not fit, or by an older one.", []proof{
		{
			test: "internal/deploy TestAnOlderPairNeverReplacesANewerOne", what: "an install refuses a pair that is older than the one in place",
			file: "internal/deploy/version.go",
			kept: "if in.leaf == nil || in.leaf.NotAfter.Before(now)", lost: "if true || in.leaf.NotAfter.Before(now)",
		},
		{
			test: "internal/deploy TestWhatTheLinkPointsAtIsOnDisk", what: "a version is on disk before the link points at it",
			file: "internal/deploy/files.go",
			kept: "errors.Join(f.write(version, content), f.disk.sync(versions))", lost: "f.write(version, content)",
		},
		{
			test: "internal/deploy TestAFaultAtAnyChangeLeavesAWholePair", what: "the link is swapped by one rename, never taken away first",
			file: "internal/deploy/files.go",
			kept: "if err := f.disk.rename(fresh, link); err != nil {", lost: "_ = f.disk.removeAll(link)\n\tif err := f.disk.rename(fresh, link); err != nil {",
		},
		{
			test: "internal/deploy TestRemoveLeavesWhatItDoesNotKnow", what: "a removal leaves a pair that somebody who knows more put there",
			file: "internal/deploy/files.go",
			kept: "in.leaf != nil && !slices.Contains(known, fingerprint(in.leaf))", lost: "in.leaf != nil && false",
		},
	}},
	{"A crash at any instruction loses no issued certificate, leaks no key, and never issues twice.", []proof{
		{
			test: "internal/controller TestOnRecordBeforeTheCAHears", what: "key and CSR are durable before the CA is asked for an order",
			file: "internal/controller/order.go",
			kept: "return o, p.spend(l, store.Change{Domain: d, Order: &o})", lost: "return o, nil",
		},
		{
			test: "internal/controller TestOnRecordBeforeTheCAHears", what: "the order's URL and its last state are durable before the CSR is sent",
			file: "internal/controller/order.go",
			kept: "return o.State == record.OrderOrdered || o.State == record.OrderFinalizing ||", lost: "return",
		},
		{
			test: "internal/controller TestRevocationOnRecordBeforeTheCAHears", what: "a revocation is on record before the CA is asked for it",
			file: "internal/controller/step.go",
			kept: "if writesFirst(before, dec) {", lost: "if false && writesFirst(before, dec) {",
		},
		{
			test: "internal/controller TestKilledWhileDeployingElsewhere", what: "that a target lost what it had is on record before it is filled again",
			file: "internal/controller/first.go",
			kept: "takenBack(before.Deployed, dec.Next.Deployed) || ", lost: "",
		},
		{
			test: "internal/store TestCommitsAreOnDisk", what: "a transaction ends when it is on disk",
			file: "internal/store/dialect.go",
			kept: "_pragma=synchronous(FULL)", lost: "_pragma=synchronous(NORMAL)",
		},
		{
			test: "internal/store TestCommitsAreOnDisk", what: "a key that was deleted is overwritten",
			file: "internal/store/dialect.go",
			kept: "_pragma=secure_delete(1)", lost: "_pragma=secure_delete(0)",
		},
	}},
	{"A full, failing or read-only disk leaves the old pair in use, and no order is spent on it.", []proof{
		{
			test: "internal/controller TestAPassOnABrokenDisk", what: "an order whose state could not be kept goes no further",
			file: "internal/controller/order.go",
			kept: "if err := p.saveOrder(l, &d, o, made); err != nil {", lost: "if err := p.saveOrder(l, &d, o, made); err != nil && false {",
		},
		{
			test: "internal/deploy TestAFaultAtAnyChangeLeavesAWholePair", what: "a version that could not be written is not linked",
			file: "internal/deploy/files.go",
			kept: "\t\tif err := f.disk.write(filepath.Join(version, file.name), file.content, file.mode); err != nil {\n\t\t\treturn err\n\t\t}",
			lost: "\t\t_ = f.disk.write(filepath.Join(version, file.name), file.content, file.mode)",
		},
	}},
	{"A broken, empty or truncated push never revokes or deletes.", []proof{
		{
			test: "reconcile TestGuardHoldsWhateverTheCount", what: "desired state without any app is held",
			file: "reconcile/guard.go",
			kept: "case g.empty:", lost: "case false:",
		},
		{
			test: "internal/controller TestForcePushRemovesNothing", what: "a tip that does not descend from the last one removes nothing by itself",
			file: "reconcile/guard.go",
			kept: "case !g.known.Descends:", lost: "case false:",
		},
		{
			test: "internal/controller TestBrokenPushesTakeNothing", what: "while a file is refused, nothing is removed that it may name",
			file: "internal/controller/pull.go",
			kept: "Refused: r.refused(),", lost: "Refused: false,",
		},
		{
			test: "internal/controller TestRefusedFileStandsStill", what: "a refused file's apps stay as they were accepted last",
			file: "internal/controller/pull.go",
			kept: "if old, ok := before[parsed.Path]; ok {", lost: "if old, ok := before[parsed.Path]; ok && false {",
		},
	}},
	{"A mass removal is held until a person approves exactly it.", []proof{
		{
			test: "reconcile TestGuardSumsOverItsWindow", what: "removals are summed over the grace, or a day",
			file: "reconcile/guard.go",
			kept: "\tif recent {\n\t\tg.recent++", lost: "\tif false {\n\t\tg.recent++",
		},
		{
			test: "internal/controller TestMassRemovalIsHeld", what: "more than the policy allows is held",
			file: "reconcile/guard.go",
			kept: "case float64(g.recent+len(g.fresh)) > allowed+rounding:", lost: "case false:",
		},
		{
			test: "reconcile TestApproval", what: "an approval holds for the set that was shown, and no other",
			file: "reconcile/guard.go",
			kept: "if !g.known.Approved[hash] {", lost: "if len(g.known.Approved) == 0 {",
		},
	}},
}
