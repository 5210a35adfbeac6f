package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// later are the commands that a coming release brings, each with what does its
// work until then. They are there so that whoever read about them learns that,
// and not that there is no such command.
var later = []struct{ name, instead string }{
	{"import", ""},
	{"export", "deploy targets hold every certificate as PEM files"},
	{"edge", ""},
	{"deploy", "acmsync sync hands certificates to the targets under deploy"},
	{"init", "write acmsync.yaml by hand; acmsync sync says what it lacks"},
	{"store", ""},
	{"notify", ""},
}

// laterFlags are the flags that a coming release brings, by command.
var laterFlags = map[string][]string{
	"sync": {"changed"},
	"plan": {"base"},
}

func addLater(root *cobra.Command) {
	for _, l := range later {
		root.AddCommand(&cobra.Command{
			Use: l.name, Hidden: true, DisableFlagParsing: true,
			RunE: func(*cobra.Command, []string) error { return notYet("acmsync "+l.name, l.instead) },
		})
	}
}

func notYet(what, instead string) error {
	if instead == "" {
		return errors.New(what + " is not in this release; acmsync --help lists what is")
	}
	return fmt.Errorf("%s is not in this release; meanwhile: %s", what, instead)
}

// flagError says what to do about a flag that was not understood.
func flagError(cmd *cobra.Command, err error) error {
	for _, name := range laterFlags[cmd.Name()] {
		if strings.HasSuffix(err.Error(), "unknown flag: --"+name) {
			return notYet("acmsync "+cmd.Name()+" --"+name, "leave it out")
		}
	}
	return fmt.Errorf("%s; %s --help lists the flags", flagText(cmd, err), cmd.CommandPath())
}

// unusable is how the library says that a flag's value cannot be read.
var unusable = regexp.MustCompile(`^invalid argument "(.*)" for "(?:-., )?--([a-z-]+)" flag: `)

// kinds are what values of a type must be.
var kinds = map[string]string{
	"bool":     "must be true or false, or the flag alone",
	"duration": "must be a time with its unit, like 30s or 10m",
}

func flagText(cmd *cobra.Command, err error) string {
	m := unusable.FindStringSubmatch(err.Error())
	if m == nil {
		return err.Error()
	}
	if flag := cmd.Flags().Lookup(m[2]); flag != nil && kinds[flag.Value.Type()] != "" {
		return fmt.Sprintf("--%s %s: %s", m[2], m[1], kinds[flag.Value.Type()])
	}
	return fmt.Sprintf("--%s cannot be %q", m[2], m[1])
}

// noSuchCommand is the complaint about a word that is no command.
func noSuchCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	root.SuggestionsMinimumDistance = 2
	hint := ""
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf(" (did you mean %s?)", near[0])
	}
	return fmt.Errorf("there is no command %q%s; acmsync --help lists them", printable(args[0]), hint)
}

// usage makes the complaint about a command's arguments say what they should
// have been.
func usage(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		return
	}
	if !cmd.Runnable() { // a word that is none of its subcommands
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if check(cmd, args) == nil {
			return nil
		}
		return fmt.Errorf("that is not how %s is called; usage: %s", cmd.CommandPath(), cmd.UseLine())
	}
}
