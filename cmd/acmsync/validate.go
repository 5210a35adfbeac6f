package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/internal/operate"
	"github.com/acmsync/acmsync/spec"
)

func newValidate(c console) *cobra.Command {
	return &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Check apps.yaml before you push it",
		Long: `Check the desired state in a folder (default: this one). Nothing else is needed:
no settings, no network. Errors are written as file:line:col: message, and the
exit code is 4.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			files, err := operate.Folder(dir)
			if err != nil {
				return fmt.Errorf("%w; run: acmsync validate DIR, with the folder that holds it", err)
			}
			return validate(c, files)
		},
	}
}

func validate(c console, files []spec.File) error {
	apps, domains, faults := 0, 0, 0
	for _, parsed := range spec.Parse(files, spec.Options{}) {
		for _, e := range parsed.Errors {
			faults++
			fmt.Fprintln(c.err, printable(e.Error()))
		}
		apps += len(parsed.Apps)
		for _, app := range parsed.Apps {
			domains += len(app.Domains)
		}
	}
	if faults > 0 {
		return &exitError{code: exitInvalid, err: fmt.Errorf("%s in desired state; nothing of a file with errors would be changed", count(faults, "error"))}
	}
	_, err := fmt.Fprintf(c.out, "ok: %s, %s in %s\n", count(apps, "app"), count(domains, "domain"), count(len(files), "file"))
	return err
}

// count is a number with its noun: 1 app, 2 apps.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
