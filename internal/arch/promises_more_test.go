package arch_test

// promisesOfWork are those about certificates that are to come.
var promisesOfWork = []promise{
	{"One app's failure, hang or panic never delays another.", []proof{
		{
			test: "internal/controller TestPanicOfAResponderStaysWithItsDomain", what: "a panic while something is done is that domain's failure",
			file: "internal/controller/guarded.go",
			kept: "if cause := recover(); cause != nil {", lost: "if cause := any(nil); cause != nil {",
		},
		{
			test: "internal/controller TestPanicOfAnObserverStaysWithItsDomain", what: "so is one while it is looked at",
			file: "internal/controller/step.go",
			kept: "if cause := recover(); cause != nil {", lost: "if cause := any(nil); cause != nil {",
		},
		{
			test: "verify TestAPanicWhileLookingComesOutAtTheCaller", what: "so is one in a part of a look",
			file: "internal/beside/beside.go",
			kept: "if p := g.first.Load(); p != nil {", lost: "if p := g.first.Load(); p != nil && false {",
		},
		{
			test: "internal/deploy TestAPanicOfARunComesOutAtAllWhoWait", what: "and one in a run of a hook",
			file: "internal/deploy/hook.go",
			kept: "if b.broke != nil {", lost: "if b.broke != nil && false {",
		},
		{
			test: "internal/controller TestMoreHangThanThereAreWorkers", what: "a domain that something slow is waited for gives its place to another",
			file: "internal/controller/crew.go",
			kept: "gave = c.giveWay()", lost: "gave = false && c.giveWay()",
		},
		{
			test: "internal/controller TestManyNamesDelayNoOtherApp", what: "the apps of a push take turns",
			file: "internal/store/admit.go",
			kept: "due := a.Now.Add(-earlier[i])", lost: "due := a.Now.Add(0 * earlier[i])",
		},
		{
			test: "internal/controller TestAHookThatHangsHoldsUpNoOtherTarget", what: "targets do not wait for each other",
			file: "internal/controller/carry.go",
			kept: "for actions[0].Kind == reconcile.Deploy && n", lost: "for false && n",
		},
		{
			test: "internal/controller TestADomainHasADeadline", what: "a domain's turn ends",
			file: "internal/controller/deadline.go",
			kept: "time.AfterFunc(limit,", lost: "time.AfterFunc(2*time.Hour,",
		},
		{
			test: "internal/controller TestADomainHasADeadline", what: "also when what is called pays no heed",
			file: "internal/controller/within.go",
			kept: "case <-time.After(heed):", lost: "case <-time.After(2 * time.Hour):",
		},
		{
			test: "internal/controller TestWhatIsLeftBehindIsNotBegunAgain", what: "what was left behind does not pile up",
			file: "internal/controller/within.go",
			kept: "if s.has(who, key) {", lost: "if false && s.has(who, key) {",
		},
	}},
	{"While the CA is out of reach, old certificates are served on, start-up, plan and deployments work, and waits survive a restart.", []proof{
		{
			test: "internal/controller TestCAOutOfReach", what: "an absence of the CA is nobody's failed attempt",
			file: "internal/record/problem.go",
			kept: "return p.Status == 0 ||", lost: "return false ||",
		},
		{
			test: "reconcile TestOutageBackoffDoubles", what: "a CA that is out of order is asked less and less often",
			file: "reconcile/backoff.go",
			kept: "before = d.Attempt.Next.Sub(d.Attempt.Last)", lost: "_ = d.Attempt",
		},
	}},
	{"Our own requests never exceed the CA's published limits; 429 and Retry-After win over our books.", []proof{
		{
			test: "reconcile TestAYearAtAStrictCA", what: "an order waits until every bucket has a token for it",
			file: "reconcile/afford.go",
			kept: "\tif !at.After(now) {\n\t\treturn dec\n\t}\n\tif !budget", lost: "\tif true {\n\t\treturn dec\n\t}\n\tif !budget",
		},
		{
			test: "internal/controller TestDebitedBeforeTheCAHears", what: "an order is in the books before the CA is asked for it",
			file: "internal/controller/order.go",
			kept: "return o, p.spend(l, store.Change{Domain: d, Order: &o})", lost: "return o, p.save(l, store.Change{Domain: d, Order: &o})",
		},
		{
			test: "internal/controller TestLimitIsWaitedOutWhateverIsPushed", what: "the CA's Retry-After is waited out",
			file: "reconcile/fail.go",
			kept: "case reason.Retry == failure.Until:", lost: "case false:",
		},
		{
			test: "issue TestEveryKindIsPaced", what: "a request of each kind waits for its turn",
			file: "issue/session.go",
			kept: "if err := c.gates[kind].enter(ctx); err != nil {", lost: "if err := ctx.Err(); err != nil {",
		},
		{
			test: "issue TestTwoProcessesStayWithinTheLimits", what: "a process takes half of what the CA allows",
			file: "issue/pace.go",
			kept: "interval: (share*r.Per + count - 1) / count,", lost: "interval: (r.Per + count - 1) / count,",
		},
		{
			test: "issue TestATurnedAwayRequestHoldsBackAllOfItsKind", what: "a pause that the CA asks for holds for all",
			file: "issue/session.go",
			kept: "c.gates[kind].heed(kind, x)", lost: "_ = x",
		},
		{
			test: "internal/controller TestAPauseHoldsForAllNames", what: "and for the next process",
			file: "internal/controller/pass.go",
			kept: "\tp.fail(p.notePauses())\n", lost: "",
		},
	}},
	{"A bad certificate (another key, names, dates, a broken chain) is never installed.", []proof{
		{
			test: "internal/keypair TestCheck", what: "the key is the certificate's",
			file: "internal/keypair/check.go",
			kept: "\t\tfunc() error { return checkKey(chain[0], signer) },\n", lost: "",
		},
		{
			test: "internal/keypair TestCheck", what: "its names are those that were asked for",
			file: "internal/keypair/check.go",
			kept: "\t\tfunc() error { return checkNames(chain[0], names) },\n", lost: "",
		},
		{
			test: "internal/keypair TestCheck", what: "it is valid now",
			file: "internal/keypair/check.go",
			kept: "\t\tfunc() error { return checkDates(chain, now) },\n", lost: "",
		},
		{
			test: "internal/keypair TestCheck", what: "each certificate of the chain signed the one before",
			file: "internal/keypair/check.go",
			kept: "\t\tfunc() error { return checkLinks(chain) },\n", lost: "",
		},
		{
			test: "internal/controller TestEveryReason", what: "what a CA returns is checked before it is kept",
			file: "internal/controller/order.go",
			kept: "\tpair, err := keypair.Check(o.Chain, o.PrivateKey, o.Names, p.Now())\n",
			lost: "\tpair, err := record.Pair{Chain: o.Chain, Key: o.PrivateKey}, error(nil)\n\tif checked, err := keypair.Check(o.Chain, o.PrivateKey, o.Names, p.Now()); err == nil {\n\t\tpair = checked\n\t}\n",
		},
		{
			test: "internal/deploy TestWhatIsRefused", what: "a target looks once more that the parts belong together",
			file: "internal/deploy/pair.go",
			kept: "if !slices.Contains(leaf.DNSNames, nameOf(p)) && leaf.VerifyHostname(nameOf(p)) != nil {", lost: "if false {",
		},
	}},
	{"Editing desired state never resets a wait that protects a limit of the CA.", []proof{
		{
			test: "reconcile TestRefreshAndEntryEndABackoff", what: "neither refresh nor an edit ends a wait that the CA set",
			file: "reconcile/facts.go",
			kept: "case now.Before(a.RateLimitedUntil):", lost: "case false:",
		},
	}},
	{"Renewal information is followed, sanitised, and never fatal; what a CA revoked is replaced at once, and only by its own word.", []proof{
		{
			test: "reconcile TestSenselessSuggestions", what: "a window that makes no sense is none",
			file: "reconcile/suggestion.go",
			kept: "return w.end.After(w.start) && w.end.After(c.NotBefore.Add(-day)) && w.start.Before(c.NotAfter)", lost: "return true",
		},
		{
			test: "reconcile TestSuggestionPolls", what: "Retry-After is kept within a minute and a day",
			file: "reconcile/suggestion.go",
			kept: "jittered(min(max(wait, soonestPoll), latestPoll), d.Key, s.Misses)", lost: "wait",
		},
		{
			test: "reconcile TestPastWindowMeansNow", what: "a CA that wants every certificate replaced gets one order a day",
			file: "reconcile/suggestion.go",
			kept: "const urgedAgain = day", lost: "const urgedAgain = 0",
		},
		{
			test: "internal/controller TestRevokedByOthers", what: "what is revoked is due now",
			file: "reconcile/renewal.go",
			kept: "at = earliest(at, later(r.Seen, d.Suggestion.Urged.Add(urgedAgain)))", lost: "_ = r",
		},
		{
			test: "verify TestHostileLists", what: "a list is that of whoever issued the certificate",
			file: "verify/crl.go",
			kept: "if err := issuer.CheckSignature(algorithm, signed.TBS.FullBytes, signed.Signature.RightAlign()); err != nil {",
			lost: "if _, err := algorithm, error(nil); err != nil {",
		},
		{
			test: "verify TestHostileLists", what: "a list that has ended says nothing",
			file: "verify/crl.go",
			kept: "case !now.Before(tbs.NextUpdate):", lost: "case false:",
		},
	}},
	{"With a wrong clock nothing is issued, revoked or forgotten.", []proof{
		{
			test: "internal/controller TestWrongClock", what: "our clock is held against the CA's",
			file: "internal/controller/authority.go",
			kept: "!date.IsZero() && (skew > maxSkew || skew < -maxSkew)", lost: "false && skew > maxSkew",
		},
		{
			test: "internal/controller TestClockBehindItsOwnRecords", what: "and against the newest record in the store",
			file: "internal/controller/authority.go",
			kept: "if skew := now.Sub(newest); skew < -maxSkew {", lost: "if skew := now.Sub(newest); false {",
		},
		{
			test: "internal/controller TestClockIsSet", what: "a clock that is set in the middle of a pass is held against the CA's again",
			file: "internal/controller/authority.go",
			kept: "return a.asked && !p.leapt(a.at), a.err", lost: "return a.asked, a.err",
		},
		{
			test: "internal/controller TestClockIsSet", what: "no record is dated by a clock that was set since",
			file: "internal/controller/order.go",
			kept: "store.Request{{At: p.bookedAt(before.Directory), ", lost: "store.Request{{At: p.Now(), ",
		},
		{
			test: "internal/controller TestAheadAndNobodyAsked", what: "what waits for a time that a wrong clock set is looked at by the right one",
			file: "internal/controller/work.go",
			kept: "if err := p.backToNow(ctx); err != nil {", lost: "if err := error(nil); err != nil {",
		},
	}},
}

