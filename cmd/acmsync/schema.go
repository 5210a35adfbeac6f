package main

import (
	"github.com/spf13/cobra"

	"github.com/acmsync/acmsync/spec"
)

func newSchema(c console) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of apps.yaml, for editors",
		Long: `Print the JSON Schema of apps.yaml and apps/*.yaml (draft 2020-12). Save it and
name it in the first line of the file, and editors complete and check as you type:

  # yaml-language-server: $schema=./acmsync.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := c.out.Write(spec.Schema())
			return err
		},
	}
}
