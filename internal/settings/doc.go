// Package settings reads the operator's file, acmsync.yaml: which repository
// to follow, which CA to ask, what domains must point at, and where
// certificates go.
//
// One table (fields.go) names every setting once, by its dotted key; the file,
// the environment and the command line are three ways to fill that table, each
// overriding the one before:
//
//	acme:
//	  accountKeyFile: account.pem       in acmsync.yaml
//	ACMSYNC_ACME_ACCOUNT_KEY_FILE=…     in the environment, see [EnvName]
//	acme.accountKeyFile                 in [Source.Flags]
//
// Lists are separated by commas in the environment and on the command line;
// the list of deploy targets can only be given in the file. Relative paths
// start at the folder of the file they stand in, and at the working directory
// when they come from the environment or the command line.
//
// A mistake costs one round: every error of the file is reported at once, with
// its place, before anything is asked of the network. The operator's file may
// name commands and credentials, which the repository never may; that is why a
// settings file lying inside a checkout of that repository is not trusted (see
// [InsideCheckout]).
package settings