// promisesOfConduct are those about the program itself.
var promisesOfConduct = []promise{
	{"A status push that fails costs nothing but the report, which is made up for.", []proof{
		{
			test: "internal/controller TestStatusPushFails", what: "a report counts as told only when the repository has it",
			file: "internal/controller/report.go",
			kept: "\tif err != nil {\n\t\treturn err\n\t}\n\tp.published = published{files: files, apps: apps}", lost: "\tp.published = published{files: files, apps: apps}\n\tif err != nil {\n\t\treturn err\n\t}",
		},
	}},
	{"Of two processes on one store, one issues.", []proof{
		{
			test: "internal/store TestTwoProcesses", what: "a row that somebody has is not given to another",
			file: "internal/store/lease.go",
			kept: "WHERE due_at <= $3 AND lease_until <= ` + dbNow + `", lost: "WHERE due_at <= $3 AND 0 <= ` + dbNow + `",
		},
		{
			test: "internal/store TestExtendDoesNotRevive", what: "a lease that was given back is not extended",
			file: "internal/store/lease.go",
			kept: "WHERE key = $1 AND owner = $2 AND epoch = $3`,", lost: "WHERE key = $1 AND $2 <> '' AND $3 > 0`,",
		},
		{
			test: "internal/controller TestLostLeaseEndsTheWork", what: "work under a lease that is lost is cut off",
			file: "internal/controller/work.go",
			kept: "if errors.Is(err, store.ErrLeaseLost) || time.Since(extended) > p.Lease-2*every {", lost: "if false && time.Since(extended) > 0 {",
		},
	}},
	{"Corrupt state sets one entry aside, and the rest goes on.", []proof{
		{
			test: "internal/store TestOneUnreadableRow", what: "a row that cannot be read is put off, and the others are claimed",
			file: "internal/store/lease.go",
			kept: "\t\tif r.err != nil {\n\t\t\tif err := putOff", lost: "\t\tif r.err != nil {\n\t\t\treturn nil, r.err\n\t\t}\n\t\tif r.err != nil {\n\t\t\tif err := putOff",
		},
		{
			test: "internal/controller TestADamagedRowIsSetAside", what: "it is shown to the operator as what it is",
			file: "internal/controller/pull.go",
			kept: "p.aside = p.setAside(broken)", lost: "_ = broken",
		},
	}},
	{"When all is as desired, a pass does nothing: no commit, no order, no request to the CA but those for renewal information that are due.", []proof{
		{
			test: "internal/controller TestConvergedPassDoesNothing", what: "a tip that was admitted is not read again",
			file: "internal/controller/pull.go",
			kept: "if same && tip == p.meta.Tip &&", lost: "if false && tip == p.meta.Tip &&",
		},
		{
			test: "internal/controller TestALongWaitIsNoWrongClock", what: "a long wait is not taken for the mark of a wrong clock",
			file: "internal/controller/instant.go",
			kept: "if reconcile.Ahead(d, p.Now()) {", lost: "if reconcile.Ahead(d, p.Now()) || true {",
		},
	}},
	{"SIGTERM ends it within ten seconds, whatever hangs.", []proof{
		{
			test: "cmd/acmsync TestStoppedWhateverHangs", what: "the last writes, and the last push, have a time of their own",
			file: "internal/controller/pass.go",
			kept: "lastWrites = 6 * time.Second", lost: "lastWrites = time.Hour",
		},
		{
			test: "internal/store TestGivenUpWhileLocked", what: "another process's transaction is not waited for when nobody waits any more",
			file: "internal/store/batch.go",
			kept: "begun := whenAllGiveUp(jobs, cancel)", lost: "begun := func() {}",
		},
		{
			test: "cmd/acmsync TestStoppedWhateverHangs", what: "a hook ends with all that it started",
			file: "internal/deploy/command.go",
			kept: "syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)", lost: "syscall.Kill(cmd.Process.Pid, syscall.SIGTERM)",
		},
		{
			test: "cmd/acmsync TestStoppedWhateverHangs", what: "so does a program that sets DNS records",
			file: "internal/challenge/program.go",
			kept: "syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)", lost: "syscall.Kill(cmd.Process.Pid, syscall.SIGTERM)",
		},
		{
			test: "cmd/acmsync TestSecondSignalEndsAtOnce", what: "a second signal ends it at once",
			file: "cmd/acmsync/main.go",
			kept: "context.AfterFunc(ctx, stop)", lost: "_ = stop",
		},
	}},
	{"A plan writes nothing anywhere.", []proof{
		{
			test: "internal/controller TestPlanWritesNothing", what: "a plan puts no response in place",
			file: "internal/controller/plan.go",
			kept: "p.planning = true", lost: "p.planning = false",
		},
	}},
	{"No secret is in any output.", []proof{
		{
			test: "internal/record TestPrivateKeyIsNotPrinted", what: "a private key does not print itself",
			file: "internal/record/certificate.go",
			kept: "func (PrivateKey) String() string       { return redacted }", lost: "func (k PrivateKey) String() string       { return string(k[:]) }",
		},
	}},
}
