package arch_test

// guards are what docs/security.md says of those who are not let in.
var guards = []promise{
	{"Nothing is opened to an address inside on a stranger's word.", []proof{
		{
			test: "verify TestNoWayInside", what: "the blocks of the special-purpose registries are not public",
			file: "internal/record/public.go", kept: "return !within(addr, special)", lost: "return true",
		},
		{
			test: "verify TestGuardExceptions", what: "an address in another's spelling is not public",
			file: "internal/record/public.go", kept: ", addr.Is4In6():", lost: ":",
		},
		{
			test: "verify TestDialIsGuarded", what: "the socket itself is looked at",
			file: "verify/dialer.go", kept: "if !d.named {", lost: "if false {",
		},
		{
			test: "verify TestProbeRedirects", what: "a redirect leads to public hosts only, by their form",
			file: "verify/redirect.go", kept: "refused != nil {", lost: "refused != nil && false {",
		},
		{
			test: "issue TestNothingIsSentInPlain", what: "a CA leads to https only",
			file: "issue/session.go", kept: `if req.URL.Scheme != "https" || req.URL.User != nil {`, lost: "if false {",
		},
	}},
	{"What strangers write is shown as text, and does nothing.", []proof{
		{
			test: "cmd/acmsync TestHostileText", what: "characters that steer are taken out",
			file: "internal/record/text.go", kept: "\tdefault:\n\t\treturn -1\n", lost: "\tdefault:\n\t\treturn r\n",
		},
		{
			test: "cmd/acmsync TestHostileText", what: "markup of Markdown and HTML is escaped",
			file: "internal/status/escape.go", kept: "return markup.Replace(record.Clean(s, maxText))", lost: "return record.Clean(s, maxText)",
		},
		{
			test: "internal/deploy TestHookLearnsWhatChangedAndNothingElse", what: "a hook's environment is made anew",
			file: "internal/deploy/command.go", kept: `env := []string{"PATH=" + path,`, lost: `env := []string{"OURS=" + strings.Join(os.Environ(), " "), "PATH=" + path,`,
		},
	}},
	{"Other users of the host neither read keys nor choose what is served.", []proof{
		{
			test: "cmd/acmsync TestModes", what: "deployed keys are their owner's alone",
			file: "internal/deploy/pair.go", kept: "{privkeyFile, f.privkey, 0o600}", lost: "{privkeyFile, f.privkey, 0o644}",
		},
		{
			test: "cmd/acmsync TestModes", what: "the database is made private before SQLite makes it",
			file: "internal/store/store.go", kept: "prepareFile(path)", lost: "error(nil)",
		},
		{
			test: "cmd/acmsync TestModes", what: "modes do not depend on the umask",
			file: "internal/deploy/disk.go", kept: "errors.Join(f.Chmod(mode), ", lost: "errors.Join(",
		},
		{
			test: "internal/deploy TestPlantedPlaces", what: "folders that others may have planted are refused",
			file: "internal/deploy/files.go", kept: "if err := f.checkPlace(folder); err != nil {", lost: "if err := f.checkPlace(folder); err != nil && false {",
		},
		{
			test: "internal/deploy TestAPlantedPairIsNotAdopted", what: "a link that leads elsewhere is not ours",
			file: "internal/deploy/version.go", kept: "if err := checkLink(link, to); err != nil {", lost: "if err := checkLink(link, to); err != nil && false {",
		},
		{
			test: "internal/store TestOpenRefusesAFolderBelowAnExposedOne", what: "a state folder that others can replace is refused",
			file: "internal/store/folder.go", kept: "return checkAbove(resolved(dir))", lost: "return nil",
		},
		{
			test: "internal/settings TestAnAccountKeyThatOthersCanReplace", what: "an account key that others can replace is refused",
			file: "internal/settings/exposed.go", kept: "mode&writableByOthers != 0 {", lost: "mode&writableByOthers != 0 && false {",
		},
	}},
	{"No app takes another's name or certificate, and with `policy.verifyOwnership` none gets a certificate that the owner of the domain did not want it to have.", []proof{
		{
			test: "reconcile TestNoNameIsStolen", what: "the app that holds a name keeps it for as long as it asks for it",
			file: "reconcile/claims.go", kept: "return c.app.Name == row.App })", lost: "return false })",
		},
		{
			test: "reconcile TestNoNameMovesWhileAFileIsRefused", what: "no name passes on while a file is refused that may ask for it",
			file: "reconcile/claims.go", kept: "case alone && known.Refused && held(row):", lost: "case false:",
		},
		{
			test: "reconcile TestAHeldRemovalGivesNothingAway", what: "nor while its removal is held",
			file: "reconcile/claims.go", kept: "case alone && row.Held &&", lost: "case false &&",
		},
		{
			test: "reconcile TestUnaskedIsNoFailure", what: "without a proof nothing is ordered, also where nobody answers",
			file: "reconcile/decide.go", kept: "\t\t{\"whose name it is must have been heard\", (*view).unheard},\n", lost: "",
		},
		{
			test: "reconcile TestAMovedNameIsProvedAnew", what: "a proof is the app's that it was given for",
			file: "reconcile/ownership.go", kept: "p.Platform.VerifyOwnership && d.Proven.App != d.App", lost: "p.Platform.VerifyOwnership && d.Proven.App == \"\"",
		},
		{
			test: "internal/diagnose TestExplain", what: "what stands behind an alias does not count",
			file: "internal/diagnose/ownership.go", kept: "if t.Alias != \"\" {\n\t\t\tcontinue", lost: "if false {\n\t\t\tcontinue",
		},
		{
			test: "verify TestOwnership", what: "nor what an answer holds of other names",
			file: "verify/ownership.go", kept: "if dns.CanonicalName(rr.Header().Name) != dns.CanonicalName(name) {", lost: "if false {",
		},
		{
			test: "internal/record TestProofs", what: "a proof is for one platform, app and domain",
			file: "internal/record/ownership.go", kept: `+ p.Thumbprint + "\n" + app + "\n" + domain))`, lost: `+ app))`,
		},
	}},
	{"Every secret stays where it belongs.", []proof{
		{
			test: "cmd/acmsync TestCanary", what: "a pair is written beside its place, never in the folder for temporary files",
			file: "internal/deploy/disk.go", kept: "return os.MkdirTemp(dir, pattern)", lost: "return os.MkdirTemp(\"\", pattern)",
		},
		{
			test: "cmd/acmsync TestCanary", what: "what a DNS service says is not quoted",
			file: "internal/challenge/httpreq.go", kept: "the service answers %d\", verb, h.endpoint.Host, resp.StatusCode)", lost: "the service answers %d %s\", verb, h.endpoint.Host, resp.StatusCode, h.password)",
		},
		{
			test: "internal/settings TestSecretsThatAllCanRead", what: "a file with a secret that all can read is warned of",
			file: "internal/settings/exposed.go", kept: "mode&readableByAll != 0 {\n\t\tl.warn(p, key,", lost: "mode&readableByAll != 0 && false {\n\t\tl.warn(p, key,",
		},
	}},
	{"Where signers are listed, nobody else changes what is desired.", []proof{
		{
			test: "internal/gitrepo TestTrailOfForgeries", what: "a signature fits its commit",
			file: "internal/signature/judge.go", kept: "made.HashAlgorithm, namespace); err != nil {", lost: "made.HashAlgorithm, namespace); err != nil && false {",
		},
		{
			test: "internal/gitrepo TestTrailOfForgeries", what: "and was made for git",
			file: "internal/signature/judge.go", kept: "if made.Namespace != namespace {", lost: "if false {",
		},
		{
			test: "internal/gitrepo TestWhatIsReadIsWhatWasSigned", what: "a commit is read as it was signed",
			file: "internal/gitrepo/signed.go", kept: "if err == nil && !s.is(c) {", lost: "if false {",
		},
		{
			test: "internal/gitrepo TestTrailOfMerges", what: "a merge is held against each parent",
			file: "internal/gitrepo/trail.go", kept: "range c.ParentHashes {", lost: "range c.ParentHashes[:min(1, len(c.ParentHashes))] {",
		},
		{
			test: "internal/gitrepo TestMissingCommitsAreNotSettled", what: "a commit that a server leaves out is not settled",
			file: "internal/gitrepo/stretch.go", kept: "s.gaps = true\n", lost: "\n",
		},
		{
			test: "internal/controller TestSetBackBranchIsHeld", what: "what is older than what was accepted is held",
			file: "reconcile/vouch.go", kept: "\tcase !t.Leads:\n", lost: "\tcase false:\n",
		},
		{
			test: "internal/controller TestUnvouchedPushesAreHeld", what: "of what is held nothing is taken",
			file: "internal/controller/pull.go", kept: "if len(r.held) > 0 {\n\t\treturn asAccepted", lost: "if false {\n\t\treturn asAccepted",
		},
		{
			test: "internal/controller TestCertificateLaidInWait", what: "a certificate that nobody vouched for is not taken by being named",
			file: "reconcile/vouch.go", kept: "range t.Fresh {", lost: "range t.Fresh[:0] {",
		},
		{
			test: "internal/settings TestSignersAreTheOperators", what: "the list does not come from the repository",
			file: "internal/settings/checkout.go", kept: "\tl.signers()\n", lost: "",
		},
	}},
}
