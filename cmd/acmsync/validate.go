package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/spec"
)

func newValidate(c console) *cobra.Command {
	return &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Check apps.yaml before you push it",
		Long: `Check the desired state in a folder (default: this one). Nothing else is needed:
no settings, no network. Certificates that it names are looked at too, but for
what takes the operator's identity to see. Errors are written as file:line:col:
message, and the exit code is 4.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			files, err := operate.FolderWithCertificates(dir)
			switch {
			case errors.Is(err, operate.ErrNoDesired), errors.Is(err, operate.ErrNoFolder):
				return fmt.Errorf("%w; run: acmsync validate DIR, with the folder that holds apps.yaml or apps/", err)
			case err != nil:
				return err
			}
			return validate(c, files)
		},
	}
}

func validate(c console, files []spec.File) error {
	desired := slices.DeleteFunc(slices.Clone(files), func(f spec.File) bool { return !spec.IsDesired(f.Path) })
	apps, domains, faults := 0, 0, 0
	for _, parsed := range spec.Parse(desired, spec.Options{}) {
		faults += list(c, "", parsed.Errors)
		apps += len(parsed.Apps)
		for _, app := range parsed.Apps {
			domains += len(app.Domains)
		}
	}
	bad, warnings := operate.CheckCertificates(files, time.Now())
	unusable := list(c, "", bad)
	list(c, "warning: ", warnings)
	switch {
	case faults > 0:
		return &exitError{code: exitInvalid, err: fmt.Errorf("%s in desired state; nothing of a file with errors would be changed", count(faults, "error"))}
	case unusable > 0:
		return &exitError{code: exitInvalid, err: fmt.Errorf("%s in certificates of your own; what is in use now would stay until it is mended", count(unusable, "error"))}
	}
	_, err := fmt.Fprintf(c.out, "ok: %s, %s in %s\n", count(apps, "app"), count(domains, "domain"), count(len(desired), "file"))
	return err
}

// list writes faults to standard error and counts them.
func list(c console, kind string, faults []spec.Error) int {
	for _, e := range faults {
		fmt.Fprintln(c.err, kind+printable(e.Error()))
	}
	return len(faults)
}

// count is a number with its noun: 1 app, 2 apps.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
